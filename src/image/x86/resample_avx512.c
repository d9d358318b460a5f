/* Resampling a row of floats, 16 samples at a time, where 32 floats of the source hold all their
 * taps: two loads and a permute for each tap, whatever the number of channels. Rows that shrink by
 * more go the way of the level below. */
#include "image/kernel_table.h"

#include <immintrin.h>

enum { LANES = 16 };

static mface_resample_fn sparse[2]; // set once, by the fill function

static inline __attribute__((always_inline)) void resample(
    const struct mface_resample *with, const float *row, float *out, int n_taps, int c)
{
    const __m512 scale = _mm512_set1_ps(with->scale);
    const int n = with->n * c;
    for (int i = 0; i < n; i += LANES) {
        const int left = n - i, base = c * with->first[i / c];
        const __mmask16 m = left < LANES ? (__mmask16)((1u << left) - 1) : (__mmask16)0xffff;
        const __m512 low = _mm512_loadu_ps(row + base), high = _mm512_loadu_ps(row + base + LANES);
        __m512i index = _mm512_maskz_loadu_epi32(m, with->flat_first + i);
        index = _mm512_sub_epi32(index, _mm512_set1_epi32(base));
        __m512 sum = _mm512_setzero_ps();
        for (int j = 0; j < n_taps; j++) {
            const __m512 taps = _mm512_permutex2var_ps(low, index, high);
            const __m512 weights = _mm512_maskz_loadu_ps(m, with->flat_tap[j] + i);
            sum = _mm512_add_ps(sum, _mm512_mul_ps(weights, taps));
            index = _mm512_add_epi32(index, _mm512_set1_epi32(c));
        }
        _mm512_mask_storeu_ps(out + i, m, _mm512_mul_ps(sum, scale));
    }
}

static inline __attribute__((always_inline)) void resample_any(
    const struct mface_resample *with, const float *row, float *out, int c)
{
    if (!with->is_dense)
        sparse[c == 3](with, row, out);
    else if (with->n_taps == 2)
        resample(with, row, out, 2, c);
    else if (with->n_taps == 4)
        resample(with, row, out, 4, c);
    else
        resample(with, row, out, 8, c);
}

static void resample_1(const struct mface_resample *with, const float *row, float *out)
{
    resample_any(with, row, out, 1);
}

static void resample_3(const struct mface_resample *with, const float *row, float *out)
{
    resample_any(with, row, out, 3);
}

void mface_resample_fill_avx512(struct mface_kernel_table *table)
{
    sparse[0] = table->resample[0];
    sparse[1] = table->resample[1];
    table->resample[0] = resample_1;
    table->resample[1] = resample_3;
}
