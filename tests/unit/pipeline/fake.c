#include "fake.h"

#include "base/hash.h"

#include <math.h>
#include <string.h>
#include <time.h>

void fake_frame_init(struct fake_frame *frame, unsigned seed)
{
    memset(frame, 0, sizeof *frame);
    for (int y = 0; y < FAKE_H; y++)
        for (int x = 0; x < FAKE_W; x++)
            frame->luma[y][x] =
                (uint8_t)(16 + (x * 3 + y * 5 + (x * y >> 4) + (int)seed * 37) % 219);
    for (int i = 0; i < 2; i++)
        for (int y = 0; y < (FAKE_H + 1) / 2; y++)
            for (int x = 0; x < (FAKE_W + 1) / 2; x++)
                frame->chroma[i][y][x] = (uint8_t)(100 + (x + 2 * y + 11 * i + (int)seed * 5) % 56);
}

bool fake_frame_equal(const struct fake_frame *a, const struct fake_frame *b)
{
    return memcmp(a->luma, b->luma, sizeof a->luma) == 0 &&
           memcmp(a->chroma, b->chroma, sizeof a->chroma) == 0;
}

static struct mface_picture picture_of(struct fake_frame *frame)
{
    const int chroma_w = (FAKE_W + 1) / 2;
    return (struct mface_picture) {
        .data = { frame->luma[0], frame->chroma[0][0], frame->chroma[1][0] },
        .stride = { FAKE_W, chroma_w, chroma_w },
        .w = FAKE_W,
        .h = FAKE_H,
        .model = MFACE_MODEL_YUV,
        .log2_chroma_w = 1,
        .log2_chroma_h = 1,
        .matrix = { 0.2126, 0.0722 },
        .component = { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } },
    };
}

static enum mface_status make_writable(void *user, struct mface_picture *picture)
{
    struct fake_frame *frame = user;
    frame->n_writable++;
    *picture = picture_of(frame);
    return MFACE_OK;
}

struct mface_canvas fake_canvas(struct fake_frame *frame)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_bytes(&hasher, frame->luma, sizeof frame->luma);
    mface_hasher_add_bytes(&hasher, frame->chroma, sizeof frame->chroma);
    return (struct mface_canvas) {
        .picture = picture_of(frame),
        .key = mface_hasher_finish(&hasher),
        .make_writable = make_writable,
        .user = frame,
    };
}

/* Faces 30 px wide, near enough to each other that their regions overlap. */
static enum mface_status detect(void *user, const struct mface_picture *picture,
    const struct mface_detect_params *params, struct mface_box *boxes, int *n_boxes)
{
    struct fake_models *models = user;
    (void)picture, (void)params;
    atomic_fetch_add(&models->n_detect, 1);
    for (int i = 0; i < models->n_faces; i++)
        boxes[i] = (struct mface_box) { 40 + 25.0f * i, 40, 70 + 25.0f * i, 75 - i, 0.9f };
    *n_boxes = models->n_faces;
    return MFACE_OK;
}

static struct mface_look look_at(void *user, const struct mface_box *box)
{
    (void)user;
    return (struct mface_look) {
        .x = (box->l + box->r) / 2, .y = (box->t + box->b) / 2, .side = box->r - box->l
    };
}

static bool look_again(void *user, const struct mface_landmarks *landmarks, struct mface_look *look)
{
    (void)user;
    const struct mface_point *p = landmarks->p;
    *look = (struct mface_look) { .x = p[67].x, .y = p[67].y, .side = 2 * (p[0].x - p[67].x) };
    return look->side > 0;
}

/* 68 points on two rings in the square and one in the middle: no face, but nothing degenerate. */
static enum mface_status mark(void *user, const struct mface_picture *picture,
    const struct mface_look *look, struct mface_landmarks *landmarks)
{
    struct fake_models *models = user;
    const double shake = models->shakes ? picture->data[0][0] % 8 / 8.0 : 0;
    atomic_fetch_add(&models->n_mark, 1);
    landmarks->n = 68;
    for (int i = 0; i < 68; i++) {
        const double angle = i * 0.37, radius = i == 67 ? 0 : i < 17 ? 0.5 : 0.25;
        landmarks->p[i].x = (float)(look->x + shake + radius * look->side * cos(angle));
        landmarks->p[i].y = (float)(look->y + radius * look->side * sin(angle));
    }
    return MFACE_OK;
}

/* Waits until the number of swaps that have begun is a multiple of swaps_meet, at least `n`. */
static void meet(struct fake_models *models, int n)
{
    const int together = models->swaps_meet;
    const struct timespec a_moment = { .tv_nsec = 1000000 };
    const int wanted = (n + together - 1) / together * together;
    int n_waits = 0;
    while (atomic_load(&models->n_swap) < wanted && n_waits++ < 20000)
        nanosleep(&a_moment, NULL);
    atomic_fetch_add(&models->n_alone, atomic_load(&models->n_swap) < wanted);
}

static void swap_one(const struct mface_dfm_params *params, const struct mface_dfm_face *face)
{
    const size_t w = (size_t)face->crop.w;
    for (int y = 0; y < face->crop.h; y++) {
        for (size_t x = 0; x < 3 * w; x++)
            mface_image_row_u8(&face->celeb_face, y)[x] =
                (uint8_t)(255 - mface_image_row_u8(&face->crop, y)[x] - (params->two_pass ? 9 : 0));
        memset(mface_image_row_u8(&face->celeb_mask, y), 255, w);
        if (face->source_mask.data)
            memset(mface_image_row_u8(&face->source_mask, y), 250, w);
    }
}

static enum mface_status swap(
    void *user, const struct mface_dfm_params *params, const struct mface_dfm_face *faces, int n)
{
    struct fake_models *models = user;
    const int n_before = atomic_fetch_add(&models->n_swap, n);
    atomic_fetch_add(&models->n_swap_calls, 1);
    if (models->swaps_meet)
        meet(models, n_before + n);
    if (models->hold_swap)
        models->hold_swap(models->hold_user, n_before);
    if (models->swap_fails)
        return MFACE_ERR_INTERNAL;
    for (int i = 0; i < n; i++)
        swap_one(params, &faces[i]);
    return MFACE_OK;
}

struct mface_engine_models fake_models_describe(struct fake_models *models)
{
    return (struct mface_engine_models) {
        .user = models,
        .detect = detect,
        .look_at = look_at,
        .look_again = look_again,
        .mark = mark,
        .swap = swap,
        .digests = { { 0 }, { 1, 1 }, { 2, 2 }, { 3, 3 } },
    };
}
