/* Median of 5×5: 32 bytes or 8 floats at a time. */
#include "image/x86/median.h"

#include "image/kernel_table.h"

#include <immintrin.h>
#include <string.h>

MFACE_DEFINE_MEDIAN(median_u8, __m256i, _mm256_min_epu8, _mm256_max_epu8)
MFACE_DEFINE_MEDIAN(median_f32, __m256, _mm256_min_ps, _mm256_max_ps)

/* 32 bytes of the 25 neighbours of what lies at x. */
static inline __attribute__((always_inline)) void block_u8(
    const void *const rows[5], ptrdiff_t step, ptrdiff_t x, void *dst)
{
    __m256i v[25];
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++)
        v[i] = _mm256_loadu_si256(
            (const void *)((const uint8_t *)rows[i / 5] + x + (i % 5 - 2) * step));
    _mm256_storeu_si256((void *)((uint8_t *)dst + x), median_u8(v));
}

static inline __attribute__((always_inline)) void block_f32(
    const void *const rows[5], ptrdiff_t step, ptrdiff_t x, void *dst)
{
    __m256 v[25];
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++)
        v[i] = _mm256_loadu_ps((const float *)rows[i / 5] + x + (i % 5 - 2) * step);
    _mm256_storeu_ps((float *)dst + x, median_f32(v));
}

typedef void (*block_fn)(const void *const rows[5], ptrdiff_t step, ptrdiff_t x, void *dst);

/* Fewer samples than a register holds: through copies with room to read beyond them. */
static inline __attribute__((always_inline)) void rest(
    const void *const rows[5], ptrdiff_t step, uint8_t *dst, size_t n, size_t size, block_fn block)
{
    enum { MARGIN = 2 * 3 * sizeof(float), ROOM = 32 + 2 * MARGIN };
    uint8_t copies[5][ROOM] = { 0 }, out[32];
    const size_t margin = 2 * (size_t)step * size;
    const void *at[5];
    for (int j = 0; j < 5; j++) {
        memcpy(
            copies[j] + MARGIN - margin, (const uint8_t *)rows[j] - margin, n * size + 2 * margin);
        at[j] = copies[j] + MARGIN;
    }
    block(at, step, 0, out);
    memcpy(dst, out, n * size);
}

static inline __attribute__((always_inline)) void run(
    const void *const rows[5], size_t step, void *dst, size_t n, size_t size, block_fn block)
{
    const size_t lanes = 32 / size;
    size_t x = 0;
    for (; x + lanes <= n; x += lanes)
        block(rows, (ptrdiff_t)step, (ptrdiff_t)x, dst);
    if (x == n)
        return;
    const void *at[5];
    for (int j = 0; j < 5; j++)
        at[j] = (const uint8_t *)rows[j] + x * size;
    rest(at, (ptrdiff_t)step, (uint8_t *)dst + x * size, n - x, size, block);
}

static void median5_u8(const void *const rows[5], size_t step, void *dst, size_t n)
{
    run(rows, step, dst, n, sizeof(uint8_t), block_u8);
}

static void median5_f32(const void *const rows[5], size_t step, void *dst, size_t n)
{
    run(rows, step, dst, n, sizeof(float), block_f32);
}

void mface_median_fill_avx2(struct mface_kernel_table *table)
{
    table->median5_u8 = median5_u8;
    table->median5_f32 = median5_f32;
}
