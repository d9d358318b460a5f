/* Sample conversion between U8 (0..255) and F32 (0..1). */
#include "image/interp.h"

#include <assert.h>
#include <string.h>

static void convert_row_to_f32(const uint8_t *restrict src, float *restrict dst, int n)
{
    for (int i = 0; i < n; i++)
        dst[i] = (float)src[i] / 255.0f;
}

static void convert_row_to_u8(const float *restrict src, uint8_t *restrict dst, int n)
{
    for (int i = 0; i < n; i++)
        dst[i] = mface_round_u8(src[i] * 255.0f);
}

void mface_convert(const struct mface_image *src, const struct mface_image *dst)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c);
    const int n = src->w * src->c;
    for (int y = 0; y < src->h; y++) {
        if (src->sample == dst->sample)
            memcpy(mface_image_row_u8(dst, y), mface_image_row_u8(src, y),
                (size_t)n * mface_sample_bytes(src->sample));
        else if (src->sample == MFACE_SAMPLE_U8)
            convert_row_to_f32(mface_image_row_u8(src, y), mface_image_row_f32(dst, y), n);
        else
            convert_row_to_u8(mface_image_row_f32(src, y), mface_image_row_u8(dst, y), n);
    }
}
