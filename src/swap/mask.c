/* The mask of a face: which pixels of the crop are replaced, and how softly.
 *
 * DeepFaceLive erodes and blurs a mask in the middle of a field of zeros three times its side.
 * What it gets is what one gets at the mask's own size when everything outside counts as zero: an
 * eroding diamond of radius p sees an outside zero exactly when it is centred fewer than p pixels
 * from the edge, so clearing a frame p pixels wide does it; a diamond that grows outwards never
 * returns; and the blurred border is cleared before the blur in either case. */
#include "base/log.h"
#include "swap/stages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SHADES = 255 };

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static void fill_ones(const struct mface_image *out)
{
    for (int y = 0; y < out->h; y++)
        for (int x = 0; x < out->w; x++)
            mface_image_row_f32(out, y)[x] = 1.0f;
}

static void multiply(const struct mface_image *out, const struct mface_image *mask)
{
    assert(mask->w == out->w && mask->h == out->h && mask->c == 1);
    for (int y = 0; y < out->h; y++) {
        const uint8_t *from = mface_image_row_u8(mask, y);
        float *to = mface_image_row_f32(out, y);
        for (int x = 0; x < out->w; x++)
            to[x] *= (float)from[x] / (float)SHADES;
    }
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
        return mface_gaussian_blur(out, out, 0.25 * blur_px, MFACE_BORDER_ZERO);
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
