/* Finding the faces of a frame with what is known from the frame before.
 *
 * The state is a pure function: what a frame leaves to the next depends on what the one before left
 * to it and on its pixels, so output is the same whatever is cached and on however many threads. A
 * face is followed by its landmarks: the marker looks where they were, and where they are now is
 * known without a detector. That one is asked
 *
 *   - at the first frame and at a cut, where all that was known is forgotten;
 *   - when a face was lost;
 *   - in key frames, one in `detect-every`, and at the latest after twice as many. Key frames are
 *     chosen by a frame's own hash, not by counting: a clip that comes again then has them in the
 *     same places whatever came before it, and frames that need the detector are known early, so
 *     that several are looked through at once;
 *   - more often while there is none, or fewer faces than are wanted.
 *
 * A frame that equals the one before leaves everything as it is. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/eval.h"
#include "pipeline/settings.h"

#include <string.h>

/* Faces that must be known: all that are kept, or as many as it takes to know which is meant. */
static int n_wanted(const struct mface_settings *settings)
{
    const int n_kept = settings->max_faces > 0 ? settings->max_faces : MFACE_FACES_MAX;
    if (settings->swap_all_faces || settings->face_id >= n_kept)
        return n_kept;
    return settings->face_id + 1;
}

static int detect_interval(const struct mface_settings *settings, const struct mface_tracks *tracks)
{
    const int every = settings->detect_every;
    const int interval = tracks->n == 0                   ? every / 10
                         : tracks->n < n_wanted(settings) ? every / 2
                                                          : every;
    return interval > 1 ? interval : 1;
}

static bool is_detection_due(const struct mface_eval *eval, const struct mface_tracks *tracks)
{
    const int interval = detect_interval(eval->engine->settings, tracks);
    return eval->has_boxes || eval->canvas->key.lo % (uint64_t)interval == 0 ||
           tracks->n_since + 1 >= 2 * interval;
}

/* Marks every face where it was. *is_lost: one of them is not there. */
static enum mface_status follow_faces(
    struct mface_eval *eval, struct mface_tracks *tracks, bool *is_lost)
{
    const struct mface_engine_models *models = &eval->engine->models;
    *is_lost = false;
    for (int i = 0; i < tracks->n && !*is_lost; i++) {
        struct mface_track *track = &tracks->face[i];
        struct mface_landmarks marked;
        struct mface_look look;
        *is_lost = !models->look_again(models->user, &track->marked, &look);
        if (*is_lost)
            break;
        MFACE_TRY(mface_eval_mark(eval, &look, &marked, &track->mark_key));
        *is_lost = !mface_track_follow(track, &eval->canvas->picture, &marked);
    }
    return MFACE_OK;
}

/* The boxes of the frame's faces, sorted, those of known faces first; by[i]: which one it is. */
static int order_boxes(struct mface_eval *eval, const struct mface_tracks *tracks, int *by)
{
    const struct mface_settings *settings = eval->engine->settings;
    const struct mface_picture *picture = &eval->canvas->picture;
    struct mface_boxes_record *boxes = &eval->boxes;
    const int64_t start_us = mface_time_us();
    const enum mface_sort sort = (enum mface_sort)settings->sort;
    (void)mface_boxes_select(boxes->box, boxes->n, sort, 0, picture->w, picture->h);
    mface_track_order(tracks, sort, boxes->box, boxes->n, by);
    mface_tally_run(eval->engine->tally, MFACE_STAGE_SELECT, mface_time_us() - start_us);
    return boxes->n < n_wanted(settings) ? boxes->n : n_wanted(settings);
}

/* Marks a face that was detected; what is known of it so far stays. */
static enum mface_status begin_face(
    struct mface_eval *eval, const struct mface_box *box, struct mface_track *track)
{
    const struct mface_engine_models *models = &eval->engine->models;
    const struct mface_look look = models->look_at(models->user, box);
    struct mface_landmarks marked;
    MFACE_TRY(mface_eval_mark(eval, &look, &marked, &track->mark_key));
    mface_track_begin(track, &eval->canvas->picture, box, &marked);
    return MFACE_OK;
}

static enum mface_status detect_faces(struct mface_eval *eval, struct mface_tracks *tracks)
{
    int by[MFACE_FACES_MAX];
    MFACE_TRY(mface_eval_detect(eval));
    const int n = order_boxes(eval, tracks, by);
    MFACE_TRY(mface_tracks_reserve(tracks, n));
    for (int i = 0; i < n; i++) {
        struct mface_track *track = &tracks->spare[i];
        if (by[i] >= 0)
            *track = tracks->face[by[i]];
        else
            memset(track, 0, sizeof *track);
        MFACE_TRY(begin_face(eval, &eval->boxes.box[i], track));
    }
    struct mface_track *before = tracks->face;
    tracks->face = tracks->spare;
    tracks->spare = before;
    tracks->n = n;
    tracks->n_since = 0;
    return MFACE_OK;
}

static void smooth_faces(const struct mface_eval *eval, struct mface_tracks *tracks)
{
    for (int i = 0; i < tracks->n; i++) {
        struct mface_track *track = &tracks->face[i];
        mface_smooth_step(eval->engine->settings->smooth, &track->before, &track->marked,
            &track->motion, &track->landmarks);
        track->before = track->marked;
    }
}

static enum mface_status update_tracks(struct mface_eval *eval, struct mface_tracks *tracks)
{
    uint8_t glance[sizeof tracks->glance];
    mface_track_glance(&eval->canvas->picture, glance);
    const bool is_new = !tracks->is_known || mface_track_is_cut(tracks->glance, glance);
    bool is_due = is_new || is_detection_due(eval, tracks);
    if (is_new)
        tracks->n = 0;
    if (!is_due)
        MFACE_TRY(follow_faces(eval, tracks, &is_due));
    tracks->n_since++;
    if (is_due)
        MFACE_TRY(detect_faces(eval, tracks));
    smooth_faces(eval, tracks);
    memcpy(tracks->glance, glance, sizeof glance);
    tracks->frame = eval->canvas->key;
    tracks->is_known = true;
    return MFACE_OK;
}

static void place_face(struct mface_eval *eval, const struct mface_track *track)
{
    struct mface_face *face = &eval->faces[eval->n_faces++];
    memset(face, 0, sizeof *face);
    face->eval = eval;
    face->box = track->box;
    face->landmarks = track->landmarks;
    face->landmarks_id = mface_landmarks_id(&track->landmarks);
    face->mark_key = track->mark_key;
}

static enum mface_status reserve_faces(struct mface_eval *eval, int n)
{
    if (n <= eval->capacity)
        return MFACE_OK;
    struct mface_face *faces = mface_mem_calloc((size_t)n, sizeof *faces);
    if (!faces)
        return mface_fail_nomem("faces");
    mface_mem_free(eval->faces);
    eval->faces = faces;
    eval->capacity = n;
    return MFACE_OK;
}

/* Those of the known faces that are to be swapped. */
static enum mface_status place_faces(struct mface_eval *eval, const struct mface_tracks *tracks)
{
    const struct mface_settings *settings = eval->engine->settings;
    MFACE_TRY(reserve_faces(eval, tracks->n));
    for (int i = 0; i < tracks->n; i++)
        if (settings->swap_all_faces || i == settings->face_id)
            place_face(eval, &tracks->face[i]);
    return MFACE_OK;
}

enum mface_status mface_eval_follow(struct mface_eval *eval, struct mface_tracks *tracks)
{
    const int64_t start_ns = mface_time_ns(), child_ns = eval->demander.child_ns;
    const bool is_held = tracks->is_known && mface_key_equal(tracks->frame, eval->canvas->key);
    if (!is_held)
        MFACE_TRY(update_tracks(eval, tracks));
    MFACE_TRY(place_faces(eval, tracks));
    const int64_t own_ns = mface_time_ns() - start_ns - (eval->demander.child_ns - child_ns);
    mface_tally_run(eval->engine->tally, MFACE_STAGE_TRACK, own_ns / 1000);
    return MFACE_OK;
}
