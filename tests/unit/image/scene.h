/* Pictures of every layout over random bytes, and plain arithmetic on those bytes: what pictures
 * are tested against. */
#ifndef MFACE_TEST_SCENE_H
#define MFACE_TEST_SCENE_H

#include "canvas.h"
#include "image/picture.h"

#include <math.h>

struct layout {
    const char *name;
    enum mface_model model;
    int log2_chroma_w, log2_chroma_h;
    struct mface_component component[3];
};

/* As FFmpeg's pixdesc.c has them: plane, step, offset, shift, depth. */
static const struct layout layouts[] = {
    { "yuv420p", MFACE_MODEL_YUV, 1, 1,
        { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "yuv410p", MFACE_MODEL_YUV, 2, 2,
        { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "nv12", MFACE_MODEL_YUV, 1, 1, { { 0, 1, 0, 0, 8 }, { 1, 2, 0, 0, 8 }, { 1, 2, 1, 0, 8 } } },
    { "yuyv422", MFACE_MODEL_YUV, 1, 0,
        { { 0, 2, 0, 0, 8 }, { 0, 4, 1, 0, 8 }, { 0, 4, 3, 0, 8 } } },
    { "yuv422p10", MFACE_MODEL_YUV, 1, 0,
        { { 0, 2, 0, 0, 10 }, { 1, 2, 0, 0, 10 }, { 2, 2, 0, 0, 10 } } },
    { "yuv444p", MFACE_MODEL_YUV, 0, 0,
        { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "yuv444p16", MFACE_MODEL_YUV, 0, 0,
        { { 0, 2, 0, 0, 16 }, { 1, 2, 0, 0, 16 }, { 2, 2, 0, 0, 16 } } },
    { "p010", MFACE_MODEL_YUV, 1, 1,
        { { 0, 2, 0, 6, 10 }, { 1, 4, 0, 6, 10 }, { 1, 4, 2, 6, 10 } } },
    { "rgb24", MFACE_MODEL_RGB, 0, 0, { { 0, 3, 0, 0, 8 }, { 0, 3, 1, 0, 8 }, { 0, 3, 2, 0, 8 } } },
    { "bgra", MFACE_MODEL_RGB, 0, 0, { { 0, 4, 2, 0, 8 }, { 0, 4, 1, 0, 8 }, { 0, 4, 0, 0, 8 } } },
    { "gbrp", MFACE_MODEL_RGB, 0, 0, { { 2, 1, 0, 0, 8 }, { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 } } },
    { "rgb48", MFACE_MODEL_RGB, 0, 0,
        { { 0, 6, 0, 0, 16 }, { 0, 6, 2, 0, 16 }, { 0, 6, 4, 0, 16 } } },
    { "gray", MFACE_MODEL_GRAY, 0, 0, { { 0, 1, 0, 0, 8 } } },
    { "gray10", MFACE_MODEL_GRAY, 0, 0, { { 0, 2, 0, 0, 10 } } },
};

enum { N_LAYOUTS = sizeof layouts / sizeof layouts[0], GUARD_BYTES = 19, W = 141, H = 23 };

struct scene {
    struct mface_picture picture; // upright
    uint8_t *block;
    size_t bytes;
};

static inline int n_components(const struct mface_picture *picture)
{
    return picture->model == MFACE_MODEL_GRAY ? 1 : 3;
}

static inline int chroma_side(int side, int shift)
{
    return (side + (1 << shift) - 1) >> shift;
}

static inline struct scene scene_make(const struct layout *layout, bool full_range, unsigned seed)
{
    struct scene scene = {
        .picture = { .w = W,
            .h = H,
            .model = layout->model,
            .full_range = full_range,
            .log2_chroma_w = layout->log2_chroma_w,
            .log2_chroma_h = layout->log2_chroma_h,
            .matrix = { 0.2126, 0.0722 } },
        .bytes = 8 * (W * 8 + 64) * (H + 2),
    };
    memcpy(scene.picture.component, layout->component, sizeof layout->component);
    scene.block = malloc(scene.bytes);
    assert_non_null(scene.block);
    for (size_t i = 0; i < scene.bytes; i++)
        scene.block[i] = (uint8_t)canvas_random(&seed);
    /* Strides are even, since words lie at even addresses; the planes start anywhere even. */
    for (int p = 0; p < 3; p++) {
        scene.picture.stride[p] = W * 6 + 2 * GUARD_BYTES + 2 * p;
        scene.picture.data[p] = scene.block + 22 + (size_t)p * (W * 8 + 64) * (H + 1);
    }
    return scene;
}

/* The word a component has at x, y of its own grid: upright pictures only. */
static inline unsigned word_at(
    const struct mface_picture *picture, const uint8_t *moved, int i, int x, int y)
{
    const struct mface_component *c = &picture->component[i];
    const uint8_t *at = picture->data[c->plane] + (moved - picture->data[0]) +
                        y * picture->stride[c->plane] + c->offset + x * c->step;
    return c->depth == 8 ? at[0]
                         : (unsigned)(at[0] | at[1] << 8) >> c->shift & ((1u << c->depth) - 1);
}

static inline double value_at(
    const struct mface_picture *picture, const uint8_t *origin, int i, int x, int y)
{
    const bool chroma = picture->model == MFACE_MODEL_YUV && i > 0;
    const double unit = 1 << (picture->component[i].depth - 8), max = 256 * unit - 1;
    if (chroma) {
        x >>= picture->log2_chroma_w;
        y >>= picture->log2_chroma_h;
    }
    const double word = word_at(picture, origin, i, x, y);
    if (picture->full_range)
        return (word - (chroma ? 128 * unit : 0)) / max;
    return chroma ? (word / unit - 128) / 224 : (word / unit - 16) / 219;
}

/* R, G, B of an upright pixel, by solving H.273's forward equations. */
static inline void rgb_at(const struct mface_picture *picture, int x, int y, double rgb[3])
{
    const uint8_t *origin = picture->data[0];
    for (int i = 0; i < 3; i++)
        rgb[i] = value_at(picture, origin, i % n_components(picture), x, y);
    if (picture->model != MFACE_MODEL_YUV)
        return;
    const double luma = rgb[0], kr = picture->matrix.kr, kb = picture->matrix.kb;
    const double b = luma + rgb[1] * 2 * (1 - kb), r = luma + rgb[2] * 2 * (1 - kr);
    rgb[0] = r;
    rgb[1] = (luma - kr * r - kb * b) / (1 - kr - kb);
    rgb[2] = b;
}

#endif
