/* Affine warp.
 *
 * Every output pixel is taken back through the inverse matrix to a position in the source, which is
 * rounded to 1/32 pixel as OpenCV's warpAffine does (imgwarp.cpp: 10 fractional bits for the sums,
 * 5 for the weights). With that grid the bilinear U8 result equals OpenCV's bit for bit, where
 * exact positions differ by more than 1 on 0.1..0.3 % of values; and 32 sets of weights serve a
 * whole image. Taps outside the source count as 0.
 *
 * Sums are taken in float: bilinear weights are multiples of 1/1024, so on U8 they are exact. */
#include "image/warp.h"

#include <assert.h>
#include <string.h>

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

static inline __attribute__((always_inline)) void warp_run(const struct mface_warp *warp, int y,
    int x_first, int n, int n_taps, int c, enum mface_sample from, enum mface_sample to, void *out)
{
    const struct mface_image *src = &warp->src;
    const double *m = warp->to_src.m;
    const int64_t x_start = mface_grid_row_start(m, y), y_start = mface_grid_row_start(m + 3, y);
    const float scale = from == to ? 1.0f : 1.0f / 255.0f;
    for (int i = 0; i < n; i++) {
        const int64_t gx = mface_grid_at(m[0], x_first + i, x_start);
        const int64_t gy = mface_grid_at(m[3], x_first + i, y_start);
        const struct spot at = {
            .x = (gx >> MFACE_GRID_BITS) - (n_taps / 2 - 1),
            .y = (gy >> MFACE_GRID_BITS) - (n_taps / 2 - 1),
            .wx = warp->weights[gx & (MFACE_GRID - 1)],
            .wy = warp->weights[gy & (MFACE_GRID - 1)],
        };
        float sum[3] = { 0 };
        if (at.x >= 0 && at.y >= 0 && at.x + n_taps <= src->w && at.y + n_taps <= src->h)
            sum_inside(src, &at, n_taps, c, from, sum);
        else if (at.x > -n_taps && at.y > -n_taps && at.x < src->w && at.y < src->h)
            sum_at_edge(src, &at, n_taps, c, from, sum);
        for (int k = 0; k < c; k++) {
            if (to == MFACE_SAMPLE_U8)
                ((uint8_t *)out)[i * c + k] = mface_round_u8(sum[k]);
            else
                ((float *)out)[i * c + k] = sum[k] * scale;
        }
    }
}

/* The compiler makes one copy of warp_run() for each combination of its constants. */
static inline __attribute__((always_inline)) void warp_taps(
    const struct mface_warp *warp, int y, int x, int n, int n_taps, enum mface_sample to, void *out)
{
    const enum mface_sample u8 = MFACE_SAMPLE_U8, f32 = MFACE_SAMPLE_F32;
    const bool grey = warp->src.c == 1;
    if (to == MFACE_SAMPLE_U8)
        grey ? warp_run(warp, y, x, n, n_taps, 1, u8, u8, out)
             : warp_run(warp, y, x, n, n_taps, 3, u8, u8, out);
    else if (warp->src.sample == MFACE_SAMPLE_U8)
        grey ? warp_run(warp, y, x, n, n_taps, 1, u8, f32, out)
             : warp_run(warp, y, x, n, n_taps, 3, u8, f32, out);
    else
        grey ? warp_run(warp, y, x, n, n_taps, 1, f32, f32, out)
             : warp_run(warp, y, x, n, n_taps, 3, f32, f32, out);
}

void mface_warp_run(
    const struct mface_warp *warp, int y, int x, int n, enum mface_sample to, void *out)
{
    if (warp->n_taps == 2)
        warp_taps(warp, y, x, n, 2, to, out);
    else if (warp->n_taps == 4)
        warp_taps(warp, y, x, n, 4, to, out);
    else
        warp_taps(warp, y, x, n, 8, to, out);
}

bool mface_warp_init(struct mface_warp *warp, const struct mface_image *src,
    const struct mface_affine *src_to_dst, enum mface_interp interp)
{
    warp->src = *src;
    warp->n_taps = mface_interp_n_taps(interp);
    for (int i = 0; i < MFACE_GRID; i++)
        mface_interp_weights(interp, (double)i / MFACE_GRID, warp->weights[i]);
    return mface_affine_invert(src_to_dst, &warp->to_src);
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
    struct mface_warp warp;
    if (!mface_warp_init(&warp, src, src_to_dst, interp)) {
        clear_rows(dst);
        return;
    }
    for (int y = 0; y < dst->h; y++)
        mface_warp_run(&warp, y, 0, dst->w, dst->sample, mface_image_row_u8(dst, y));
}
