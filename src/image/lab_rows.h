/* BGR ↔ CIE L*a*b* for rows of pixels, through linear light and XYZ.
 *
 * Constants: sRGB's transfer function and primaries (IEC 61966-2-1, matrix as OpenCV prints it for
 * CIE XYZ.Rec 709 with the D65 white point), L*a*b* as in CIE 15 with OpenCV's linear part below
 * Y/Yn = 0.008856. Rows of the matrices are divided by the white point once, here.
 *
 * Roots are found by iteration from a first guess that divides the exponent (and with it the
 * logarithm, roughly) by dividing the float's bits; what follows are multiplications and additions
 * alone, so whole blocks of pixels go through each step together. Relative errors stay below 1e-6.
 * Pixels are taken apart into planes of BLOCK first.
 *
 * Written once for lanes.h and compiled for each instruction set. */
#ifndef MFACE_IMAGE_LAB_ROWS_H
#define MFACE_IMAGE_LAB_ROWS_H

#include "image/kernel_table.h"
#include "image/lanes.h"

#if defined(__AVX2__)
#include "image/x86/planes.h"
#endif

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

/* x^(1/3) for normal x > 0. With r near x^(-1/3) and t = x·r³ near 1, the series of t^(-1/3) about
 * 1 gives r·(14/9 − 7/9·t + 2/9·t²), Newton's method r·(4/3 − x·r³/3); the root is x·r². */
static inline lanes cube_root(lanes x)
{
    lanes r = lanes_first_root(x, UINT32_C(0x54a20000), 1.0f / 3.0f);
    const lanes t = x * (r * r * r);
    r = r * (14.0f / 9.0f - t * (7.0f / 9.0f - t * (2.0f / 9.0f)));
    r = r * (4.0f / 3.0f - x * (1.0f / 3.0f) * (r * r * r));
    return x * (r * r);
}

/* x^2.4 for normal x > 0: q → x^(-1/5) by q·(6/5 − x·q⁵/5), then (x·q)³. */
static inline lanes power_2_4(lanes x)
{
    const lanes fifth = x * 0.2f;
    lanes q = lanes_first_root(x, UINT32_C(0x4c2d0000), 0.2f);
    for (int i = 0; i < 3; i++) {
        const lanes square = q * q;
        q = q * (1.2f - fifth * (square * square * q));
    }
    const lanes y = x * q;
    return y * y * y;
}

static inline lanes linear_of_srgb(lanes v)
{
    const lanes high = power_2_4((v + 0.055f) * (1.0f / 1.055f));
    return lanes_pick(v, 0.04045f, high, v * (1.0f / 12.92f));
}

/* v^(1/2.4) = c·c^(1/4) where c = v^(1/3). */
static inline lanes srgb_of_linear(lanes v)
{
    const lanes c = cube_root(lanes_max(v, lanes_all(0.0031308f)));
    const lanes high = 1.055f * (c * lanes_sqrt(lanes_sqrt(c))) - 0.055f;
    return lanes_pick(v, 0.0031308f, high, v * 12.92f);
}

static inline lanes lab_f(lanes t)
{
    const lanes root = cube_root(lanes_max(t, lanes_all(0.008856f)));
    return lanes_pick(t, 0.008856f, root, 7.787f * t + 16.0f / 116.0f);
}

static inline lanes lab_f_inverse(lanes f)
{
    return lanes_pick(f, 0.206893f, f * f * f, (f - 16.0f / 116.0f) * (1.0f / 7.787f));
}

static inline lanes dot(const float row[3], lanes x, lanes y, lanes z)
{
    return row[0] * x + row[1] * y + row[2] * z;
}

/* Linear B, G, R → L, a, b, in place: the first n pixels, and some more up to whole lanes. */
static inline void lab_of_linear(struct lab_block *block, size_t n)
{
    float *c0 = block->v[0], *c1 = block->v[1], *c2 = block->v[2];
    for (size_t i = 0; i < n; i += N_LANES) {
        const lanes b = lanes_load(c0 + i), g = lanes_load(c1 + i), r = lanes_load(c2 + i);
        const lanes y = dot(xyz_of_rgb[1], r, g, b), fy = lab_f(y);
        const lanes fx = lab_f(dot(xyz_of_rgb[0], r, g, b));
        const lanes fz = lab_f(dot(xyz_of_rgb[2], r, g, b));
        lanes_store(c0 + i, lanes_pick(y, 0.008856f, 116.0f * fy - 16.0f, 903.3f * y));
        lanes_store(c1 + i, 500.0f * (fx - fy));
        lanes_store(c2 + i, 200.0f * (fy - fz));
    }
}

static inline lanes srgb_of_xyz(const float row[3], lanes x, lanes y, lanes z)
{
    return srgb_of_linear(lanes_clamp01(dot(row, x, y, z)));
}

static inline void bgr_of_lab(struct lab_block *block, size_t n)
{
    float *c0 = block->v[0], *c1 = block->v[1], *c2 = block->v[2];
    for (size_t i = 0; i < n; i += N_LANES) {
        const lanes l = lanes_load(c0 + i), linear_y = l * (1.0f / 903.3f);
        const lanes high = (l + 16.0f) * (1.0f / 116.0f);
        const lanes fy = lanes_pick(l, 8.0f, high, 7.787f * linear_y + 16.0f / 116.0f);
        const lanes y = lanes_pick(l, 8.0f, high * high * high, linear_y);
        const lanes x = lab_f_inverse(fy + lanes_load(c1 + i) * (1.0f / 500.0f));
        const lanes z = lab_f_inverse(fy - lanes_load(c2 + i) * (1.0f / 200.0f));
        lanes_store(c2 + i, srgb_of_xyz(rgb_of_xyz[0], x, y, z));
        lanes_store(c1 + i, srgb_of_xyz(rgb_of_xyz[1], x, y, z));
        lanes_store(c0 + i, srgb_of_xyz(rgb_of_xyz[2], x, y, z));
    }
}

static inline void linearise(struct lab_block *block, size_t n)
{
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < n; i += N_LANES)
            lanes_store(
                block->v[k] + i, linear_of_srgb(lanes_clamp01(lanes_load(block->v[k] + i))));
}

/* Lanes beyond n hold something, too. */
static inline void fill_up(struct lab_block *block, size_t n)
{
    for (; n % N_LANES != 0; n++)
        for (size_t k = 0; k < 3; k++)
            block->v[k][n] = 0.0f;
}

static inline void take_apart(const float *restrict src, struct lab_block *restrict block, size_t n)
{
    size_t done = 0;
#if defined(__AVX2__)
    for (; done + 8 <= n; done += 8)
        take_apart_8(src + 3 * done, block->v[0] + done, block->v[1] + done, block->v[2] + done);
#endif
    for (size_t i = done; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            block->v[k][i] = src[3 * i + k];
    fill_up(block, n);
}

static inline void look_up(const uint8_t *restrict src, const float linear[256],
    struct lab_block *restrict block, size_t n)
{
    size_t done = 0;
#if defined(__AVX2__)
    for (; done + 8 <= n; done += 8)
        for (size_t k = 0; k < 3; k++)
            _mm256_storeu_ps(block->v[k] + done, look_up_8(src + 3 * done + k, linear));
#endif
    for (size_t i = done; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            block->v[k][i] = linear[src[3 * i + k]];
    fill_up(block, n);
}

static inline void put_together(
    const struct lab_block *restrict block, float *restrict dst, size_t n)
{
    size_t done = 0;
#if defined(__AVX2__)
    for (; done + 8 <= n; done += 8)
        put_together_8(block->v[0] + done, block->v[1] + done, block->v[2] + done, dst + 3 * done);
#endif
    for (size_t i = done; i < n; i++)
        for (size_t k = 0; k < 3; k++)
            dst[3 * i + k] = block->v[k][i];
}

static inline size_t block_at(size_t w, size_t x)
{
    return w - x < MFACE_LAB_BLOCK ? w - x : MFACE_LAB_BLOCK;
}

static void mface_lab_of_u8(const uint8_t *bgr, float *lab, size_t w, const float linear[256])
{
    struct lab_block block;
    for (size_t x = 0; x < w; x += MFACE_LAB_BLOCK) {
        const size_t n = block_at(w, x);
        look_up(bgr + 3 * x, linear, &block, n);
        lab_of_linear(&block, n);
        put_together(&block, lab + 3 * x, n);
    }
}

static void mface_lab_of_f32(const float *bgr, float *lab, size_t w)
{
    struct lab_block block;
    for (size_t x = 0; x < w; x += MFACE_LAB_BLOCK) {
        const size_t n = block_at(w, x);
        take_apart(bgr + 3 * x, &block, n);
        linearise(&block, n);
        lab_of_linear(&block, n);
        put_together(&block, lab + 3 * x, n);
    }
}

static void mface_bgr_of_lab(const float *lab, float *bgr, size_t w)
{
    struct lab_block block;
    for (size_t x = 0; x < w; x += MFACE_LAB_BLOCK) {
        const size_t n = block_at(w, x);
        take_apart(lab + 3 * x, &block, n);
        bgr_of_lab(&block, n);
        put_together(&block, bgr + 3 * x, n);
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
