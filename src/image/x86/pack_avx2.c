/* Three rows of floats to interleaved BGR bytes, 16 pixels at a time. */
#include "image/interp.h"
#include "image/kernel_table.h"

#include <immintrin.h>

/* Maximum and minimum return their second operand when one is NaN, as the C code does. */
static inline __m256i codes_of_8(const float *from)
{
    const __m256 top = _mm256_set1_ps(255.0f);
    const __m256 x = _mm256_max_ps(_mm256_mul_ps(_mm256_loadu_ps(from), top), _mm256_setzero_ps());
    return _mm256_cvttps_epi32(_mm256_add_ps(_mm256_min_ps(x, top), _mm256_set1_ps(0.5f)));
}

static inline __m128i bytes_of_16(const float *from)
{
    const __m256i words = _mm256_permute4x64_epi64(
        _mm256_packus_epi32(codes_of_8(from), codes_of_8(from + 8)), _MM_SHUFFLE(3, 1, 2, 0));
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/* Byte j of 48 is pixel j / 3, channel j % 3: each third takes its bytes from all three. */
static inline void store_16(__m128i b, __m128i g, __m128i r, uint8_t *out)
{
    const __m128i b0 = _mm_setr_epi8(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5);
    const __m128i g0 = _mm_setr_epi8(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1);
    const __m128i r0 = _mm_setr_epi8(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1);
    const __m128i b1 = _mm_setr_epi8(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1);
    const __m128i g1 = _mm_setr_epi8(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10);
    const __m128i r1 = _mm_setr_epi8(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1);
    const __m128i b2 =
        _mm_setr_epi8(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1);
    const __m128i g2 =
        _mm_setr_epi8(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1);
    const __m128i r2 =
        _mm_setr_epi8(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15);
    __m128i *to = (__m128i *)(void *)out;
    _mm_storeu_si128(to, _mm_or_si128(_mm_shuffle_epi8(b, b0),
                             _mm_or_si128(_mm_shuffle_epi8(g, g0), _mm_shuffle_epi8(r, r0))));
    _mm_storeu_si128(to + 1, _mm_or_si128(_mm_shuffle_epi8(b, b1),
                                 _mm_or_si128(_mm_shuffle_epi8(g, g1), _mm_shuffle_epi8(r, r1))));
    _mm_storeu_si128(to + 2, _mm_or_si128(_mm_shuffle_epi8(b, b2),
                                 _mm_or_si128(_mm_shuffle_epi8(g, g2), _mm_shuffle_epi8(r, r2))));
}

static void pack_bgr_u8(int n, const float *r, const float *g, const float *b, uint8_t *out)
{
    int i = 0;
    for (; i + 16 <= n; i += 16)
        store_16(bytes_of_16(b + i), bytes_of_16(g + i), bytes_of_16(r + i), out + 3 * i);
    for (; i < n; i++) {
        out[3 * i] = mface_round_u8(b[i] * 255.0f);
        out[3 * i + 1] = mface_round_u8(g[i] * 255.0f);
        out[3 * i + 2] = mface_round_u8(r[i] * 255.0f);
    }
}

void mface_pack_fill_avx2(struct mface_kernel_table *table)
{
    table->strip.pack_bgr_u8 = pack_bgr_u8;
}
