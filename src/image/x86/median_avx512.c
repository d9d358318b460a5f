/* Median of 5×5: 64 bytes or 16 floats at a time, all of them in registers; masks cover the end. */
#include "image/x86/median.h"

#include "image/kernel_table.h"

#include <immintrin.h>

MFACE_DEFINE_MEDIAN(median_u8, __m512i, _mm512_min_epu8, _mm512_max_epu8)
MFACE_DEFINE_MEDIAN(median_f32, __m512, _mm512_min_ps, _mm512_max_ps)

static void median5_u8(const void *const rows[5], size_t step, void *dst, size_t n)
{
    for (size_t x = 0; x < n; x += 64) {
        const __mmask64 m = n - x < 64 ? (UINT64_C(1) << (n - x)) - 1 : ~UINT64_C(0);
        __m512i v[25];
#pragma GCC unroll 25
        for (int i = 0; i < 25; i++)
            v[i] = _mm512_maskz_loadu_epi8(
                m, (const uint8_t *)rows[i / 5] + (ptrdiff_t)x + (i % 5 - 2) * (ptrdiff_t)step);
        _mm512_mask_storeu_epi8((uint8_t *)dst + x, m, median_u8(v));
    }
}

static void median5_f32(const void *const rows[5], size_t step, void *dst, size_t n)
{
    for (size_t x = 0; x < n; x += 16) {
        const __mmask16 m = n - x < 16 ? (__mmask16)((1u << (n - x)) - 1) : (__mmask16)0xffff;
        __m512 v[25];
#pragma GCC unroll 25
        for (int i = 0; i < 25; i++)
            v[i] = _mm512_maskz_loadu_ps(
                m, (const float *)rows[i / 5] + (ptrdiff_t)x + (i % 5 - 2) * (ptrdiff_t)step);
        _mm512_mask_storeu_ps((float *)dst + x, m, median_f32(v));
    }
}

void mface_median_fill_avx512(struct mface_kernel_table *table)
{
    table->median5_u8 = median5_u8;
    table->median5_f32 = median5_f32;
}
