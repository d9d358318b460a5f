/* Sample conversion, 8 samples at a time. */
#include "image/interp.h"
#include "image/kernel_table.h"

#include <immintrin.h>

/* x / 255 without a division: 1/255 is split into what a float holds of it and the rest, so that
 * the fused sum rounds once, from an almost exact value. For the 256 values of a byte that is
 * the quotient's own rounding, which the tests check one by one. */
static void u8_to_f32(const uint8_t *src, float *dst, size_t n)
{
    const __m256 head = _mm256_set1_ps(1.0f / 255.0f);
    const __m256 tail = _mm256_set1_ps((float)(1.0 / 255.0 - (double)(1.0f / 255.0f)));
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(src + i));
        const __m256 x = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
        _mm256_storeu_ps(dst + i, _mm256_fmadd_ps(x, head, _mm256_mul_ps(x, tail)));
    }
    for (; i < n; i++)
        dst[i] = (float)src[i] / 255.0f;
}

static void u8_to_codes(const uint8_t *src, float *dst, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(src + i));
        _mm256_storeu_ps(dst + i, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)));
    }
    for (; i < n; i++)
        dst[i] = src[i];
}

/* Maximum and minimum return their second operand when one is NaN, as the C code does. */
static inline __m256i round_eight(const float *src, __m256 scale)
{
    __m256 x = _mm256_mul_ps(_mm256_loadu_ps(src), scale);
    x = _mm256_max_ps(x, _mm256_setzero_ps());
    x = _mm256_min_ps(x, _mm256_set1_ps(255.0f));
    return _mm256_cvttps_epi32(_mm256_add_ps(x, _mm256_set1_ps(0.5f)));
}

static inline __attribute__((always_inline)) void round_to_u8(
    const float *src, uint8_t *dst, size_t n, float factor)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256 scale = _mm256_set1_ps(factor);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m256i low =
            _mm256_packs_epi32(round_eight(src + i, scale), round_eight(src + i + 8, scale));
        const __m256i high =
            _mm256_packs_epi32(round_eight(src + i + 16, scale), round_eight(src + i + 24, scale));
        // Packing works within halves of a register, which leaves groups of four to sort.
        const __m256i packed = _mm256_packus_epi16(low, high);
        _mm256_storeu_si256(
            (__m256i *)(void *)(dst + i), _mm256_permutevar8x32_epi32(packed, order));
    }
    for (; i < n; i++)
        dst[i] = mface_round_u8(src[i] * factor);
}

static void f32_to_u8(const float *src, uint8_t *dst, size_t n)
{
    round_to_u8(src, dst, n, 255.0f);
}

static void codes_to_u8(const float *src, uint8_t *dst, size_t n)
{
    round_to_u8(src, dst, n, 1.0f);
}

void mface_convert_fill_avx2(struct mface_kernel_table *table)
{
    table->u8_to_f32 = u8_to_f32;
    table->f32_to_u8 = f32_to_u8;
    table->u8_to_codes = u8_to_codes;
    table->codes_to_u8 = codes_to_u8;
}
