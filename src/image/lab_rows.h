/* BGR ↔ CIE L*a*b* for rows of pixels, through linear light and XYZ.
 *
 * Constants: sRGB's transfer function and primaries (IEC 61966-2-1, matrix as OpenCV prints it for
 * CIE XYZ.Rec 709 with the D65 white point), L*a*b* as in CIE 15 with OpenCV's linear part below
 * Y/Yn = 0.008856. Rows of the matrices are divided by the white point once, here.
 *
 * Roots are found by Newton's method from a first guess that divides the exponent (and with it the
 * logarithm, roughly) by dividing the float's bits; what follows are multiplications and additions
 * alone, so whole blocks of pixels go through each step together. Relative errors stay below 1e-6.
 * Pixels are taken apart into planes of BLOCK first.
 *
 * Written once and compiled for each instruction set, as pointwise.h says. */
#ifndef MFACE_IMAGE_LAB_ROWS_H
#define MFACE_IMAGE_LAB_ROWS_H

#include "image/kernel_table.h"
#include "image/pointwise.h"

#include <math.h>
#include <string.h>

enum { MFACE_LAB_BLOCK = 64 };

#define WHITE_X 0.950456f
#define WHITE_Z 1.088754f

/* Columns: R, G, B. */
static const float xyz_of_rgb[3][3] = {
    { 0.412453f / WHITE_X, 0.357580f / WHITE_X, 0.180423f / WHITE_X },
    { 0.212671f, 0.715160f, 0.072169f },
    { 0.019334f / WHITE_Z, 0.119193f / WHITE_Z, 0.950227f / WHITE_Z },
};

static const float rgb_of_xyz[3][3] = {
    { 3.240479f * WHITE_X, -1.537150f, -0.498535f * WHITE_Z },
    { -0.969256f * WHITE_X, 1.875991f, 0.041556f * WHITE_Z },
    { 0.055648f * WHITE_X, -0.204043f, 1.057311f * WHITE_Z },
};

struct lab_block {
    float v[3][MFACE_LAB_BLOCK]; // B, G, R or L, a, b
};

static inline uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x^(1/3) for normal x > 0: r → x^(-1/3) by r·(4/3 − x·r³/3), then x·r². */
static inline float cube_root(float x)
{
    const float third = x * (1.0f / 3.0f);
    float r = float_of(UINT32_C(0x54a2fa8c) - bits_of(x) / 3);
    for (int i = 0; i < 3; i++)
        r = r * (4.0f / 3.0f - third * (r * r * r));
    return x * (r * r);
}

/* x^2.4 for normal x > 0: q → x^(-1/5) by q·(6/5 − x·q⁵/5), then (x·q)³. */
static inline float power_2_4(float x)
{
    const float fifth = x * 0.2f;
    float q = float_of(UINT32_C(0x4c2d0000) - bits_of(x) / 5);
    for (int i = 0; i < 3; i++) {
        const float square = q * q;
        q = q * (1.2f - fifth * (square * square * q));
    }
    const float y = x * q;
    return y * y * y;
}

static inline float linear_of_srgb(float v)
{
    const float low = v * (1.0f / 12.92f), high = power_2_4((v + 0.055f) * (1.0f / 1.055f));
    return v <= 0.04045f ? low : high;
}

/* v^(1/2.4) = c·c^(1/4) where c = v^(1/3). */
static inline float srgb_of_linear(float v)
{
    const float c = cube_root(v > 0.0031308f ? v : 0.0031308f);
    const float high = 1.055f * (c * sqrtf(sqrtf(c))) - 0.055f;
    return v <= 0.0031308f ? v * 12.92f : high;
}

static inline float lab_f(float t)
{
    const float root = cube_root(t > 0.008856f ? t : 0.008856f);
    return t > 0.008856f ? root : 7.787f * t + 16.0f / 116.0f;
}

static inline float lab_f_inverse(float f)
{
    return f > 0.206893f ? f * f * f : (f - 16.0f / 116.0f) * (1.0f / 7.787f);
}

static inline float dot(const float row[3], float x, float y, float z)
{
    return row[0] * x + row[1] * y + row[2] * z;
}

/* Linear B, G, R → L, a, b, in place. */
static inline void lab_of_linear(struct lab_block *block)
{
    float *restrict c0 = block->v[0], *restrict c1 = block->v[1], *restrict c2 = block->v[2];
    for (int i = 0; i < MFACE_LAB_BLOCK; i++) {
        const float b = c0[i], g = c1[i], r = c2[i];
        const float y = dot(xyz_of_rgb[1], r, g, b), fy = lab_f(y);
        const float fx = lab_f(dot(xyz_of_rgb[0], r, g, b));
        const float fz = lab_f(dot(xyz_of_rgb[2], r, g, b));
        c0[i] = y > 0.008856f ? 116.0f * fy - 16.0f : 903.3f * y;
        c1[i] = 500.0f * (fx - fy);
        c2[i] = 200.0f * (fy - fz);
    }
}

static inline void bgr_of_lab(struct lab_block *block)
{
    float *restrict c0 = block->v[0], *restrict c1 = block->v[1], *restrict c2 = block->v[2];
    for (int i = 0; i < MFACE_LAB_BLOCK; i++) {
        const float l = c0[i], linear_y = l * (1.0f / 903.3f);
        const float high = (l + 16.0f) * (1.0f / 116.0f);
        const float fy = l > 8.0f ? high : 7.787f * linear_y + 16.0f / 116.0f;
        const float y = l > 8.0f ? high * high * high : linear_y;
        const float x = lab_f_inverse(fy + c1[i] * (1.0f / 500.0f));
        const float z = lab_f_inverse(fy - c2[i] * (1.0f / 200.0f));
        c2[i] = srgb_of_linear(mface_clamp01(dot(rgb_of_xyz[0], x, y, z)));
        c1[i] = srgb_of_linear(mface_clamp01(dot(rgb_of_xyz[1], x, y, z)));
        c0[i] = srgb_of_linear(mface_clamp01(dot(rgb_of_xyz[2], x, y, z)));
    }
}

static inline void linearise(struct lab_block *block)
{
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < MFACE_LAB_BLOCK; i++)
            block->v[k][i] = linear_of_srgb(mface_clamp01(block->v[k][i]));
}

static inline void take_apart(const float *restrict src, struct lab_block *restrict block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            block->v[k][i] = src[3 * i + k];
}

static inline void look_up(const uint8_t *restrict src, const float linear[256],
    struct lab_block *restrict block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            block->v[k][i] = linear[src[3 * i + k]];
}

static inline void put_together(
    const struct lab_block *restrict block, float *restrict dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            dst[3 * i + k] = block->v[k][i];
}

static inline size_t block_at(size_t w, size_t x)
{
    return w - x < MFACE_LAB_BLOCK ? w - x : MFACE_LAB_BLOCK;
}

static void mface_lab_of_u8(const uint8_t *bgr, float *lab, size_t w, const float linear[256])
{
    struct lab_block block = { 0 }; // lanes beyond a row's end hold anything, but something
    for (size_t x = 0; x < w; x += MFACE_LAB_BLOCK) {
        look_up(bgr + 3 * x, linear, &block, block_at(w, x));
        lab_of_linear(&block);
        put_together(&block, lab + 3 * x, block_at(w, x));
    }
}

static void mface_lab_of_f32(const float *bgr, float *lab, size_t w)
{
    struct lab_block block = { 0 };
    for (size_t x = 0; x < w; x += MFACE_LAB_BLOCK) {
        take_apart(bgr + 3 * x, &block, block_at(w, x));
        linearise(&block);
        lab_of_linear(&block);
        put_together(&block, lab + 3 * x, block_at(w, x));
    }
}

static void mface_bgr_of_lab(const float *lab, float *bgr, size_t w)
{
    struct lab_block block = { 0 };
    for (size_t x = 0; x < w; x += MFACE_LAB_BLOCK) {
        take_apart(lab + 3 * x, &block, block_at(w, x));
        bgr_of_lab(&block);
        put_together(&block, bgr + 3 * x, block_at(w, x));
    }
}

static void mface_add_moments(
    const float *values, const float *weights, size_t n, struct mface_moments *moments)
{
    double *restrict sum = moments->sum, *restrict squares = moments->squares;
    for (size_t i = 0; i + MFACE_SUM_LANES <= n; i += MFACE_SUM_LANES)
        for (size_t k = 0; k < MFACE_SUM_LANES; k++) {
            const double v = values[i + k] * weights[i + k];
            sum[k] += v;
            squares[k] += v * v;
        }
    for (size_t k = n - n % MFACE_SUM_LANES; k < n; k++) {
        const double v = values[k] * weights[k];
        sum[k % MFACE_SUM_LANES] += v;
        squares[k % MFACE_SUM_LANES] += v * v;
    }
}

static inline float on_line(float v, const struct mface_lines *lines, size_t k)
{
    v = v * lines->scale[k] + lines->shift[k];
    v = v > lines->min[k] ? v : lines->min[k];
    return v < lines->max[k] ? v : lines->max[k];
}

static void mface_apply_lines(float *values, size_t n, const struct mface_lines *lines_of)
{
    const struct mface_lines lines = *lines_of; // which no value can be part of
    size_t i = 0;
    for (; i + MFACE_SUM_LANES <= n; i += MFACE_SUM_LANES)
        for (size_t k = 0; k < MFACE_SUM_LANES; k++)
            values[i + k] = on_line(values[i + k], &lines, k);
    for (size_t k = 0; i + k < n; k++)
        values[i + k] = on_line(values[i + k], &lines, k);
}

static void mface_choose_pixels(
    const float *restrict mask, float cutoff, float *restrict weights, size_t w)
{
    for (size_t i = 0; i < w; i++) {
        const float weight = mask[i] < cutoff ? 0.0f : 1.0f;
        weights[3 * i] = weight;
        weights[3 * i + 1] = weight;
        weights[3 * i + 2] = weight;
    }
}

static inline void mface_lab_fill(struct mface_kernel_table *table)
{
    table->lab_of_u8 = mface_lab_of_u8;
    table->lab_of_f32 = mface_lab_of_f32;
    table->bgr_of_lab = mface_bgr_of_lab;
    table->choose_pixels = mface_choose_pixels;
    table->add_moments = mface_add_moments;
    table->apply_lines = mface_apply_lines;
}

#endif
