/* Dense layers with AVX-512: four rows' sums take a quarter of the registers. */
#include <immintrin.h>
#include <stdint.h>

static inline __m512i widen(const int8_t *bytes)
{
    return _mm512_cvtepi8_epi32(_mm_load_si128((const __m128i *)bytes));
}

#define DENSE_LANES   16
#define DENSE_WIDEN   widen
#define DENSE_ROWS    4
#define DENSE_KERNELS mface_dense_avx512
#include "onnx/dense_strip.h"
