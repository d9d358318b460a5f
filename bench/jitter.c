/* jitter: how much landmarks shake, and what smoothing makes of it.
 *
 *     jitter CLIP FOLDER-OF-MODELS [KEY=VALUE]...
 *
 * Follows the faces of a clip as a swap would and prints JSON. With x the place of a landmark,
 *
 *     jitter_px   root mean square of (x[n-1] − 2x[n] + x[n+1]) / √6 over frames and landmarks: the
 *                 deviation of noise that is white in time; steady motion does not count
 *     rest_px     the same where the face as a whole moves less than 1/200 of its radius a frame
 *     lag_px      root mean square of the distance between the smoothed face's middle and the
 *                 middle over n-2..n+2 of what was marked, which has no lag, where the face moves
 *                 more than 1/50 of its radius a frame
 *
 * for what was marked, for --smooth 2..., and for a plain moving average, which DeepFaceLive's
 * temporal smoothing is. */
#include "base/mem.h"
#include "face/mark.h"
#include "face/similarity.h"
#include "media/media.h"
#include "pipeline/eval.h"
#include "pipeline/settings.h"
#include "pipeline/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FACES = 4, N_FRAMES_MAX = 20000 };

/* The landmarks of one face; n 0 where it was not found. */
struct record {
    struct mface_landmarks *at;
    int n_frames;
};

struct models {
    struct mface_detector *detector;
    struct mface_marker *marker;
};

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "jitter: %s\n", what);
    exit(1);
}

static enum mface_status detect(void *user, const struct mface_picture *picture,
    const struct mface_detect_params *params, struct mface_box *boxes, int *n_boxes)
{
    return mface_detector_run(((struct models *)user)->detector, picture, params, boxes, n_boxes);
}

static struct mface_look look_at(void *user, const struct mface_box *box)
{
    return mface_marker_look_at(((struct models *)user)->marker, box);
}

static bool look_again(void *user, const struct mface_landmarks *landmarks, struct mface_look *look)
{
    return mface_marker_look_again(((struct models *)user)->marker, landmarks, look);
}

static enum mface_status mark(void *user, const struct mface_picture *picture,
    const struct mface_look *look, struct mface_landmarks *landmarks)
{
    return mface_marker_run(((struct models *)user)->marker, picture, look, landmarks);
}

static void open_models(struct models *models, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/ssd_mobilenetv1.onnx", folder);
    check(mface_detector_open(path, 1, &models->detector) == MFACE_OK, "no detector");
    snprintf(path, sizeof path, "%s/face_landmark_68.onnx", folder);
    check(mface_marker_open(path, 1, &models->marker) == MFACE_OK, "no marker");
}

static void follow_clip(struct mface_engine *engine, const char *path, struct record *records)
{
    const struct mface_reader_params params = { .url = path };
    struct mface_reader *reader;
    struct mface_frame *frame;
    struct mface_tracks tracks = { 0 };
    struct mface_eval *eval;
    check(mface_reader_open(&params, &reader) == MFACE_OK, "cannot read the clip");
    check(mface_eval_create(&eval) == MFACE_OK, "out of memory");
    for (int n = 0; n < N_FRAMES_MAX && mface_reader_read(reader, &frame) == MFACE_OK; n++) {
        struct mface_canvas canvas = { .picture = mface_frame_picture(frame),
            .key = mface_frame_key(frame) };
        mface_eval_begin(eval, engine, &canvas);
        mface_eval_find(eval, &tracks);
        for (int i = 0; i < N_FACES; i++) {
            struct record *record = &records[i];
            record->at[n].n = 0;
            if (i < tracks.n)
                record->at[n] = tracks.face[i].marked;
            record->n_frames = n + 1;
        }
        mface_frame_unref(&frame);
    }
    mface_tracks_clear(&tracks);
    mface_eval_free(&eval);
    mface_reader_close(&reader);
}

/* Whether frames a..b all have the face. */
static bool is_there(const struct record *record, int a, int b)
{
    if (a < 0 || b >= record->n_frames)
        return false;
    for (int i = a; i <= b; i++)
        if (record->at[i].n == 0)
            return false;
    return true;
}

/* Of the face's radius, a frame, over the two frames before and after. */
static double speed_at(const struct record *record, int n)
{
    const struct mface_landmarks *a = &record->at[n - 2], *b = &record->at[n + 2];
    const struct mface_cloud from = mface_cloud_of(a->p, a->n), to = mface_cloud_of(b->p, b->n);
    return hypot(to.x - from.x, to.y - from.y) / 4 / to.radius;
}

struct figures {
    double jitter, rest, lag;
    int n, n_rest, n_lag;
};

static double jerk_at(const struct record *record, int n)
{
    double sum = 0;
    for (int i = 0; i < record->at[n].n; i++) {
        const struct mface_point a = record->at[n - 1].p[i], b = record->at[n].p[i],
                                 c = record->at[n + 1].p[i];
        const double x = a.x - 2.0 * b.x + c.x, y = a.y - 2.0 * b.y + c.y;
        sum += (x * x + y * y) / 6;
    }
    return sum / record->at[n].n;
}

static double lag_at(const struct record *marked, const struct record *smooth, int n)
{
    const struct mface_cloud is = mface_cloud_of(smooth->at[n].p, smooth->at[n].n);
    double x = 0, y = 0;
    for (int i = n - 2; i <= n + 2; i++) {
        const struct mface_cloud c = mface_cloud_of(marked->at[i].p, marked->at[i].n);
        x += c.x / 5, y += c.y / 5;
    }
    return (is.x - x) * (is.x - x) + (is.y - y) * (is.y - y);
}

static void add_figures(
    const struct record *marked, const struct record *smooth, struct figures *figures)
{
    for (int n = 0; n < marked->n_frames; n++) {
        if (!is_there(marked, n - 2, n + 2))
            continue;
        const double jerk = jerk_at(smooth, n), speed = speed_at(marked, n);
        figures->jitter += jerk, figures->n++;
        if (speed < 1 / 200.0)
            figures->rest += jerk, figures->n_rest++;
        if (speed > 1 / 50.0)
            figures->lag += lag_at(marked, smooth, n), figures->n_lag++;
    }
}

static void smooth_record(const struct record *marked, int strength, struct record *smooth)
{
    struct mface_motion motion = { 0 };
    for (int n = 0; n < marked->n_frames; n++) {
        smooth->at[n] = (struct mface_landmarks) { 0 };
        if (marked->at[n].n == 0)
            continue;
        if (n > 0)
            smooth->at[n] = smooth->at[n - 1];
        const struct mface_landmarks *before = n > 0 ? &marked->at[n - 1] : &marked->at[n];
        mface_smooth_step(strength, before, &marked->at[n], &motion, &smooth->at[n]);
    }
}

static void average_record(const struct record *marked, int n_mean, struct record *mean)
{
    for (int n = 0; n < marked->n_frames; n++) {
        mean->at[n] = marked->at[n];
        int first = n;
        while (first > 0 && n - first + 1 < n_mean && marked->at[first - 1].n > 0)
            first--;
        for (int i = 0; i < marked->at[n].n; i++) {
            double x = 0, y = 0;
            for (int k = first; k <= n; k++)
                x += marked->at[k].p[i].x, y += marked->at[k].p[i].y;
            mean->at[n].p[i] =
                (struct mface_point) { (float)(x / (n - first + 1)), (float)(y / (n - first + 1)) };
        }
    }
}

typedef void (*filter)(const struct record *marked, int strength, struct record *out);

static void print_figures(
    const char *name, int strength, filter run, const struct record *records, struct record *room)
{
    struct figures f = { 0 };
    for (int i = 0; i < N_FACES; i++) {
        run(&records[i], strength, room);
        add_figures(&records[i], room, &f);
    }
    printf("%s{\"filter\":\"%s\",\"strength\":%d,\"jitter_px\":%.3f,\"rest_px\":%.3f,"
           "\"lag_px\":%.3f,\"frames\":%d,\"frames_at_rest\":%d,\"frames_moving\":%d}",
        strength == 1 ? "" : ",\n ", name, strength, sqrt(f.jitter / (f.n ? f.n : 1)),
        sqrt(f.rest / (f.n_rest ? f.n_rest : 1)), sqrt(f.lag / (f.n_lag ? f.n_lag : 1)), f.n,
        f.n_rest, f.n_lag);
}

static void set(struct mface_settings *settings, const char *pair)
{
    char key[64];
    const char *equals = strchr(pair, '=');
    check(equals && (size_t)(equals - pair) < sizeof key, "settings are KEY=VALUE");
    memcpy(key, pair, (size_t)(equals - pair));
    key[equals - pair] = '\0';
    check(mface_settings_set(settings, key, equals + 1) == MFACE_OK, pair);
}

int main(int argc, char **argv)
{
    check(argc >= 3, "usage: jitter CLIP FOLDER-OF-MODELS [KEY=VALUE]...");
    static struct mface_tally tally;
    struct mface_settings settings;
    struct models models;
    struct mface_engine *engine;
    struct record records[N_FACES + 1] = { 0 };
    mface_settings_init(&settings);
    settings.max_faces = N_FACES;
    settings.swap_all_faces = true;
    for (int i = 3; i < argc; i++)
        set(&settings, argv[i]);
    open_models(&models, argv[2]);
    const struct mface_engine_models calls = { .user = &models,
        .detect = detect,
        .look_at = look_at,
        .look_again = look_again,
        .mark = mark };
    const struct mface_engine_params params = {
        .settings = &settings, .models = &calls, .tally = &tally
    };
    check(mface_engine_create(&params, &engine) == MFACE_OK, "out of memory");
    for (int i = 0; i <= N_FACES; i++) {
        records[i].at = mface_mem_calloc(N_FRAMES_MAX, sizeof *records[i].at);
        check(records[i].at, "out of memory");
    }
    follow_clip(engine, argv[1], records);
    printf("{\"frames\":%d,\"detections\":%lld,\"looks\":%lld,\"filters\":[\n ",
        records[0].n_frames, (long long)mface_counter_get(&tally.stage[MFACE_STAGE_DETECT].runs.n),
        (long long)mface_counter_get(&tally.stage[MFACE_STAGE_MARK].runs.n));
    static const int strengths[] = { 1, 2, 3, 5, 8, 15, 50 };
    for (size_t i = 0; i < sizeof strengths / sizeof strengths[0]; i++)
        print_figures("memoface", strengths[i], smooth_record, records, &records[N_FACES]);
    for (size_t i = 1; i < sizeof strengths / sizeof strengths[0]; i++)
        print_figures("moving average", strengths[i], average_record, records, &records[N_FACES]);
    printf("]}\n");
    for (int i = 0; i <= N_FACES; i++)
        mface_mem_free(records[i].at);
    mface_engine_free(&engine);
    mface_detector_free(&models.detector);
    mface_marker_free(&models.marker);
    return 0;
}
