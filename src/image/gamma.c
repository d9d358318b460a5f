/* Gamma: one table of 256 entries per channel, since a U8 channel has no more values than that. */
#include "image/kernel_table.h"
#include "image/kernels.h"

#include <assert.h>
#include <math.h>

static void fill_table(uint8_t table[256], double gamma)
{
    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)(pow(i / 255.0, 1.0 / gamma) * 255.0 + 0.5);
}

static void map_bgr(const uint8_t *src, uint8_t *dst, size_t w, const uint8_t table[3][256])
{
    for (size_t x = 0; x < w; x++, src += 3, dst += 3) {
        dst[0] = table[0][src[0]];
        dst[1] = table[1][src[1]];
        dst[2] = table[2][src[2]];
    }
}

void mface_gamma_fill_c(struct mface_kernel_table *table)
{
    table->map_bgr = map_bgr;
}

/* The tables of the last call: gamma stays the same for a whole video, and 768 powers take as long
 * as a face does. */
struct memo {
    double gamma_bgr[3];
    uint8_t table[3][256];
};

static void update_memo(struct memo *memo, const double gamma_bgr[3])
{
    for (int i = 0; i < 3; i++) {
        if (memo->gamma_bgr[i] == gamma_bgr[i])
            continue;
        memo->gamma_bgr[i] = gamma_bgr[i];
        fill_table(memo->table[i], gamma_bgr[i]);
    }
}

void mface_gamma_u8(
    const struct mface_image *src, const struct mface_image *dst, const double gamma_bgr[3])
{
    assert(src->c == 3 && src->sample == MFACE_SAMPLE_U8);
    assert(dst->c == 3 && dst->sample == MFACE_SAMPLE_U8 && dst->w == src->w && dst->h == src->h);
    const struct mface_kernel_table *kernels = mface_kernel_table();
    static _Thread_local struct memo memo;
    update_memo(&memo, gamma_bgr);
    for (int y = 0; y < src->h; y++)
        kernels->map_bgr(
            mface_image_row_u8(src, y), mface_image_row_u8(dst, y), (size_t)src->w, memo.table);
}
