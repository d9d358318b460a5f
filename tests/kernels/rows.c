/* One row for each kernel: what it works on, and how it is called. To add one, add a row. */
#include "rows.h"

#include "image/kernels.h"
#include "swap/stages.h"

#include <math.h>
#include <stdlib.h>

static enum mface_status run_convert(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)row, (void)variant;
    mface_convert(&images[0], &images[1]);
    return MFACE_OK;
}

static enum mface_status run_gamma(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)variant;
    mface_gamma_u8(&images[0], &images[1], row->values);
    return MFACE_OK;
}

static enum mface_status run_blur(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    // Tests also see other widths, and both borders.
    const double sigma = variant % 3 == 0 ? row->values[0] : 0.4 * (variant % 17);
    return mface_gaussian_blur(&images[0], &images[1], sigma,
        (row->values[1] != 0.0) != (variant % 2 == 1) ? MFACE_BORDER_ZERO : MFACE_BORDER_REFLECT);
}

static enum mface_status run_sharpen(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)variant;
    return mface_sharpen(&images[0], &images[1], 1.0, row->values[0]);
}

static enum mface_status run_pre(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)variant;
    const double *v = row->values;
    const struct mface_pre_params params = { .sharpen = v[0], .gamma_bgr = { v[1], v[2], v[3] } };
    return mface_pre_run(&params, &images[0], &images[1]);
}

static enum mface_status run_resize(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)variant;
    mface_resize(&images[0], &images[1], (enum mface_interp)row->values[0]);
    return MFACE_OK;
}

/* Turns and scales about the middle; values: interpolation, scale, degrees. In tests the picture
 * also lies beside the output in part or whole, and is mirrored and stretched. */
static enum mface_status run_warp(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    const double scale = row->values[1] * (1.0 + 0.13 * (variant % 7));
    const double turn = (row->values[2] + 29.0 * (variant % 13)) * M_PI / 180.0;
    const double a = scale * cos(turn), b = scale * sin(turn), mirror = variant % 5 == 4 ? -1 : 1;
    struct mface_affine mat = { { a * mirror, -b, 0, b * mirror, a, 0 } };
    const struct mface_image *src = &images[0], *dst = &images[1];
    const double shift = variant % 11 == 10 ? 0.7 * dst->w : 0.0;
    mat.m[2] = 0.5 * (dst->w - mat.m[0] * src->w - mat.m[1] * src->h) + shift;
    mat.m[5] = 0.5 * (dst->h - mat.m[3] * src->w - mat.m[4] * src->h);
    mface_warp_affine(src, dst, &mat, (enum mface_interp)row->values[0]);
    return MFACE_OK;
}

/* values: passes, negative to dilate. */
static enum mface_status run_morph(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    const int value = (int)row->values[0], passes = abs(value) + (int)variant;
    return value > 0 ? mface_erode3(&images[0], &images[1], passes)
                     : mface_dilate3(&images[0], &images[1], passes);
}

static enum mface_status run_to_lab(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)row, (void)variant;
    mface_bgr_to_lab(&images[0], &images[1]);
    return MFACE_OK;
}

static enum mface_status run_from_lab(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)row, (void)variant;
    mface_lab_to_bgr(&images[0], &images[1]);
    return MFACE_OK;
}

static enum mface_status run_rct(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)row, (void)variant;
    return mface_color_rct(&images[0], &images[1], &images[2], &images[3]);
}

static enum mface_status run_median(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)row, (void)variant;
    mface_median5(&images[0], &images[1]);
    return MFACE_OK;
}

#define U8(r, channels) { .role = r, .c = channels, .sample = MFACE_SAMPLE_U8 }
#define F32(r, channels) { .role = r, .c = channels, .sample = MFACE_SAMPLE_F32 }
#define U8_BY(r, channels, by) \
    { .role = r, .c = channels, .sample = MFACE_SAMPLE_U8, .scale = by }
#define F32_BY(r, channels, by) \
    { .role = r, .c = channels, .sample = MFACE_SAMPLE_F32, .scale = by }

enum { BILINEAR = MFACE_INTERP_BILINEAR, BICUBIC = MFACE_INTERP_BICUBIC, LANCZOS4 = MFACE_INTERP_LANCZOS4 };

/* clang-format off */
const struct kernel_row kernel_rows[] = {
    { "u8-to-f32", { U8(IN, 3), F32(OUT, 3) }, { 0 }, 224, 224, run_convert },
    { "f32-to-u8", { { IN, 3, MFACE_SAMPLE_F32, .wild = true }, U8(OUT, 3) }, { 0 }, 224, 224,
        run_convert },
    { "gamma", { U8(IN, 3), U8(OUT, 3) }, { 0.9, 1.1, 1.4 }, 224, 224, run_gamma },
    { "gamma-in-place", { U8(IN_OUT, 3) }, { 0.9, 1.1, 1.4 }, 224, 224, run_gamma },
    { "sharpen", { U8(IN, 3), F32(OUT, 3) }, { 1.5 }, 224, 224, run_sharpen },
    { "sharpen-u8", { U8(IN, 3), U8(OUT, 3) }, { 1.5 }, 224, 224, run_sharpen },
    { "preprocess", { U8(IN, 3), U8(OUT, 3) }, { 1.5, 0.9, 1.1, 1.4 }, 224, 224, run_pre },
    { "blur-mask", { F32(IN, 1), F32(OUT, 1) }, { 6.25, 1 }, 224, 224, run_blur },
    { "blur-mask-wide", { F32(IN, 1), F32(OUT, 1) }, { 50, 1 }, 224, 224, run_blur },
    { "blur-u8", { U8(IN, 3), U8(OUT, 3) }, { 1, 0 }, 224, 224, run_blur },
    { "blur-in-place", { F32(IN_OUT, 3) }, { 2, 0 }, 224, 224, run_blur },
    { "erode", { F32(IN, 1), F32(OUT, 1) }, { 2 }, 224, 224, run_morph },
    { "erode-far", { F32(IN, 1), F32(OUT, 1) }, { 50 }, 224, 224, run_morph },
    { "dilate-in-place", { F32(IN_OUT, 1) }, { -2 }, 224, 224, run_morph },
    { "warp-bilinear", { U8(IN, 3), U8_BY(OUT, 3, 0.56) }, { BILINEAR, 0.5, 10 }, 400, 400, run_warp },
    { "warp-bilinear-f32", { U8(IN, 3), F32_BY(OUT, 3, 1.8) }, { BILINEAR, 1.7, 10 }, 224, 224, run_warp },
    { "warp-bilinear-mask", { F32(IN, 1), F32_BY(OUT, 1, 1.8) }, { BILINEAR, 1.7, 10 }, 224, 224, run_warp },
    { "warp-bilinear-u8-mask", { U8(IN, 1), F32_BY(OUT, 1, 1.8) }, { BILINEAR, 1.7, 10 }, 224, 224, run_warp },
    { "warp-bilinear-u8-grey", { U8(IN, 1), U8_BY(OUT, 1, 1.8) }, { BILINEAR, 1.7, 10 }, 224, 224, run_warp },
    { "warp-f32-f32", { F32(IN, 3), F32_BY(OUT, 3, 1.8) }, { BILINEAR, 1.7, 10 }, 224, 224, run_warp },
    { "warp-bicubic", { U8(IN, 3), U8_BY(OUT, 3, 1.8) }, { BICUBIC, 1.7, 10 }, 224, 224, run_warp },
    { "warp-bicubic-f32", { U8(IN, 3), F32_BY(OUT, 3, 1.8) }, { BICUBIC, 1.7, 10 }, 224, 224, run_warp },
    { "warp-lanczos4", { U8(IN, 3), U8_BY(OUT, 3, 1.8) }, { LANCZOS4, 1.7, 10 }, 224, 224, run_warp },
    { "warp-lanczos4-f32", { U8(IN, 3), F32_BY(OUT, 3, 1.8) }, { LANCZOS4, 1.7, 10 }, 224, 224, run_warp },
    { "resize-bilinear", { U8(IN, 3), U8_BY(OUT, 3, 1.43) }, { BILINEAR }, 224, 224, run_resize },
    { "resize-bilinear-f32", { U8(IN, 3), F32_BY(OUT, 3, 1.43) }, { BILINEAR }, 224, 224, run_resize },
    { "resize-f32-u8", { F32(IN, 3), U8_BY(OUT, 3, 0.7) }, { BILINEAR }, 320, 320, run_resize },
    { "resize-mask", { F32(IN, 1), F32_BY(OUT, 1, 0.7) }, { BILINEAR }, 320, 320, run_resize },
    { "resize-bicubic", { U8(IN, 3), U8_BY(OUT, 3, 0.5) }, { BICUBIC }, 1280, 720, run_resize },
    { "resize-bicubic-up", { U8(IN, 3), U8_BY(OUT, 3, 2) }, { BICUBIC }, 640, 360, run_resize },
    { "resize-lanczos4", { U8(IN, 3), U8_BY(OUT, 3, 1.43) }, { LANCZOS4 }, 224, 224, run_resize },
    { "bgr-to-lab", { U8(IN, 3), F32(OUT, 3) }, { 0 }, 224, 224, run_to_lab },
    { "bgr-to-lab-f32", { F32(IN, 3), F32(OUT, 3) }, { 0 }, 224, 224, run_to_lab },
    { "lab-to-bgr", { { IN, 3, MFACE_SAMPLE_F32, .low = -20, .high = 100 }, F32(OUT, 3) }, { 0 }, 224, 224, run_from_lab },
    { "color-transfer", { U8(IN, 3), U8(IN, 3), F32(IN, 1), F32(OUT, 3) }, { 0 }, 224, 224, run_rct },
    { "median", { U8(IN, 3), U8(OUT, 3) }, { 0 }, 1280, 720, run_median },
    { "median-f32", { F32(IN, 3), F32(OUT, 3) }, { 0 }, 640, 360, run_median },
    { 0 },
};
/* clang-format on */
