/* Sample conversion, 16 samples at a time; a mask covers a row's end. */
#include "image/kernel_table.h"

#include <immintrin.h>

static inline __mmask16 lanes(size_t n)
{
    return n < 16 ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;
}

/* As in convert_avx2.c: the quotient by one fused sum. */
static void u8_to_f32(const uint8_t *src, float *dst, size_t n)
{
    const __m512 head = _mm512_set1_ps(1.0f / 255.0f);
    const __m512 tail = _mm512_set1_ps((float)(1.0 / 255.0 - (double)(1.0f / 255.0f)));
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 m = lanes(n - i);
        const __m512 x = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(m, src + i)));
        _mm512_mask_storeu_ps(dst + i, m, _mm512_fmadd_ps(x, head, _mm512_mul_ps(x, tail)));
    }
}

static void u8_to_codes(const uint8_t *src, float *dst, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 m = lanes(n - i);
        const __m128i bytes = _mm_maskz_loadu_epi8(m, src + i);
        _mm512_mask_storeu_ps(dst + i, m, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)));
    }
}

/* Maximum and minimum return their second operand when one is NaN, as the C code does. */
static inline __m512i round_codes(__m512 x, float factor)
{
    x = _mm512_max_ps(_mm512_mul_ps(x, _mm512_set1_ps(factor)), _mm512_setzero_ps());
    x = _mm512_min_ps(x, _mm512_set1_ps(255.0f));
    return _mm512_cvttps_epi32(_mm512_add_ps(x, _mm512_set1_ps(0.5f)));
}

static inline __attribute__((always_inline)) void round_to_u8(
    const float *src, uint8_t *dst, size_t n, float factor)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i codes[4];
        for (int k = 0; k < 4; k++)
            codes[k] = round_codes(_mm512_loadu_ps(src + i + 16 * k), factor);
        // Packing works within quarters of a register, which leaves groups of four to sort.
        const __m512i packed = _mm512_packus_epi16(
            _mm512_packs_epi32(codes[0], codes[1]), _mm512_packs_epi32(codes[2], codes[3]));
        _mm512_storeu_si512(dst + i, _mm512_permutexvar_epi32(order, packed));
    }
    for (; i < n; i += 16) {
        const __mmask16 m = lanes(n - i);
        const __m512i codes = round_codes(_mm512_maskz_loadu_ps(m, src + i), factor);
        _mm_mask_storeu_epi8(dst + i, m, _mm512_cvtepi32_epi8(codes));
    }
}

static void f32_to_u8(const float *src, uint8_t *dst, size_t n)
{
    round_to_u8(src, dst, n, 255.0f);
}

static void codes_to_u8(const float *src, uint8_t *dst, size_t n)
{
    round_to_u8(src, dst, n, 1.0f);
}

void mface_convert_fill_avx512(struct mface_kernel_table *table)
{
    table->u8_to_f32 = u8_to_f32;
    table->f32_to_u8 = f32_to_u8;
    table->u8_to_codes = u8_to_codes;
    table->codes_to_u8 = codes_to_u8;
}
