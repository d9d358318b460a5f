/* Erosion and dilation by a plus of five pixels, again and again.
 *
 * One pass replaces each pixel by the least (greatest) of itself and its four neighbours; k passes
 * are the same as one with a diamond of radius k. A pass runs down the image in place and keeps
 * what the row above and the present row were before it changed them. */
#include "base/log.h"
#include "base/mem.h"
#include "image/kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Three rows of w values with one more on either side. */
struct rows {
    float *memory;
    float *above, *present; // as they were before this pass
    float *outside;         // the value that never wins
};

static inline float pick(float a, float b, bool dilate)
{
    if (dilate)
        return a > b ? a : b;
    return a < b ? a : b;
}

static inline __attribute__((always_inline)) void plus_row(
    const struct rows *rows, const float *below, float *out, int w, bool dilate)
{
    const float *above = rows->above, *present = rows->present;
    for (int x = 0; x < w; x++) {
        const float column = pick(pick(above[x], below[x], dilate), present[x], dilate);
        out[x] = pick(column, pick(present[x - 1], present[x + 1], dilate), dilate);
    }
}

static inline __attribute__((always_inline)) void plus_pass(
    struct rows *rows, const struct mface_image *image, bool dilate)
{
    const size_t bytes = (size_t)image->w * sizeof(float);
    memcpy(rows->above, rows->outside, bytes);
    for (int y = 0; y < image->h; y++) {
        float *out = mface_image_row_f32(image, y);
        const float *below = y + 1 < image->h ? mface_image_row_f32(image, y + 1) : rows->outside;
        memcpy(rows->present, out, bytes);
        plus_row(rows, below, out, image->w, dilate);
        float *free_row = rows->above;
        rows->above = rows->present;
        rows->present = free_row;
    }
}

static enum mface_status rows_init(struct rows *rows, int w, float never)
{
    const size_t pitch = (size_t)w + 2;
    rows->memory = mface_mem_alloc(3 * pitch * sizeof(float));
    if (!rows->memory)
        return mface_fail_nomem("morphology");
    for (size_t i = 0; i < 3 * pitch; i++)
        rows->memory[i] = never;
    rows->above = rows->memory + 1;
    rows->present = rows->above + pitch;
    rows->outside = rows->present + pitch;
    return MFACE_OK;
}

static void copy_pixels(const struct mface_image *src, const struct mface_image *dst)
{
    for (int y = 0; y < src->h; y++)
        memmove(mface_image_row_f32(dst, y), mface_image_row_f32(src, y),
            (size_t)src->w * sizeof(float));
}

static enum mface_status morph(
    const struct mface_image *src, const struct mface_image *dst, int passes, bool dilate)
{
    assert(src->c == 1 && src->sample == MFACE_SAMPLE_F32 && dst->sample == MFACE_SAMPLE_F32);
    assert(dst->c == 1 && dst->w == src->w && dst->h == src->h);
    struct rows rows = { 0 };
    MFACE_TRY(rows_init(&rows, src->w, dilate ? -INFINITY : INFINITY));
    copy_pixels(src, dst);
    // No two pixels are further apart than w + h steps, so further passes change nothing.
    const int n = passes < src->w + src->h ? passes : src->w + src->h;
    for (int i = 0; i < n; i++) {
        if (dilate)
            plus_pass(&rows, dst, true);
        else
            plus_pass(&rows, dst, false);
    }
    mface_mem_free(rows.memory);
    return MFACE_OK;
}

enum mface_status mface_erode3(
    const struct mface_image *src, const struct mface_image *dst, int passes)
{
    return morph(src, dst, passes, false);
}

enum mface_status mface_dilate3(
    const struct mface_image *src, const struct mface_image *dst, int passes)
{
    return morph(src, dst, passes, true);
}
