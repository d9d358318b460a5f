/* Inner loops that treat each sample alike and alone, written once and compiled for each
 * instruction set: the compiler makes vectors of them, and without contraction to multiply-add
 * (meson.build) every one gives the same bits. Included by the C files and those in x86. */
#ifndef MFACE_IMAGE_POINTWISE_H
#define MFACE_IMAGE_POINTWISE_H

#include <stddef.h>
#include <stdint.h>

static inline float mface_clamp01(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

static inline void mface_pointwise_sharpen(const float *restrict x, const float *restrict blurred,
    float *restrict dst, size_t n, float amount)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = mface_clamp01(x[i] * (1.0f + amount) - blurred[i] * amount);
}

/* The excess keeps a flat area, whose blur is itself but for float noise, from losing a level. */
static inline void mface_pointwise_cut_to_u8(
    const float *restrict src, uint8_t *restrict dst, size_t n)
{
    const float excess = 1.0f / 1024.0f;
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)(int)(src[i] * 255.0f + excess);
}

#endif
