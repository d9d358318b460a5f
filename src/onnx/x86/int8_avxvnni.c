/* Convolutions in bytes with AVX-VNNI, vpdpbusd for CPUs without AVX-512. */
#include "onnx/int8_kernel.h"

#include <immintrin.h>
#include <string.h>

enum { BLOCK = 3 }; // 12 registers of sums, 3 of pixels, 1 of weights

struct quad {
    __m256i bytes;
};

static inline struct quad broadcast(const uint8_t *bytes)
{
    int quad;
    memcpy(&quad, bytes, sizeof quad);
    return (struct quad) { _mm256_set1_epi32(quad) };
}

static inline __m256i add_products(__m256i sums, struct quad quad, __m256i weights)
{
    return _mm256_dpbusd_avx_epi32(sums, quad.bytes, weights);
}

#include "onnx/x86/int8_ymm.h"

const struct mface_int8_loops mface_int8_avxvnni = {
    .is_fast = true,
    .find_range = find_range,
    .round_row = round_row,
    .convolve = convolve,
};
