/* Weighted sums of neighbours, 64 results at a time in four registers; masks cover a row's end. */
#include "image/kernel_table.h"

#include <immintrin.h>

enum { LANES = 16, N_SUMS = 4, BLOCK = LANES * N_SUMS };

struct sums {
    __m512 v[N_SUMS];
    __mmask16 lanes[N_SUMS];
};

/* A load under a mask takes a step of arithmetic besides, so whole blocks do without. */
static inline __m512 load(const float *at, __mmask16 lanes, bool whole)
{
    return whole ? _mm512_loadu_ps(at) : _mm512_maskz_loadu_ps(lanes, at);
}

static inline __attribute__((always_inline)) void begin(
    struct sums *sums, float tap, const float *centre, size_t n, bool whole)
{
    const __m512 weight = _mm512_set1_ps(tap);
    const uint64_t lanes = whole ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
    for (int i = 0; i < N_SUMS; i++) {
        sums->lanes[i] = (__mmask16)(lanes >> (i * LANES));
        sums->v[i] = _mm512_mul_ps(weight, load(centre + i * LANES, sums->lanes[i], whole));
    }
}

static inline __attribute__((always_inline)) void add(
    struct sums *sums, float tap, const float *before, const float *after, bool whole)
{
    const __m512 weight = _mm512_set1_ps(tap);
    for (int i = 0; i < N_SUMS; i++) {
        const __m512 pair = _mm512_add_ps(load(before + i * LANES, sums->lanes[i], whole),
            load(after + i * LANES, sums->lanes[i], whole));
        sums->v[i] = _mm512_add_ps(sums->v[i], _mm512_mul_ps(weight, pair));
    }
}

static inline __attribute__((always_inline)) void store(const struct sums *sums, float *dst)
{
    for (int i = 0; i < N_SUMS; i++)
        _mm512_mask_storeu_ps(dst + i * LANES, sums->lanes[i], sums->v[i]);
}

/* n < BLOCK unless it is a whole block. */
static inline __attribute__((always_inline)) void row_block(const float *taps, int radius,
    const float *centre, size_t step, float *dst, size_t n, bool whole)
{
    struct sums sums;
    begin(&sums, taps[0], centre, n, whole);
    for (int k = 1; k <= radius; k++)
        add(&sums, taps[k], centre - (size_t)k * step, centre + (size_t)k * step, whole);
    store(&sums, dst);
}

static void convolve_row(
    const float *taps, int radius, const float *centre, size_t step, float *dst, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK)
        row_block(taps, radius, centre + i, step, dst + i, BLOCK, true);
    if (i < n)
        row_block(taps, radius, centre + i, step, dst + i, n - i, false);
}

static inline __attribute__((always_inline)) void rows_block(const float *taps, int radius,
    const float *const *centre, size_t at, float *dst, size_t n, bool whole)
{
    struct sums sums;
    begin(&sums, taps[0], centre[0] + at, n, whole);
    for (int k = 1; k <= radius; k++)
        add(&sums, taps[k], centre[-k] + at, centre[k] + at, whole);
    store(&sums, dst + at);
}

static void convolve_rows(
    const float *taps, int radius, const float *const *centre, float *dst, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK)
        rows_block(taps, radius, centre, i, dst, BLOCK, true);
    if (i < n)
        rows_block(taps, radius, centre, i, dst, n - i, false);
}

void mface_gaussian_fill_avx512(struct mface_kernel_table *table)
{
    table->convolve_row = convolve_row;
    table->convolve_rows = convolve_rows;
}
