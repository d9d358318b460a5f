/* Dense layers with AVX2: two rows' sums take half of the registers. */
#include <immintrin.h>
#include <stdint.h>

static inline __m256i widen(const int8_t *bytes)
{
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)bytes));
}

#define DENSE_LANES   8
#define DENSE_WIDEN   widen
#define DENSE_ROWS    2
#define DENSE_KERNELS mface_dense_avx2
#include "onnx/dense_strip.h"
