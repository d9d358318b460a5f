/* The inner loops of the pixel kernels, one pointer each, at the best level this CPU has.
 *
 * The functions of kernels.h deal with geometry, borders and memory, and call these for the pixels.
 * There is one table for each level; a level starts as a copy of the one below and replaces what it
 * does better. Every level gives the same bits as the C code: floating-point kernels do the same
 * operations in the same order for each sample and nothing is contracted to multiply-add; sums over
 * many samples keep MFACE_SUM_LANES partial sums in C as well.
 *
 * Common rules: rows need no alignment, nothing outside them is read or written, n ≥ 0, and src and
 * dst are different rows unless it says otherwise. Thread-safe. */
#ifndef MFACE_IMAGE_KERNEL_TABLE_H
#define MFACE_IMAGE_KERNEL_TABLE_H

#include "image/samples.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mface_kernel_table {
    /* dst[i] = src[i] / 255. */
    void (*u8_to_f32)(const uint8_t *src, float *dst, size_t n);
    /* dst[i] = src[i] × 255, rounded to nearest and clamped; NaN gives 0. */
    void (*f32_to_u8)(const float *src, uint8_t *dst, size_t n);
    /* dst[3x + k] = table[k][src[3x + k]] for w pixels; src may be dst. */
    void (*map_bgr)(const uint8_t *src, uint8_t *dst, size_t w, const uint8_t table[3][256]);

    /* Strips of pictures (image/strip.h); rows of floats hold MFACE_STRIP_W. */
    /* out[i] = the value of sample i. */
    void (*load_samples)(const struct mface_samples *from, int n, float *out);
    /* Sample i = values[i] as a code, where mask[i] > 0. */
    void (*store_samples)(
        const struct mface_samples *to, int n, const float *values, const float *mask);
    /* Sample i, which covers n_pixels, = the mean of sums[i] and, for each pixel that n_written[i]
     * leaves, its present value; where n_written[i] > 0. */
    void (*store_means)(const struct mface_samples *to, int n, float n_pixels, const float *sums,
        const float *n_written);
    /* In place: Y, Pb, Pr to R, G, B, and back. */
    void (*rgb_from_yuv)(
        const struct mface_yuv_weights *weights, int n, float *v0, float *v1, float *v2);
    void (*yuv_from_rgb)(
        const struct mface_yuv_weights *weights, int n, float *v0, float *v1, float *v2);
    /* For each of n pairs of pixels, adds those with mask > 0 to the sums, left before right. */
    void (*add_chroma_pairs)(int n, const float *pb, const float *pr, const float *mask,
        float *pb_sums, float *pr_sums, float *n_written);
    /* out[2i] = out[2i + 1] = from[i]. */
    void (*double_samples)(int n, const float *from, float *out);
    /* frame = frame·(1 − w) + face·w, w = mask · opacity; then, with steps, frame +=
     * w·((floor(frame·steps) + 1/2)/steps − frame), |frame·steps| < 2^31. */
    void (*blend)(
        const struct mface_blend *blend, int n, float *frame, const float *face, const float *mask);
    /* A run of a bilinear U8 warp, as mface_cover_run() says. */
    bool (*cover_run)(const struct mface_cover_run *run, float *mask, float *r, float *g, float *b);
};

enum mface_kernel_level {
    MFACE_KERNELS_C,
    MFACE_KERNELS_AVX2,
    MFACE_KERNELS_AVX512,      // F, BW, DQ, VL
    MFACE_KERNELS_AVX512_VBMI, // and byte permutes across a register
    MFACE_N_KERNEL_LEVELS,
};

/* The level that mface_cpu_flags() allows now, and its table. Static storage. */
enum mface_kernel_level mface_kernel_level(void);
const struct mface_kernel_table *mface_kernel_table(void);

/* What each file with kernels provides: puts its functions into a table. */
void mface_convert_fill_c(struct mface_kernel_table *table);
void mface_convert_fill_avx2(struct mface_kernel_table *table);
void mface_convert_fill_avx512(struct mface_kernel_table *table);
void mface_gamma_fill_c(struct mface_kernel_table *table);
void mface_gamma_fill_vbmi(struct mface_kernel_table *table);
void mface_strip_fill_c(struct mface_kernel_table *table);
void mface_strip_fill_avx2(struct mface_kernel_table *table);
void mface_strip_fill_avx512(struct mface_kernel_table *table);
void mface_cover_fill_c(struct mface_kernel_table *table);
void mface_cover_fill_avx2(struct mface_kernel_table *table);
void mface_cover_fill_avx512(struct mface_kernel_table *table);

#endif
