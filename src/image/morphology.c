/* Erosion and dilation by a plus of five pixels, again and again.
 *
 * One pass replaces each pixel by the least (greatest) of itself and its four neighbours; k passes
 * are the same as one with a diamond of radius k. A diamond of radius k + j, for j ≤ k, is the
 * union of four of radius k that lie j pixels to the left, right, above and below; so the radius
 * doubles with each step, and 200 passes are nine.
 *
 * Where such a diamond's centre would lie outside the image, the nearest pixel on the edge serves:
 * its diamond is within the large one too, and of what the other one covers inside the image it
 * misses nothing. What lies outside therefore never counts. */
#include "base/log.h"
#include "base/mem.h"
#include "image/kernel_table.h"
#include "image/kernels.h"
#include "image/pointwise.h"

#include <assert.h>
#include <string.h>

void mface_morphology_fill_c(struct mface_kernel_table *table)
{
    table->least5 = mface_pointwise_least5;
    table->greatest5 = mface_pointwise_greatest5;
}

typedef void (*extreme_fn)(const float *const rows[5], float *dst, size_t n);

struct morph {
    extreme_fn extreme;
    int w, h;
    float *row; // with room for w more on either side
};

/* A view of floats of one channel: rows and their distance. */
struct plane {
    float *data;
    ptrdiff_t pitch;
};

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* A copy of the row whose ends are repeated `n` times beyond both. */
static float *widen(const struct morph *morph, const float *row, int n)
{
    float *first = morph->row + morph->w, *last = first + morph->w - 1;
    memcpy(first, row, (size_t)morph->w * sizeof(float));
    for (int i = 1; i <= n; i++) {
        first[-i] = *first;
        last[i] = *last;
    }
    return first;
}

/* From the extremes of diamonds of radius `radius` to those of radius + step. */
static void grow(
    const struct morph *morph, struct plane from, struct plane to, int radius, int step)
{
    const int reach = step < morph->w ? step : morph->w;
    for (int y = 0; y < morph->h; y++) {
        const float *middle = widen(morph, from.data + y * from.pitch, reach);
        const float *const rows[5] = {
            middle - reach, middle + reach,
            from.data + clamp_index(y - step, morph->h) * from.pitch,
            from.data + clamp_index(y + step, morph->h) * from.pitch,
            radius == 0 ? middle : middle - reach, // later the others cover it
        };
        morph->extreme(rows, to.data + y * to.pitch, (size_t)morph->w);
    }
}

static int n_steps(int passes)
{
    int n = 0;
    for (int radius = 0; radius < passes; n++)
        radius += radius == 0 ? 1 : radius;
    return n;
}

/* Grows to `passes` by way of two planes, the last of which is `to`. */
static void run(
    const struct morph *morph, struct plane from, struct plane spare, struct plane to, int passes)
{
    int radius = 0;
    for (int left = n_steps(passes); left > 0; left--) {
        const int most = radius == 0 ? 1 : radius;
        const int step = passes - radius < most ? passes - radius : most;
        const struct plane next = left % 2 == 1 ? to : spare;
        grow(morph, from, next, radius, step);
        from = next;
        radius += step;
    }
}

static void copy(const struct mface_image *src, struct plane to)
{
    for (int y = 0; y < src->h; y++)
        memmove(
            to.data + y * to.pitch, mface_image_row_f32(src, y), (size_t)src->w * sizeof(float));
}

static enum mface_status morph(
    const struct mface_image *src, const struct mface_image *dst, int passes, extreme_fn extreme)
{
    assert(src->c == 1 && src->sample == MFACE_SAMPLE_F32 && dst->sample == MFACE_SAMPLE_F32);
    assert(dst->c == 1 && dst->w == src->w && dst->h == src->h);
    const size_t w = (size_t)src->w, n = w * (size_t)src->h;
    float *memory = mface_mem_alloc((3 * w + n) * sizeof(float));
    if (!memory)
        return mface_fail_nomem("morphology");
    const struct morph morph = { extreme, src->w, src->h, memory };
    const struct plane to = { dst->data, dst->stride / (ptrdiff_t)sizeof(float) };
    const struct plane spare = { memory + 3 * w, src->w };
    struct plane from = { src->data, src->stride / (ptrdiff_t)sizeof(float) };
    // No two pixels are further apart than w + h steps, so further passes change nothing.
    passes = passes < src->w + src->h ? passes : src->w + src->h;
    if (passes <= 0) {
        copy(src, to);
    } else if (src->data == dst->data && n_steps(passes) % 2 == 1) {
        copy(src, spare); // the first step must not write what it reads
        from = spare;
    }
    run(&morph, from, spare, to, passes);
    mface_mem_free(memory);
    return MFACE_OK;
}

enum mface_status mface_erode3(
    const struct mface_image *src, const struct mface_image *dst, int passes)
{
    return morph(src, dst, passes, mface_kernel_table()->least5);
}

enum mface_status mface_dilate3(
    const struct mface_image *src, const struct mface_image *dst, int passes)
{
    return morph(src, dst, passes, mface_kernel_table()->greatest5);
}
