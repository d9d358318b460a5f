/* Median of 5×5 by forgetful selection, many samples at once.
 *
 * Of 14 of the 25 values, neither the smallest nor the largest can be the median (13 others are on
 * one side of it at most 12 times), so both are forgotten and one value not seen yet takes a free
 * place; with each round the set shrinks by one until three are left, whose middle is the answer.
 * Every step is a minimum and a maximum of two values, without branches, so a vector of
 * neighbouring samples goes through it together. */
#include "image/kernels.h"

#include <assert.h>
#include <string.h>

enum {
    SIDE = 5,
    TAPS = SIDE * SIDE,
    KEPT = TAPS / 2 + 2, // values of which neither extreme is the median
    BLOCK_BYTES = 64,    // samples that go through the selection together
};

/* Defines name(v), which returns the medians of v[0..24][i] for every lane i, somewhere in v;
 * U8 and F32 differ in nothing but the type. */
#define DEFINE_MEDIAN(name, order, type)                                                           \
    static inline void order(type *restrict a, type *restrict b)                                   \
    {                                                                                              \
        for (size_t i = 0; i < BLOCK_BYTES / sizeof(type); i++) {                                  \
            const type lo = a[i] < b[i] ? a[i] : b[i], hi = a[i] < b[i] ? b[i] : a[i];             \
            a[i] = lo;                                                                             \
            b[i] = hi;                                                                             \
        }                                                                                          \
    }                                                                                              \
    static const type *name(type v[TAPS][BLOCK_BYTES / sizeof(type)])                              \
    {                                                                                              \
        const int last = KEPT - 1;                                                                 \
        int first = 0;                                                                             \
        for (int next = KEPT;; next++, first++) {                                                  \
            const int n = last - first + 1;                                                        \
            for (int i = 0; i < n / 2; i++)                                                        \
                order(v[first + i], v[last - i]);                                                  \
            for (int i = 1; i < (n + 1) / 2; i++) {                                                \
                order(v[first], v[first + i]);                                                     \
                order(v[last - i], v[last]);                                                       \
            }                                                                                      \
            if (next == TAPS)                                                                      \
                return v[first + 1];                                                               \
            memcpy(v[last], v[next], BLOCK_BYTES);                                                 \
        }                                                                                          \
    }

DEFINE_MEDIAN(median_u8, order_u8, uint8_t)
DEFINE_MEDIAN(median_f32, order_f32, float)

union block {
    uint8_t u8[TAPS][BLOCK_BYTES];
    float f32[TAPS][BLOCK_BYTES / sizeof(float)];
};

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Fetches samples [first, first + n) of a row as seen from `dx` pixels further, edges replicated.
 */
static void gather(
    const uint8_t *row, const struct mface_image *src, int first, int n, int dx, uint8_t *out)
{
    const size_t size = mface_sample_bytes(src->sample);
    const int from = first + dx * src->c;
    if (from >= 0 && from + n <= src->w * src->c) {
        memcpy(out, row + (size_t)from * size, (size_t)n * size);
        return;
    }
    for (int i = 0; i < n; i++) {
        const int x = clamp_index((first + i) / src->c + dx, src->w);
        const int at = x * src->c + (first + i) % src->c;
        memcpy(out + (size_t)i * size, row + (size_t)at * size, size);
    }
}

static void median_block(
    const struct mface_image *src, int y, int first, int n, union block *block, uint8_t *dst)
{
    for (int i = 0; i < TAPS; i++) {
        const int row = clamp_index(y + i / SIDE - SIDE / 2, src->h);
        gather(mface_image_row_u8(src, row), src, first, n, i % SIDE - SIDE / 2, block->u8[i]);
    }
    const void *median = src->sample == MFACE_SAMPLE_U8 ? (const void *)median_u8(block->u8)
                                                        : (const void *)median_f32(block->f32);
    memcpy(dst, median, (size_t)n * mface_sample_bytes(src->sample));
}

void mface_median5(const struct mface_image *src, const struct mface_image *dst)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c && src->sample == dst->sample);
    const int size = (int)mface_sample_bytes(src->sample);
    const int n_row = src->w * src->c, n_block = BLOCK_BYTES / size;
    union block block = { 0 }; // lanes beyond a row's end hold anything, but something
    for (int y = 0; y < src->h; y++) {
        for (int i = 0; i < n_row; i += n_block) {
            const int n = n_row - i < n_block ? n_row - i : n_block;
            median_block(src, y, i, n, &block, mface_image_row_u8(dst, y) + (size_t)(i * size));
        }
    }
}
