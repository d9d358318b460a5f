/* Pixel kernels: whole-image operations, each with one formula, written in C first.
 *
 * Common rules: `dst` is allocated by the caller and never overlaps `src` unless a kernel says it
 * works in place; images have ≥ 1 pixel; kernels do not fail, do not allocate unless they return a
 * status, and are thread-safe. U8 results are rounded to nearest and clamped. The formulas are
 * those of DeepFaceLive's ImageProcessor (OpenCV semantics). */
#ifndef MFACE_IMAGE_KERNELS_H
#define MFACE_IMAGE_KERNELS_H

#include "image/affine.h"
#include "image/picture.h"
#include <memoface/image.h>

enum mface_interp {
    MFACE_INTERP_BILINEAR,
    MFACE_INTERP_BICUBIC,  // a = -0.75
    MFACE_INTERP_LANCZOS4, // 8×8 taps
    MFACE_N_INTERPS,
};

/* dst(x, y) = src at src_to_dst⁻¹(x, y); 0 outside the source. c 1 or 3; sample types may differ:
 * U8→U8, U8→F32 (scaled to 0..1), F32→F32. Pixel centres lie at integer coordinates; positions are
 * rounded to 1/32 pixel, as OpenCV's warpAffine does. A singular matrix gives 0 everywhere. */
void mface_warp_affine(const struct mface_image *src, const struct mface_image *dst,
    const struct mface_affine *src_to_dst, enum mface_interp interp);

/* Resizes with pixel centres at half-integers (OpenCV's resize), edges replicated, no low-pass when
 * shrinking. Sample types may differ, scaled as mface_convert() does; F32→F32 is not clamped. */
void mface_resize(
    const struct mface_image *src, const struct mface_image *dst, enum mface_interp interp);

/* U8 ↔ F32 (÷ 255, × 255 rounded and clamped), same size and channels. */
void mface_convert(const struct mface_image *src, const struct mface_image *dst);

/* dst = src^(1/gamma) per channel, U8, c 3; gamma in the order blue, green, red, each 0.01..4.
 * Works in place. */
void mface_gamma_u8(
    const struct mface_image *src, const struct mface_image *dst, const double gamma_bgr[3]);

/* What a neighbourhood sees beyond the image's edge. */
enum mface_border {
    MFACE_BORDER_REFLECT, // the image mirrored about its edge pixels (OpenCV's REFLECT_101)
    MFACE_BORDER_ZERO,
};

/* Separable gaussian, F32 or U8, same size, channels and sample. The radius follows OpenCV's
 * GaussianBlur for ksize 0: round(sigma × 4 × 2 + 1) | 1 taps for F32, × 3 for U8. Sigma ≤ 0
 * copies. Works in place. MFACE_ERR_NOMEM for its row buffers. */
MFACE_NODISCARD enum mface_status mface_gaussian_blur(const struct mface_image *src,
    const struct mface_image *dst, double sigma, enum mface_border border);

/* How many pixels of a plane of F32 that blur reaches on each side. */
int mface_gaussian_reach_f32(double sigma);

/* Unsharp mask: x·(1 + amount) − blur(x, sigma)·amount, clamped to 0..1 (0..255). U8 or F32 on
 * either side; the blur is F32's. Works in place. MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_sharpen(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount);

/* The same from U8 or F32 to U8, but with the fraction of a level cut off, not rounded. */
MFACE_NODISCARD enum mface_status mface_sharpen_cut(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount);

/* Median of 5×5, edges replicated, F32 or U8, per channel. */
void mface_median5(const struct mface_image *src, const struct mface_image *dst);

/* Grey-level erosion and dilation by OpenCV's 3×3 ellipse (a plus shape), `passes` times; outside
 * counts as never winning. F32, c 1. Works in place. MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_erode3(
    const struct mface_image *src, const struct mface_image *dst, int passes);
MFACE_NODISCARD enum mface_status mface_dilate3(
    const struct mface_image *src, const struct mface_image *dst, int passes);

/* CIE L*a*b* of sRGB colours under D65, as OpenCV's BGR2LAB defines it for floats: L 0..100,
 * a and b about ±127. BGR in (U8, or F32 clamped to 0..1), LAB out (F32), c 3. Works in place on
 * F32. */
void mface_bgr_to_lab(const struct mface_image *bgr, const struct mface_image *lab);

/* The inverse, clamped to the sRGB gamut: LAB (F32) to BGR (F32 0..1). Works in place. */
void mface_lab_to_bgr(const struct mface_image *lab, const struct mface_image *bgr);

/* Mean and standard deviation of a channel. */
struct mface_lab_stats {
    double mean, deviation;
};

/* In the next two `part` is a part of the image beyond which no pixel's mask reaches the cutoff;
 * its first column is a multiple of 8, so that sums do not depend on it. */

/* Statistics of an image's L, a and b over all its pixels, where those with a mask (F32, c 1) below
 * `cutoff` count as zero. The LAB values of `part` go to `lab` (F32) as well, unless that is NULL.
 */
void mface_lab_measure(const struct mface_image *bgr, const struct mface_image *mask, float cutoff,
    struct mface_rect part, const struct mface_image *lab, struct mface_lab_stats stats[3]);

/* Shifts and stretches each channel of `part` so that statistics `from` become `to` (where it has
 * any variation), keeps it within LAB's range, and converts to BGR (F32 0..1), which may be `lab`
 * itself; `lab` is overwritten there. */
void mface_lab_adopt(const struct mface_image *lab, const struct mface_lab_stats from[3],
    const struct mface_lab_stats to[3], struct mface_rect part, const struct mface_image *bgr);

#endif
