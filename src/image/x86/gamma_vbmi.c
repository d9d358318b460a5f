/* Table look-ups of 64 bytes at once.
 *
 * A permute of two registers looks up 64 indices among 128 bytes by their low 7 bits; bit 7 picks
 * between two such. In 192 bytes of packed BGR each of three registers begins with another channel,
 * so there are three masks that say which bytes are blue, green and red. */
#include "image/kernel_table.h"

#include <immintrin.h>

struct lut {
    __m512i part[4];
};

static inline struct lut load_lut(const uint8_t table[256])
{
    struct lut lut;
    for (int i = 0; i < 4; i++)
        lut.part[i] = _mm512_loadu_si512(table + 64 * i);
    return lut;
}

static inline __m512i look_up(const struct lut *lut, __m512i index)
{
    const __m512i low = _mm512_permutex2var_epi8(lut->part[0], index, lut->part[1]);
    const __m512i high = _mm512_permutex2var_epi8(lut->part[2], index, lut->part[3]);
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(index), high);
}

/* Bytes of a register whose position is 0 modulo 3, when the first has position `phase`. */
static inline __mmask64 channel_mask(unsigned phase)
{
    const uint64_t every_third = UINT64_C(0x9249249249249249); // bits 0, 3, 6, … 63
    return phase == 0 ? every_third : phase == 1 ? every_third << 2 : every_third << 1;
}

static void map_bgr(const uint8_t *src, uint8_t *dst, size_t w, const uint8_t table[3][256])
{
    const struct lut b = load_lut(table[0]), g = load_lut(table[1]), r = load_lut(table[2]);
    const size_t n = 3 * w;
    for (size_t i = 0; i < n; i += 64) {
        const __mmask64 m = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : ~UINT64_C(0);
        const __mmask64 is_b = channel_mask(i % 3), is_g = channel_mask((i + 2) % 3);
        const __m512i index = _mm512_maskz_loadu_epi8(m, src + i);
        __m512i out = look_up(&r, index);
        out = _mm512_mask_mov_epi8(out, is_g, look_up(&g, index));
        out = _mm512_mask_mov_epi8(out, is_b, look_up(&b, index));
        _mm512_mask_storeu_epi8(dst + i, m, out);
    }
}

void mface_gamma_fill_vbmi(struct mface_kernel_table *table)
{
    table->map_bgr = map_bgr;
}
