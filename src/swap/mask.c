/* The mask of a face: which pixels of the crop are replaced, and how softly.
 *
 * DeepFaceLive erodes and blurs a mask in the middle of a field of zeros three times its side.
 * What it gets is what one gets at the mask's own size when everything outside counts as zero: an
 * eroding diamond of radius p sees an outside zero exactly when it is centred fewer than p pixels
 * from the edge, so clearing a frame p pixels wide does it; a diamond that grows outwards never
 * returns; and the blurred border is cleared before the blur in either case. */
#include "base/log.h"
#include "image/kernel_table.h"
#include "image/kernels.h"
#include "swap/merge_reach.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static void fill_ones(const struct mface_image *out)
{
    for (int y = 0; y < out->h; y++)
        for (int x = 0; x < out->w; x++)
            mface_image_row_f32(out, y)[x] = 1.0f;
}

static void multiply_row(const uint8_t *from, float *to, int n)
{
    enum { BLOCK = 256 };
    float factors[BLOCK];
    for (int x = 0; x < n; x += BLOCK) {
        const int w = min_int(BLOCK, n - x);
        mface_kernel_table()->u8_to_f32(from + x, factors, (size_t)w);
        for (int i = 0; i < w; i++)
            to[x + i] *= factors[i];
    }
}

static void multiply(const struct mface_image *out, const struct mface_image *mask)
{
    assert(mask->w == out->w && mask->h == out->h && mask->c == 1);
    for (int y = 0; y < out->h; y++)
        multiply_row(mface_image_row_u8(mask, y), mface_image_row_f32(out, y), out->w);
}

/* Zeroes every pixel that has fewer than `width` pixels between itself and the outside. */
static void clear_frame(const struct mface_image *mask, int width)
{
    const int side = min_int(width, mask->w);
    for (int y = 0; y < mask->h; y++) {
        float *row = mface_image_row_f32(mask, y);
        const bool whole = y < width || y >= mask->h - width;
        memset(row, 0, (size_t)(whole ? mask->w : side) * sizeof(float));
        memset(row + mask->w - side, 0, (size_t)side * sizeof(float));
    }
}

static enum mface_status grow(const struct mface_image *mask, int erode_px, int passes)
{
    if (erode_px > 0)
        return mface_erode3(mask, mask, passes);
    if (erode_px < 0)
        return mface_dilate3(mask, mask, passes);
    return MFACE_OK;
}

/* Only what is not 0, and what that reaches, can change. Rows of whole vectors are blurred sooner
 * than such as have an end of their own. */
static enum mface_status blur(const struct mface_image *mask, double sigma)
{
    enum { COLUMNS = 32 };
    const int reach = mface_gaussian_reach_f32(sigma);
    const struct mface_rect set = mface_merge_nonzero(mask);
    if (mface_rect_is_empty(set))
        return MFACE_OK;
    const int l = max_int(set.l - reach, 0) / COLUMNS * COLUMNS;
    const int w = (set.r + reach - l + COLUMNS - 1) / COLUMNS * COLUMNS;
    const struct mface_rect reached = { l, max_int(set.t - reach, 0), min_int(l + w, mask->w),
        min_int(set.b + reach, mask->h) };
    const struct mface_image part = mface_merge_view(mask, reached);
    return mface_gaussian_blur(&part, &part, sigma, MFACE_BORDER_ZERO);
}

enum mface_status mface_mask_erode_blur(
    const struct mface_image *mask, int erode_px, int blur_px, const struct mface_image *out)
{
    assert(mask->c == 1 && mask->sample == MFACE_SAMPLE_F32 && out->sample == MFACE_SAMPLE_F32);
    if (mask->data != out->data)
        mface_convert(mask, out);
    const int half = abs(erode_px) / 2, passes = half > 1 ? half : 1;
    const int fade = blur_px / 2, eroded = erode_px > 0 ? passes : 0;
    MFACE_TRY(grow(out, erode_px, passes));
    clear_frame(out, fade > eroded ? fade : eroded);
    if (blur_px > 0)
        return blur(out, 0.25 * blur_px);
    return MFACE_OK;
}

enum mface_status mface_mask_build(const struct mface_mask_params *params,
    const struct mface_image *source, const struct mface_image *celeb,
    const struct mface_image *landmarks, const struct mface_image *out)
{
    fill_ones(out);
    if (params->use_source)
        multiply(out, source);
    if (params->use_celeb)
        multiply(out, celeb);
    if (params->use_landmarks)
        multiply(out, landmarks);
    return mface_mask_erode_blur(out, params->erode_px, params->blur_px, out);
}
