/* Convolutions in bytes with AVX2. vpmaddubsw adds two products in 16 bits, which 255 · 127 twice
 * do not fit: the lower seven bits of a byte and its highest one are multiplied apart. */
#include "onnx/int8_kernel.h"

#include <immintrin.h>
#include <string.h>

enum { BLOCK = 2 }; // 8 registers of sums, 4 of pixels

struct quad {
    __m256i low, high;
};

static inline struct quad broadcast(const uint8_t *bytes)
{
    int quad;
    memcpy(&quad, bytes, sizeof quad);
    return (struct quad) {
        .low = _mm256_set1_epi32(quad & 0x7f7f7f7f),
        .high = _mm256_set1_epi32(quad & (int)0x80808080),
    };
}

static inline __m256i add_products(__m256i sums, struct quad quad, __m256i weights)
{
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i low = _mm256_maddubs_epi16(quad.low, weights);
    const __m256i high = _mm256_maddubs_epi16(quad.high, weights);
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(low, ones));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(high, ones));
}

#include "onnx/x86/int8_ymm.h"

const struct mface_int8_loops mface_int8_avx2 = {
    .find_range = find_range,
    .round_row = round_row,
    .convolve = convolve,
};
