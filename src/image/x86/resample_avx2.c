/* Resampling a row of floats: eight samples at a time where their taps lie within 16 floats, which
 * two registers hold and permutations pick from; else two pixels of BGR in one register. */
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

static inline void one_sample(
    const struct mface_resample *with, const float *row, int i, float *out, int n_taps, int c)
{
    float sum = 0;
    for (int j = 0; j < n_taps; j++)
        sum += with->flat_tap[j][i] * row[with->flat_first[i] + j * c];
    out[i] = sum * with->scale;
}

/* Samples of 16 floats. */
static inline __m256 pick(__m256 low, __m256 high, __m256i which)
{
    const __m256i is_high = _mm256_cmpgt_epi32(which, _mm256_set1_epi32(7));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, which),
        _mm256_permutevar8x32_ps(high, which), _mm256_castsi256_ps(is_high));
}

static inline __attribute__((always_inline)) void eight_samples(const struct mface_resample *with,
    const float *row, int base, int i, float *out, int n_taps, int c)
{
    const __m256 low = _mm256_loadu_ps(row + base), high = _mm256_loadu_ps(row + base + 8);
    __m256i which =
        _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(with->flat_first + i)),
            _mm256_set1_epi32(base));
    __m256 sum = _mm256_setzero_ps();
    for (int j = 0; j < n_taps; j++) {
        const __m256 weights = _mm256_loadu_ps(with->flat_tap[j] + i);
        sum = _mm256_add_ps(sum, _mm256_mul_ps(weights, pick(low, high, which)));
        which = _mm256_add_epi32(which, _mm256_set1_epi32(c));
    }
    _mm256_storeu_ps(out + i, _mm256_mul_ps(sum, _mm256_set1_ps(with->scale)));
}

static inline __attribute__((always_inline)) void resample_flat(
    const struct mface_resample *with, const float *row, float *out, int n_taps, int c)
{
    const int n = with->n * c;
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        const int base = with->first[i / c] * c, end = (with->first[(i + 7) / c] + n_taps) * c;
        if (end - base <= 16)
            eight_samples(with, row, base, i, out, n_taps, c);
        else
            for (int k = i; k < i + 8; k++)
                one_sample(with, row, k, out, n_taps, c);
    }
    for (; i < n; i++)
        one_sample(with, row, i, out, n_taps, c);
}

static void resample_1(const struct mface_resample *with, const float *row, float *out)
{
    if (with->n_taps == 2)
        resample_flat(with, row, out, 2, 1);
    else if (with->n_taps == 4)
        resample_flat(with, row, out, 4, 1);
    else
        resample_flat(with, row, out, 8, 1);
}

static void resample_3(const struct mface_resample *with, const float *row, float *out)
{
    if (with->n_taps == 2 && with->is_dense)
        resample_flat(with, row, out, 2, 3);
    else if (with->n_taps == 2)
        resample(with, row, out, 2);
    else if (with->n_taps == 4)
        resample(with, row, out, 4);
    else
        resample(with, row, out, 8);
}

void mface_resample_fill_avx2(struct mface_kernel_table *table)
{
    table->resample[0] = resample_1;
    table->resample[1] = resample_3;
}
