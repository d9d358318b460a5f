/* Inner loops that treat each sample alike and alone, written once and compiled for each
 * instruction set: the compiler makes vectors of them, and without contraction to multiply-add
 * (meson.build) every one gives the same bits. Included by the C files and those in x86. */
#ifndef MFACE_IMAGE_POINTWISE_H
#define MFACE_IMAGE_POINTWISE_H

#include "image/lanes.h"

#include <stddef.h>

static inline float mface_sharpened(float x, float blurred, float amount)
{
    const float v = x * (1.0f + amount) - blurred * amount, low = v > 0.0f ? v : 0.0f;
    return low < 1.0f ? low : 1.0f;
}

static inline lanes mface_unclamped(const float *x, const float *blurred, float amount)
{
    return lanes_load(x) * (1.0f + amount) - lanes_load(blurred) * amount;
}

/* The compiler makes six comparisons of the two limits; lanes.h makes a maximum and a minimum. */
static inline void mface_pointwise_sharpen(const float *restrict x, const float *restrict blurred,
    float *restrict dst, size_t n, float amount)
{
    size_t i = 0;
    for (; i + N_LANES <= n; i += N_LANES)
        lanes_store(dst + i, lanes_clamp01(mface_unclamped(x + i, blurred + i, amount)));
    for (; i < n; i++)
        dst[i] = mface_sharpened(x[i], blurred[i], amount);
}

static inline void mface_pointwise_sharpen_u8(const float *restrict x,
    const float *restrict blurred, uint8_t *restrict dst, size_t n, float amount, float excess)
{
    enum { STEP = N_LANES * N_LANES_BYTES };
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        lanes v[N_LANES_BYTES];
        for (int k = 0; k < N_LANES_BYTES; k++) {
            const size_t at = i + (size_t)(k * N_LANES);
            v[k] = lanes_min(lanes_all(1.0f), mface_unclamped(x + at, blurred + at, amount));
            v[k] = v[k] * 255.0f + excess; // storing cuts it off below
        }
        lanes_store_u8(dst + i, v);
    }
    for (; i < n; i++)
        dst[i] = (uint8_t)(int)(mface_sharpened(x[i], blurred[i], amount) * 255.0f + excess);
}

static inline void mface_pointwise_least5(const float *const rows[5], float *restrict dst, size_t n)
{
    const float *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3], *e = rows[4];
    for (size_t i = 0; i < n; i++) {
        const float ab = a[i] < b[i] ? a[i] : b[i], cd = c[i] < d[i] ? c[i] : d[i];
        const float four = ab < cd ? ab : cd;
        dst[i] = four < e[i] ? four : e[i];
    }
}

static inline void mface_pointwise_greatest5(
    const float *const rows[5], float *restrict dst, size_t n)
{
    const float *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3], *e = rows[4];
    for (size_t i = 0; i < n; i++) {
        const float ab = a[i] > b[i] ? a[i] : b[i], cd = c[i] > d[i] ? c[i] : d[i];
        const float four = ab > cd ? ab : cd;
        dst[i] = four > e[i] ? four : e[i];
    }
}

static inline __attribute__((always_inline)) void mface_weigh_n_rows(
    const float *const *rows, const float *weights, int n_rows, float *restrict dst, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0f;
        for (int j = 0; j < n_rows; j++)
            sum += weights[j] * rows[j][i];
        dst[i] = sum;
    }
}

static inline void mface_pointwise_weigh_rows(
    const float *const *rows, const float *weights, int n_rows, float *restrict dst, size_t n)
{
    if (n_rows == 2)
        mface_weigh_n_rows(rows, weights, 2, dst, n);
    else if (n_rows == 4)
        mface_weigh_n_rows(rows, weights, 4, dst, n);
    else
        mface_weigh_n_rows(rows, weights, 8, dst, n);
}

#endif
