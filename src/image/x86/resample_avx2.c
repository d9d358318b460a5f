/* Resampling a row of floats: two pixels of BGR in one register, or the two taps of eight grey
 * pixels, loaded as pairs. */
#include "image/kernel_table.h"

#include <immintrin.h>

/* Four floats from each of two places, of which three count. */
static inline __m256 load_pixels(const float *a, const float *b)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a)), _mm_loadu_ps(b), 1);
}

static inline __attribute__((always_inline)) void two_pixels(
    const struct mface_resample *with, const float *row, int x, float *out, int n_taps)
{
    const int next = x + 1 < with->n ? x + 1 : x;
    const float *a = row + 3 * with->first[x], *b = row + 3 * with->first[next];
    __m256 sum = _mm256_setzero_ps();
    for (int i = 0; i < n_taps; i++) {
        const __m256 weights = _mm256_loadu_ps(with->wide[i][x]);
        sum = _mm256_add_ps(sum, _mm256_mul_ps(weights, load_pixels(a + 3 * i, b + 3 * i)));
    }
    sum = _mm256_mul_ps(sum, _mm256_set1_ps(with->scale));
    _mm_storeu_ps(out + 3 * x, _mm256_castps256_ps128(sum));
    _mm_storeu_ps(out + 3 * x + 3, _mm256_extractf128_ps(sum, 1));
}

static inline __attribute__((always_inline)) void resample(
    const struct mface_resample *with, const float *row, float *out, int n_taps)
{
    for (int x = 0; x < with->n; x += 2)
        two_pixels(with, row, x, out, n_taps);
}

static void resample_3(const struct mface_resample *with, const float *row, float *out)
{
    if (with->n_taps == 2)
        resample(with, row, out, 2);
    else if (with->n_taps == 4)
        resample(with, row, out, 4);
    else
        resample(with, row, out, 8);
}

void mface_resample_fill_avx2(struct mface_kernel_table *table)
{
    table->resample[1] = resample_3;
}
