/* Unsharp mask: what a blur takes away is added once more. */
#include "base/log.h"
#include "image/kernels.h"

#include <assert.h>

static inline float clamp01(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

static void sharpen_row(float *blurred, const float *x, int n, float amount)
{
    for (int i = 0; i < n; i++)
        blurred[i] = clamp01(x[i] * (1.0f + amount) - blurred[i] * amount);
}

/* `blurred` comes in as the blur of `src` and goes out as the sharpened image. */
static enum mface_status sharpen_f32(
    const struct mface_image *src, const struct mface_image *blurred, double sigma, double amount)
{
    MFACE_TRY(mface_gaussian_blur(src, blurred, sigma, MFACE_BORDER_REFLECT));
    for (int y = 0; y < src->h; y++)
        sharpen_row(mface_image_row_f32(blurred, y), mface_image_row_f32(src, y), src->w * src->c,
            (float)amount);
    return MFACE_OK;
}

enum mface_status mface_sharpen(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c);
    struct mface_image x = { 0 }, blurred = { 0 };
    enum mface_status status = mface_image_init(&x, src->w, src->h, src->c, MFACE_SAMPLE_F32);
    if (status == MFACE_OK)
        status = mface_image_init(&blurred, src->w, src->h, src->c, MFACE_SAMPLE_F32);
    if (status == MFACE_OK) {
        mface_convert(src, &x);
        status = sharpen_f32(&x, &blurred, sigma, amount);
    }
    if (status == MFACE_OK)
        mface_convert(&blurred, dst);
    mface_image_clear(&x);
    mface_image_clear(&blurred);
    return status;
}
