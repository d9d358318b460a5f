/* Floats into bytes, with AVX-512. */
#include "onnx/int8_kernel.h"

#include <immintrin.h>

enum { LANES = 16 };

void mface_int8_find_range_avx512(const float *values, size_t n, float range[2])
{
    __m512 least[2], greatest[2];
    for (int k = 0; k < 2; k++) {
        least[k] = _mm512_set1_ps(range[0]);
        greatest[k] = _mm512_set1_ps(range[1]);
    }
    /* min and max give their second operand where the first is NaN. */
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
        for (size_t k = 0; k < 2; k++) {
            const __m512 value = _mm512_loadu_ps(values + i + k * LANES);
            least[k] = _mm512_min_ps(value, least[k]);
            greatest[k] = _mm512_max_ps(value, greatest[k]);
        }
    for (; i < n; i += LANES) {
        const __mmask16 mask = n - i < LANES ? (__mmask16)((1u << (n - i)) - 1) : 0xffff;
        const __m512 value = _mm512_maskz_loadu_ps(mask, values + i); // 0 is of any range
        least[0] = _mm512_min_ps(value, least[0]);
        greatest[0] = _mm512_max_ps(value, greatest[0]);
    }
    range[0] = _mm512_reduce_min_ps(_mm512_min_ps(least[0], least[1]));
    range[1] = _mm512_reduce_max_ps(_mm512_max_ps(greatest[0], greatest[1]));
}

/* Per-row constants of rounding. */
struct rounder {
    __m512 per_unit, least, greatest;
    __m512i zero;
};

static inline __m128i round_lanes(const struct rounder *rounder, __m512 value)
{
    __m512 steps = _mm512_mul_ps(value, rounder->per_unit);
    steps = _mm512_max_ps(steps, rounder->least); // NaN: the least
    steps = _mm512_min_ps(steps, rounder->greatest);
    const __m512i bytes = _mm512_add_epi32(_mm512_cvtps_epi32(steps), rounder->zero);
    return _mm512_cvtepi32_epi8(bytes);
}

void mface_int8_round_row_avx512(const struct mface_int8_row *row)
{
    const struct rounder rounder = {
        .per_unit = _mm512_set1_ps(row->grid.per_unit),
        .least = _mm512_set1_ps((float)-row->grid.zero),
        .greatest = _mm512_set1_ps((float)(255 - row->grid.zero)),
        .zero = _mm512_set1_epi32(row->grid.zero),
    };
    const int n = row->n_channels, whole = n / LANES * LANES;
    const __mmask16 rest = (__mmask16)((1u << (n - whole)) - 1);
    for (int x = 0; x < row->n_pixels; x++) {
        const float *src = row->src + (size_t)x * row->distance;
        uint8_t *to = row->to + (size_t)x * MFACE_INT8_GROUP;
        int c = 0;
        for (; c < whole; c += LANES)
            _mm_storeu_si128((__m128i *)(to + (size_t)(c / MFACE_INT8_GROUP) * row->plane_bytes +
                                         c % MFACE_INT8_GROUP),
                round_lanes(&rounder, _mm512_loadu_ps(src + c)));
        if (rest)
            _mm_storeu_si128((__m128i *)(to + (size_t)(c / MFACE_INT8_GROUP) * row->plane_bytes +
                                         c % MFACE_INT8_GROUP),
                round_lanes(&rounder, _mm512_maskz_loadu_ps(rest, src + c)));
    }
}
