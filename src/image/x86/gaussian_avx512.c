/* Weighted sums of neighbours, 64 results at a time in four registers; masks cover a row's end. */
#include "image/kernel_table.h"

#include <immintrin.h>

enum { LANES = 16, N_SUMS = 4, BLOCK = LANES * N_SUMS };

struct sums {
    __m512 v[N_SUMS];
    __mmask16 lanes[N_SUMS];
};

static inline __attribute__((always_inline)) void begin(
    struct sums *sums, float tap, const float *centre, size_t n)
{
    const __m512 weight = _mm512_set1_ps(tap);
    const uint64_t lanes = n < BLOCK ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
    for (int i = 0; i < N_SUMS; i++) {
        sums->lanes[i] = (__mmask16)(lanes >> (i * LANES));
        sums->v[i] =
            _mm512_mul_ps(weight, _mm512_maskz_loadu_ps(sums->lanes[i], centre + i * LANES));
    }
}

static inline __attribute__((always_inline)) void add(
    struct sums *sums, float tap, const float *before, const float *after)
{
    const __m512 weight = _mm512_set1_ps(tap);
    for (int i = 0; i < N_SUMS; i++) {
        const __m512 pair = _mm512_add_ps(_mm512_maskz_loadu_ps(sums->lanes[i], before + i * LANES),
            _mm512_maskz_loadu_ps(sums->lanes[i], after + i * LANES));
        sums->v[i] = _mm512_add_ps(sums->v[i], _mm512_mul_ps(weight, pair));
    }
}

static inline __attribute__((always_inline)) void store(const struct sums *sums, float *dst)
{
    for (int i = 0; i < N_SUMS; i++)
        _mm512_mask_storeu_ps(dst + i * LANES, sums->lanes[i], sums->v[i]);
}

static void convolve_row(
    const float *taps, int radius, const float *centre, size_t step, float *dst, size_t n)
{
    for (size_t i = 0; i < n; i += BLOCK) {
        struct sums sums;
        begin(&sums, taps[0], centre + i, n - i);
        for (int k = 1; k <= radius; k++)
            add(&sums, taps[k], centre + i - (size_t)k * step, centre + i + (size_t)k * step);
        store(&sums, dst + i);
    }
}

static void convolve_rows(
    const float *taps, int radius, const float *const *centre, float *dst, size_t n)
{
    for (size_t i = 0; i < n; i += BLOCK) {
        struct sums sums;
        begin(&sums, taps[0], centre[0] + i, n - i);
        for (int k = 1; k <= radius; k++)
            add(&sums, taps[k], centre[-k] + i, centre[k] + i);
        store(&sums, dst + i);
    }
}

void mface_gaussian_fill_avx512(struct mface_kernel_table *table)
{
    table->convolve_row = convolve_row;
    table->convolve_rows = convolve_rows;
}
