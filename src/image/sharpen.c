/* Unsharp mask: what a blur takes away is added once more. A row at a time: blurred, sharpened,
 * stored, while it is in the nearest cache. */
#include "base/log.h"
#include "base/mem.h"
#include "image/blur.h"
#include "image/pointwise.h"

#include <assert.h>

void mface_sharpen_fill_c(struct mface_kernel_table *table)
{
    table->sharpen = mface_pointwise_sharpen;
    table->cut_to_u8 = mface_pointwise_cut_to_u8;
}

typedef void (*to_u8_fn)(const float *src, uint8_t *dst, size_t n);

static void sharpen_row(
    struct mface_blur *blur, int y, float amount, float *fine, const struct mface_image *dst)
{
    const size_t n = (size_t)dst->w * (size_t)dst->c;
    const float *blurred = mface_blur_row(blur, y, NULL);
    if (dst->sample == MFACE_SAMPLE_F32)
        fine = mface_image_row_f32(dst, y);
    blur->kernels->sharpen(mface_blur_source(blur, y), blurred, fine, n, amount);
}

/* to_u8 makes rows of a U8 dst. */
static enum mface_status sharpen(const struct mface_image *src, const struct mface_image *dst,
    double sigma, double amount, to_u8_fn to_u8)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c);
    const size_t n = (size_t)src->w * (size_t)src->c;
    struct mface_blur blur = { 0 };
    float *fine = mface_mem_alloc(n * sizeof(float));
    enum mface_status status = fine ? MFACE_OK : mface_fail_nomem("sharpening");
    if (status == MFACE_OK)
        status = mface_blur_init(&blur, src, sigma, MFACE_BORDER_REFLECT, true);
    for (int y = 0; status == MFACE_OK && y < src->h; y++) {
        sharpen_row(&blur, y, (float)amount, fine, dst);
        if (dst->sample == MFACE_SAMPLE_U8)
            to_u8(fine, mface_image_row_u8(dst, y), n);
    }
    mface_blur_clear(&blur);
    mface_mem_free(fine);
    return status;
}

enum mface_status mface_sharpen(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount)
{
    return sharpen(src, dst, sigma, amount, mface_kernel_table()->f32_to_u8);
}

enum mface_status mface_sharpen_cut(
    const struct mface_image *src, const struct mface_image *dst, double sigma, double amount)
{
    assert(dst->sample == MFACE_SAMPLE_U8);
    return sharpen(src, dst, sigma, amount, mface_kernel_table()->cut_to_u8);
}
