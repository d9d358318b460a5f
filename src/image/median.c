/* Median of 5×5 by forgetful selection, many samples at once.
 *
 * Of 14 of the 25 values, neither the smallest nor the largest can be the median (13 others are on
 * one side of it at most 12 times), so both are forgotten and one value not seen yet takes a free
 * place; with each round the set shrinks by one until three are left, whose middle is the answer.
 * Every step is a minimum and a maximum of two values, without branches, so a vector of
 * neighbouring samples goes through it together.
 *
 * The two pixels at either end of a row look beyond it: their neighbours are copied to where the
 * edge can be repeated. */
#include "image/kernel_table.h"
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
            const type x = a[i], y = b[i];                                                         \
            a[i] = x < y ? x : y;                                                                  \
            b[i] = y < x ? x : y;                                                                  \
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

/* Medians of the samples [x, x + n) of a row, at most a block. */
static void median_block(const void *const rows[SIDE], size_t step, size_t x, void *dst, size_t n,
    size_t size, union block *block)
{
    for (int i = 0; i < TAPS; i++) {
        const uint8_t *at = (const uint8_t *)rows[i / SIDE] + x * size;
        memcpy(block->u8[i], at + (i % SIDE - SIDE / 2) * (ptrdiff_t)(step * size), n * size);
    }
    const void *median =
        size == 1 ? (const void *)median_u8(block->u8) : (const void *)median_f32(block->f32);
    memcpy((uint8_t *)dst + x * size, median, n * size);
}

static inline void median_row(
    const void *const rows[SIDE], size_t step, void *dst, size_t n, size_t size)
{
    const size_t lanes = BLOCK_BYTES / size;
    union block block = { 0 }; // lanes beyond a row's end hold anything, but something
    for (size_t x = 0; x < n; x += lanes)
        median_block(rows, step, x, dst, n - x < lanes ? n - x : lanes, size, &block);
}

static void median5_u8(const void *const rows[SIDE], size_t step, void *dst, size_t n)
{
    median_row(rows, step, dst, n, sizeof(uint8_t));
}

static void median5_f32(const void *const rows[SIDE], size_t step, void *dst, size_t n)
{
    median_row(rows, step, dst, n, sizeof(float));
}

void mface_median_fill_c(struct mface_kernel_table *table)
{
    table->median5_u8 = median5_u8;
    table->median5_f32 = median5_f32;
}

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* A row of an image and the four around it, edges repeated. */
struct row {
    const struct mface_image *src;
    const uint8_t *around[SIDE];
    uint8_t *dst;
    size_t pixel_bytes;
};

static void median_of(const struct row *row, const void *const rows[SIDE], void *dst, int n_pixels)
{
    const struct mface_kernel_table *kernels = mface_kernel_table();
    const size_t c = (size_t)row->src->c, n = (size_t)n_pixels * c;
    if (row->src->sample == MFACE_SAMPLE_U8)
        kernels->median5_u8(rows, c, dst, n);
    else
        kernels->median5_f32(rows, c, dst, n);
}

/* Pixels [x, x + n), at most 4, whose neighbours may lie beyond the row's ends. */
static void median_at_edge(const struct row *row, int x, int n)
{
    enum { PIXELS = 4 + SIDE - 1 };
    float copies[SIDE][PIXELS * 3];
    const void *rows[SIDE];
    for (int j = 0; j < SIDE; j++) {
        for (int i = 0; i < n + SIDE - 1; i++) {
            const int from = clamp_index(x + i - SIDE / 2, row->src->w);
            memcpy((uint8_t *)copies[j] + (size_t)i * row->pixel_bytes,
                row->around[j] + (size_t)from * row->pixel_bytes, row->pixel_bytes);
        }
        rows[j] = (const uint8_t *)copies[j] + SIDE / 2 * row->pixel_bytes;
    }
    median_of(row, rows, row->dst + (size_t)x * row->pixel_bytes, n);
}

static void median_inside(const struct row *row, int x, int n)
{
    const void *rows[SIDE];
    for (int j = 0; j < SIDE; j++)
        rows[j] = row->around[j] + (size_t)x * row->pixel_bytes;
    median_of(row, rows, row->dst + (size_t)x * row->pixel_bytes, n);
}

void mface_median5(const struct mface_image *src, const struct mface_image *dst)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c && src->sample == dst->sample);
    const int reach = SIDE / 2, w = src->w;
    struct row row = { .src = src,
        .pixel_bytes = (size_t)src->c * mface_sample_bytes(src->sample) };
    for (int y = 0; y < src->h; y++) {
        for (int j = 0; j < SIDE; j++)
            row.around[j] = mface_image_row_u8(src, clamp_index(y + j - reach, src->h));
        row.dst = mface_image_row_u8(dst, y);
        if (w <= 2 * reach) {
            median_at_edge(&row, 0, w);
            continue;
        }
        median_at_edge(&row, 0, reach);
        median_inside(&row, reach, w - 2 * reach);
        median_at_edge(&row, w - reach, reach);
    }
}
