/* Unsharp mask: what a blur takes away is added once more. A row at a time: blurred, sharpened,
 * stored, while it is in the nearest cache. */
#include "image/blur.h"
#include "image/pointwise.h"

#include <assert.h>

void mface_sharpen_fill_c(struct mface_kernel_table *table)
{
    table->sharpen = mface_pointwise_sharpen;
    table->sharpen_u8 = mface_pointwise_sharpen_u8;
}

/* What is added to bytes before their fraction is cut off: rounds to nearest; or keeps a flat area,
 * whose blur is itself but for float noise, from losing a level. */
#define ROUNDING (1.0f / 2.0f)
#define CUTTING  (1.0f / 1024.0f)

static void sharpen_row(
    struct mface_blur *blur, int y, float amount, float excess, const struct mface_image *dst)
{
    const size_t n = (size_t)dst->w * (size_t)dst->c;
    const float *blurred = mface_blur_row(blur, y, NULL), *source = mface_blur_source(blur, y);
    if (dst->sample == MFACE_SAMPLE_F32)
        blur->kernels->sharpen(source, blurred, mface_image_row_f32(dst, y), n, amount);
    else
        blur->kernels->sharpen_u8(source, blurred, mface_image_row_u8(dst, y), n, amount, excess);
}

/* The excess makes bytes of a U8 dst. */
static enum mface_status sharpen(const struct mface_image *src, const struct mface_image *dst,
    double sigma, double amount, float excess)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c);
    struct mface_blur blur;
    const enum mface_status status = mface_blur_init(&blur, src, sigma, MFACE_BORDER_REFLECT, true);
    for (int y = 0; status == MFACE_OK && y < src->h; y++)
        sharpen_row(&blur, y, (float)amount, excess, dst);
    mface_blur_clear(&blur);
    return status;
}

enum mface_status mface_sharpen(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount)
{
    return sharpen(src, dst, sigma, amount, ROUNDING);
}

enum mface_status mface_sharpen_cut(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount)
{
    assert(dst->sample == MFACE_SAMPLE_U8);
    return sharpen(src, dst, sigma, amount, CUTTING);
}
