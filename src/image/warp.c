/* Affine warp.
 *
 * Every output pixel is taken back through the inverse matrix to a position in the source, which is
 * rounded to 1/32 pixel as OpenCV's warpAffine does (imgwarp.cpp: 10 fractional bits for the sums,
 * 5 for the weights). With that grid the bilinear U8 result equals OpenCV's bit for bit, where
 * exact positions differ by more than 1 on 0.1..0.3 % of values; and 32 sets of weights serve a
 * whole image. Taps outside the source count as 0.
 *
 * Sums are taken in float: bilinear weights are multiples of 1/1024, so on U8 they are exact. */
#include "image/interp.h"

#include <assert.h>
#include <string.h>

enum { GRID = 32, GRID_BITS = 5, SUM_BITS = 10, SUM_ONE = 1 << SUM_BITS };

struct warp {
    const struct mface_image *src, *dst;
    struct mface_affine to_src;
    float weights[GRID][MFACE_TAPS_MAX];
};

/* Nearest integer, ties to even, of a value cut to what 40 bits hold. The constant is 1.5·2^52:
 * adding it leaves no bits for a fraction. */
static inline int64_t round_cut(double value)
{
    const double limit = 1099511627776.0, shift = 6755399441055744.0;
    value = value < limit ? value : limit;
    value = value > -limit ? value : -limit;
    return (int64_t)((value + shift) - shift);
}

/* A source coordinate in 1/32 pixel. */
static inline int64_t grid_at(double step, int x, int64_t row_start)
{
    return (round_cut(step * x * SUM_ONE) + row_start) >> (SUM_BITS - GRID_BITS);
}

static inline int64_t grid_row_start(const double *m, int y)
{
    return round_cut((m[1] * y + m[2]) * SUM_ONE) + SUM_ONE / GRID / 2;
}

static inline __attribute__((always_inline)) float load(
    const void *row, int64_t i, enum mface_sample sample)
{
    return sample == MFACE_SAMPLE_U8 ? ((const uint8_t *)row)[i] : ((const float *)row)[i];
}

/* Where one output pixel lies in the source: its first tap and its weights. */
struct spot {
    int64_t x, y;
    const float *wx, *wy;
};

static inline __attribute__((always_inline)) void sum_inside(const struct mface_image *src,
    const struct spot *at, int n_taps, int c, enum mface_sample sample, float *sum)
{
    for (int j = 0; j < n_taps; j++) {
        const void *row = (const uint8_t *)src->data + (at->y + j) * src->stride;
        float across[3] = { 0 };
        for (int i = 0; i < n_taps; i++)
            for (int k = 0; k < c; k++)
                across[k] += at->wx[i] * load(row, (at->x + i) * c + k, sample);
        for (int k = 0; k < c; k++)
            sum[k] += at->wy[j] * across[k];
    }
}

static inline __attribute__((always_inline)) void sum_at_edge(const struct mface_image *src,
    const struct spot *at, int n_taps, int c, enum mface_sample sample, float *sum)
{
    for (int j = 0; j < n_taps; j++) {
        if (at->y + j < 0 || at->y + j >= src->h)
            continue;
        const void *row = (const uint8_t *)src->data + (at->y + j) * src->stride;
        for (int i = 0; i < n_taps; i++)
            if (at->x + i >= 0 && at->x + i < src->w)
                for (int k = 0; k < c; k++)
                    sum[k] += at->wy[j] * at->wx[i] * load(row, (at->x + i) * c + k, sample);
    }
}

static inline __attribute__((always_inline)) void warp_row(
    const struct warp *warp, int y, int n_taps, int c, enum mface_sample from, enum mface_sample to)
{
    const struct mface_image *src = warp->src, *dst = warp->dst;
    const double *m = warp->to_src.m;
    const int64_t x_start = grid_row_start(m, y), y_start = grid_row_start(m + 3, y);
    const float scale = from == to ? 1.0f : 1.0f / 255.0f;
    for (int x = 0; x < dst->w; x++) {
        const int64_t gx = grid_at(m[0], x, x_start), gy = grid_at(m[3], x, y_start);
        const struct spot at = {
            .x = (gx >> GRID_BITS) - (n_taps / 2 - 1),
            .y = (gy >> GRID_BITS) - (n_taps / 2 - 1),
            .wx = warp->weights[gx & (GRID - 1)],
            .wy = warp->weights[gy & (GRID - 1)],
        };
        float sum[3] = { 0 };
        if (at.x >= 0 && at.y >= 0 && at.x + n_taps <= src->w && at.y + n_taps <= src->h)
            sum_inside(src, &at, n_taps, c, from, sum);
        else if (at.x > -n_taps && at.y > -n_taps && at.x < src->w && at.y < src->h)
            sum_at_edge(src, &at, n_taps, c, from, sum);
        for (int k = 0; k < c; k++) {
            if (to == MFACE_SAMPLE_U8)
                mface_image_row_u8(dst, y)[x * c + k] = mface_round_u8(sum[k]);
            else
                mface_image_row_f32(dst, y)[x * c + k] = sum[k] * scale;
        }
    }
}

/* The compiler makes one copy of warp_row() for each combination of its constants. */
static inline __attribute__((always_inline)) void warp_taps(
    const struct warp *warp, int y, int n_taps)
{
    const enum mface_sample from = warp->src->sample, to = warp->dst->sample;
    const bool grey = warp->src->c == 1;
    if (to == MFACE_SAMPLE_U8)
        grey ? warp_row(warp, y, n_taps, 1, MFACE_SAMPLE_U8, MFACE_SAMPLE_U8)
             : warp_row(warp, y, n_taps, 3, MFACE_SAMPLE_U8, MFACE_SAMPLE_U8);
    else if (from == MFACE_SAMPLE_U8)
        grey ? warp_row(warp, y, n_taps, 1, MFACE_SAMPLE_U8, MFACE_SAMPLE_F32)
             : warp_row(warp, y, n_taps, 3, MFACE_SAMPLE_U8, MFACE_SAMPLE_F32);
    else
        grey ? warp_row(warp, y, n_taps, 1, MFACE_SAMPLE_F32, MFACE_SAMPLE_F32)
             : warp_row(warp, y, n_taps, 3, MFACE_SAMPLE_F32, MFACE_SAMPLE_F32);
}

static void clear_rows(const struct mface_image *dst)
{
    for (int y = 0; y < dst->h; y++)
        memset(mface_image_row_u8(dst, y), 0,
            (size_t)dst->w * (size_t)dst->c * mface_sample_bytes(dst->sample));
}

void mface_warp_affine(const struct mface_image *src, const struct mface_image *dst,
    const struct mface_affine *src_to_dst, enum mface_interp interp)
{
    assert(src->c == dst->c && (src->sample == MFACE_SAMPLE_U8 || dst->sample == src->sample));
    struct warp warp = { .src = src, .dst = dst };
    if (!mface_affine_invert(src_to_dst, &warp.to_src)) {
        clear_rows(dst);
        return;
    }
    for (int i = 0; i < GRID; i++)
        mface_interp_weights(interp, (double)i / GRID, warp.weights[i]);
    const int n_taps = mface_interp_n_taps(interp);
    for (int y = 0; y < dst->h; y++) {
        if (n_taps == 2)
            warp_taps(&warp, y, 2);
        else if (n_taps == 4)
            warp_taps(&warp, y, 4);
        else
            warp_taps(&warp, y, 8);
    }
}
