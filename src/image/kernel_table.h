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

#include "image/lab.h"
#include "image/resample.h"
#include "image/samples.h"
#include "image/warp.h"

#include <stddef.h>
#include <stdint.h>

struct mface_kernel_table {
    /* dst[i] = src[i] / 255. */
    void (*u8_to_f32)(const uint8_t *src, float *dst, size_t n);
    /* dst[i] = src[i] × 255, rounded to nearest and clamped; NaN gives 0. */
    void (*f32_to_u8)(const float *src, uint8_t *dst, size_t n);
    /* The same without the factor: dst[i] = src[i]; and back, rounded and clamped. */
    void (*u8_to_codes)(const uint8_t *src, float *dst, size_t n);
    void (*codes_to_u8)(const float *src, uint8_t *dst, size_t n);
    /* dst[3x + k] = table[k][src[3x + k]] for w pixels; src may be dst. */
    void (*map_bgr)(const uint8_t *src, uint8_t *dst, size_t w, const uint8_t table[3][256]);
    /* Strips of pictures (strip.h) and covers (cover.h). */
    struct mface_strip_kernels strip;
    /* dst[i] = taps[0]·centre[i] + Σ taps[k]·(centre[i - k·step] + centre[i + k·step]), k
     * = 1..radius in turn; and the same down columns: centre[k] is the row k below the present one.
     */
    void (*convolve_row)(
        const float *taps, int radius, const float *centre, size_t step, float *dst, size_t n);
    void (*convolve_rows)(
        const float *taps, int radius, const float *const *centre, float *dst, size_t n);
    /* dst[i] = x[i]·(1 + amount) - blurred[i]·amount, clamped to 0..1. */
    void (*sharpen)(const float *x, const float *blurred, float *dst, size_t n, float amount);
    /* The same × 255 + excess, with the fraction cut off; excess within 0..1/2. */
    void (*sharpen_u8)(
        const float *x, const float *blurred, uint8_t *dst, size_t n, float amount, float excess);
    /* dst[i] = the least, or greatest, of rows[0..4][i]. */
    void (*least5)(const float *const rows[5], float *dst, size_t n);
    void (*greatest5)(const float *const rows[5], float *dst, size_t n);
    /* w pixels of BGR to L*a*b* and back; linear[] is linear light of each U8 value. F32 works in
     * place. */
    void (*lab_of_u8)(const uint8_t *bgr, float *lab, size_t w, const float linear[256]);
    void (*lab_of_f32)(const float *bgr, float *lab, size_t w);
    void (*bgr_of_lab)(const float *lab, float *bgr, size_t w);
    /* weights[3x + k] = 1 where mask[x] is at least cutoff, else 0. */
    void (*choose_pixels)(const float *mask, float cutoff, float *weights, size_t w);
    /* Adds n samples, each times its weight, and their squares to the lanes (lab.h); in place, each
     * sample by its line. */
    void (*add_moments)(
        const float *values, const float *weights, size_t n, struct mface_moments *moments);
    void (*apply_lines)(float *values, size_t n, const struct mface_lines *lines);
    /* dst[i] = the median of rows[0..4][i + k·step], k = -2..2; the rows may be read from -2·step
     * up to n + 2·step, and dst is none of them. step is 1 or 3. */
    void (*median5_u8)(const void *const rows[5], size_t step, void *dst, size_t n);
    void (*median5_f32)(const void *const rows[5], size_t step, void *dst, size_t n);
    /* A strip of a row, of 1 or 3 channels (resample.h). */
    mface_resample_fn resample[2];
    /* dst[i] = Σ weights[j]·rows[j][i], j in turn; n_rows 2, 4 or 8. */
    void (*weigh_rows)(
        const float *const *rows, const float *weights, int n_rows, float *dst, size_t n);
    /* A span of a warp, by interpolation, samples, and 1 or 3 channels (warp.h). */
    mface_warp_fn warp[MFACE_N_INTERPS][MFACE_N_WARP_KINDS][2];
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
void mface_gaussian_fill_c(struct mface_kernel_table *table);
void mface_gaussian_fill_avx2(struct mface_kernel_table *table);
void mface_gaussian_fill_avx512(struct mface_kernel_table *table);
void mface_lab_fill_c(struct mface_kernel_table *table);
void mface_lab_fill_avx2(struct mface_kernel_table *table);
void mface_lab_fill_avx512(struct mface_kernel_table *table);
void mface_pack_fill_avx2(struct mface_kernel_table *table);
void mface_pairs_fill_avx2(struct mface_kernel_table *table);
void mface_median_fill_c(struct mface_kernel_table *table);
void mface_median_fill_avx2(struct mface_kernel_table *table);
void mface_median_fill_avx512(struct mface_kernel_table *table);
void mface_morphology_fill_c(struct mface_kernel_table *table);
void mface_pointwise_fill_avx2(struct mface_kernel_table *table);
void mface_pointwise_fill_avx512(struct mface_kernel_table *table);
void mface_resample_fill_avx2(struct mface_kernel_table *table);
void mface_resample_fill_avx512(struct mface_kernel_table *table);
void mface_resize_fill_c(struct mface_kernel_table *table);
void mface_sharpen_fill_c(struct mface_kernel_table *table);
void mface_warp_fill_c(struct mface_kernel_table *table);
void mface_warp_bilinear_fill_avx2(struct mface_kernel_table *table);
void mface_warp_taps_fill_avx2(struct mface_kernel_table *table);
void mface_warp_taps_fill_avx512(struct mface_kernel_table *table);

#endif
