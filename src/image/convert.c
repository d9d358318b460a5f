/* Sample conversion between U8 (0..255) and F32 (0..1). */
#include "image/interp.h"
#include "image/kernel_table.h"

#include <assert.h>
#include <string.h>

static void u8_to_f32(const uint8_t *restrict src, float *restrict dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)src[i] / 255.0f;
}

static void f32_to_u8(const float *restrict src, uint8_t *restrict dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = mface_round_u8(src[i] * 255.0f);
}

static void u8_to_codes(const uint8_t *restrict src, float *restrict dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i];
}

static void codes_to_u8(const float *restrict src, uint8_t *restrict dst, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = mface_round_u8(src[i]);
}

void mface_convert_fill_c(struct mface_kernel_table *table)
{
    table->u8_to_f32 = u8_to_f32;
    table->f32_to_u8 = f32_to_u8;
    table->u8_to_codes = u8_to_codes;
    table->codes_to_u8 = codes_to_u8;
}

void mface_convert(const struct mface_image *src, const struct mface_image *dst)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c);
    const struct mface_kernel_table *kernels = mface_kernel_table();
    const size_t n = (size_t)src->w * (size_t)src->c;
    for (int y = 0; y < src->h; y++) {
        if (src->sample == dst->sample)
            memcpy(mface_image_row_u8(dst, y), mface_image_row_u8(src, y),
                n * mface_sample_bytes(src->sample));
        else if (src->sample == MFACE_SAMPLE_U8)
            kernels->u8_to_f32(mface_image_row_u8(src, y), mface_image_row_f32(dst, y), n);
        else
            kernels->f32_to_u8(mface_image_row_f32(src, y), mface_image_row_u8(dst, y), n);
    }
}
