/* A landmark network has no score: shown a wall, it says where the eyes would be. So a face is held
 * lost by what it does. Between two frames landmarks move as one, nearly: the similarity that takes
 * the old to the new is near the identity and leaves little over. And the face looks as it did: a
 * patch of 16 × 16 luma samples that moves and grows with the landmarks correlates with the one
 * before, whatever the light does. */
#include "face/track.h"

#include "base/log.h"
#include "base/mem.h"
#include "face/boxes.h"
#include "face/reduce.h"
#include "face/similarity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Measured on faces that were followed well (bench/jitter.c, a webcam clip and the demo clip) the
 * worst were 0.12 radii of shift, 4 % of growth, 0.07 of bending and a correlation of 0.93. */
static const double shift_max = 0.8;       // radii of the face
static const double growth_max = 1.3;      // either way
static const double bend_max = 0.2;        // radii: what is left over by the similarity
static const double correlation_min = 0.6; // of the patches
static const double patch_reach = 1.6;     // half its side, radii
static const double cut_difference = 22;   // luma codes, on average
static const float same_face_iou = 0.25F;  // a detected box and a followed one
static const float clearly_larger = 1.5F;  // areas

void mface_tracks_clear(struct mface_tracks *tracks)
{
    mface_mem_free(tracks->face);
    mface_mem_free(tracks->spare);
    *tracks = (struct mface_tracks) { 0 };
}

enum mface_status mface_tracks_reserve(struct mface_tracks *tracks, int n)
{
    if (n <= tracks->capacity)
        return MFACE_OK;
    struct mface_track *face = mface_mem_calloc((size_t)n, sizeof *face);
    struct mface_track *spare = mface_mem_calloc((size_t)n, sizeof *spare);
    if (!face || !spare) {
        mface_mem_free(face);
        mface_mem_free(spare);
        return mface_fail_nomem("faces");
    }
    if (tracks->n > 0)
        memcpy(face, tracks->face, (size_t)tracks->n * sizeof *face);
    mface_mem_free(tracks->face);
    mface_mem_free(tracks->spare);
    tracks->face = face;
    tracks->spare = spare;
    tracks->capacity = n;
    return MFACE_OK;
}

void mface_track_glance(
    const struct mface_picture *picture, uint8_t glance[MFACE_GLANCE_W * MFACE_GLANCE_H])
{
    const double x = (double)picture->w / MFACE_GLANCE_W, y = (double)picture->h / MFACE_GLANCE_H;
    const struct mface_affine place = { { x, 0, x / 2, 0, y, y / 2 } };
    mface_picture_glance(picture, &place, MFACE_GLANCE_W, MFACE_GLANCE_H, glance);
}

bool mface_track_is_cut(const uint8_t a[MFACE_GLANCE_W * MFACE_GLANCE_H],
    const uint8_t b[MFACE_GLANCE_W * MFACE_GLANCE_H])
{
    int sum = 0;
    for (int i = 0; i < MFACE_GLANCE_W * MFACE_GLANCE_H; i++)
        sum += abs(a[i] - b[i]);
    return sum > cut_difference * MFACE_GLANCE_W * MFACE_GLANCE_H;
}

/* Upright whatever the face does: from one frame to the next it hardly turns. */
static void take_patch(const struct mface_picture *picture, const struct mface_cloud *cloud,
    uint8_t patch[MFACE_PATCH_SIDE * MFACE_PATCH_SIDE])
{
    const double step = 2 * patch_reach * cloud->radius / MFACE_PATCH_SIDE;
    const double back = step * (MFACE_PATCH_SIDE - 1) / 2;
    const struct mface_affine place = { { step, 0, cloud->x - back, 0, step, cloud->y - back } };
    mface_picture_glance(picture, &place, MFACE_PATCH_SIDE, MFACE_PATCH_SIDE, patch);
}

/* Pearson's; 1 for patches without any detail, which tell nothing. */
static double correlation(const uint8_t *a, const uint8_t *b, int n)
{
    double sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
    for (int i = 0; i < n; i++) {
        sum_a += a[i], sum_b += b[i];
        sum_aa += a[i] * a[i], sum_bb += b[i] * b[i], sum_ab += a[i] * b[i];
    }
    const double var_a = sum_aa - sum_a * sum_a / n, var_b = sum_bb - sum_b * sum_b / n;
    const double least = 4.0 * n; // a deviation of two codes
    if (var_a < least || var_b < least)
        return var_a < least && var_b < least ? 1 : 0;
    return (sum_ab - sum_a * sum_b / n) / sqrt(var_a * var_b);
}

static bool moves_like_a_face(
    const struct mface_landmarks *from, const struct mface_landmarks *to, struct mface_affine *map)
{
    const struct mface_cloud before = mface_cloud_of(from->p, from->n);
    const struct mface_cloud after = mface_cloud_of(to->p, to->n);
    if (from->n != to->n || !mface_similarity_fit(from->p, to->p, to->n, map))
        return false;
    const double growth = hypot(map->m[0], map->m[3]);
    const double bend = mface_similarity_residual(from->p, to->p, to->n, map);
    return hypot(after.x - before.x, after.y - before.y) <= shift_max * before.radius &&
           growth <= growth_max && growth * growth_max >= 1 && bend <= bend_max * after.radius;
}

/* A face whose middle left the frame is gone. */
static bool is_inside(const struct mface_cloud *cloud, const struct mface_picture *picture)
{
    return cloud->x > 0 && cloud->y > 0 && cloud->x < picture->w && cloud->y < picture->h;
}

/* Moves with the face, but does not turn. */
static struct mface_box moved_box(const struct mface_box *box, const struct mface_affine *map)
{
    const struct mface_point middle = { (box->l + box->r) / 2, (box->t + box->b) / 2 };
    const struct mface_point to = mface_affine_apply(map, middle);
    const float scale = (float)hypot(map->m[0], map->m[3]) / 2;
    const float half_w = scale * (box->r - box->l), half_h = scale * (box->b - box->t);
    return (struct mface_box) { to.x - half_w, to.y - half_h, to.x + half_w, to.y + half_h,
        box->score };
}

bool mface_track_follow(struct mface_track *track, const struct mface_picture *picture,
    const struct mface_landmarks *marked)
{
    struct mface_affine map;
    uint8_t patch[sizeof track->patch];
    if (!moves_like_a_face(&track->marked, marked, &map))
        return false;
    const struct mface_cloud cloud = mface_cloud_of(marked->p, marked->n);
    if (!is_inside(&cloud, picture))
        return false;
    take_patch(picture, &cloud, patch);
    if (correlation(track->patch, patch, (int)sizeof patch) < correlation_min)
        return false;
    track->box = moved_box(&track->box, &map);
    track->marked = *marked;
    memcpy(track->patch, patch, sizeof patch);
    return true;
}

void mface_track_begin(struct mface_track *track, const struct mface_picture *picture,
    const struct mface_box *box, const struct mface_landmarks *marked)
{
    const struct mface_cloud cloud = mface_cloud_of(marked->p, marked->n);
    track->box = *box;
    track->marked = *marked;
    take_patch(picture, &cloud, track->patch);
}

static float area_of(const struct mface_box *box)
{
    return (box->r - box->l) * (box->b - box->t);
}

static void move_to_front(struct mface_box *boxes, int *by, int from, int to, int track)
{
    const struct mface_box box = boxes[from];
    memmove(boxes + to + 1, boxes + to, (size_t)(from - to) * sizeof *boxes);
    memmove(by + to + 1, by + to, (size_t)(from - to) * sizeof *by);
    boxes[to] = box;
    by[to] = track;
}

static void let_larger_pass(struct mface_box *boxes, int n_boxes, int *by)
{
    for (int i = 1; i < n_boxes; i++)
        for (int k = i; k > 0 && area_of(&boxes[k]) > clearly_larger * area_of(&boxes[k - 1]); k--)
            move_to_front(boxes, by, k, k - 1, by[k]);
}

void mface_track_order(const struct mface_tracks *tracks, enum mface_sort sort,
    struct mface_box *boxes, int n_boxes, int *by)
{
    int n_kept = 0;
    for (int i = 0; i < n_boxes; i++)
        by[i] = -1;
    for (int t = 0; t < tracks->n; t++) {
        int best = -1;
        float best_iou = same_face_iou;
        for (int i = n_kept; i < n_boxes; i++) {
            const float iou = mface_box_iou(&tracks->face[t].box, &boxes[i]);
            if (iou > best_iou)
                best = i, best_iou = iou;
        }
        if (best >= 0)
            move_to_front(boxes, by, best, n_kept++, t);
    }
    if (sort == MFACE_SORT_LARGEST)
        let_larger_pass(boxes, n_boxes, by);
}
