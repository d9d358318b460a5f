/* Resampling a row of floats: eight samples at a time where what a tap takes for all of them, or
 * for each four, lies within a register's reach, for a permutation to pick from; else two pixels of
 * BGR in one register. */
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

/* Near: of what a register holds from the base on; else for each four from a base of its own. */
static inline __m256 taps_of(const float *row, const int32_t base[2], __m256i which, bool near)
{
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + base[0]), which);
    if (near)
        return low;
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + base[1]), which);
    return _mm256_blend_ps(low, high, 0xf0);
}

static inline __attribute__((always_inline)) void eight_samples(const struct mface_resample *with,
    const float *row, int i, float *out, int n_taps, int c, bool near)
{
    const int32_t *base = with->eight[i / 8].base;
    const __m256i which = _mm256_loadu_si256((const __m256i *)(const void *)(with->flat_near + i));
    __m256 sum = _mm256_setzero_ps();
    for (int j = 0; j < n_taps; j++) {
        const __m256 weights = _mm256_loadu_ps(with->flat_tap[j] + i);
        sum = _mm256_add_ps(sum, _mm256_mul_ps(weights, taps_of(row + j * c, base, which, near)));
    }
    _mm256_storeu_ps(out + i, _mm256_mul_ps(sum, _mm256_set1_ps(with->scale)));
}

static inline __attribute__((always_inline)) void resample_flat(
    const struct mface_resample *with, const float *row, float *out, int n_taps, int c)
{
    const int n = with->n * c;
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        if (with->eight[i / 8].is_near)
            eight_samples(with, row, i, out, n_taps, c, true);
        else if (with->eight[i / 8].spread_of_four < 8)
            eight_samples(with, row, i, out, n_taps, c, false);
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
    const bool is_flat = with->spread_of_four < 8;
    if (with->n_taps == 2 && is_flat)
        resample_flat(with, row, out, 2, 3);
    else if (with->n_taps == 2)
        resample(with, row, out, 2);
    else if (with->n_taps == 4 && is_flat)
        resample_flat(with, row, out, 4, 3);
    else if (with->n_taps == 4)
        resample(with, row, out, 4);
    else if (is_flat)
        resample_flat(with, row, out, 8, 3);
    else
        resample(with, row, out, 8);
}

void mface_resample_fill_avx2(struct mface_kernel_table *table)
{
    table->resample[0] = resample_1;
    table->resample[1] = resample_3;
}
