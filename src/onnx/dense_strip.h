/* What dense_kernel.h declares, for the level that includes this. It says
 *
 *   DENSE_LANES     floats of a vector, up to 16
 *   DENSE_ROWS      rows whose sums fit the registers, 2 vectors' worth of 16 floats each
 *   DENSE_KERNELS   the table's name */
#include "onnx/dense_kernel.h"

#include <stdbool.h>
#include <stddef.h>

/* Work that waits for memory fills the processor's queues, and the fuller they are the fewer lines
 * are on their way: at four rows AVX-512 took 1.6 times as long as at one. So lines are asked for
 * ahead. */
enum {
    VECTORS = MFACE_DENSE_PANEL / DENSE_LANES,
    LINE_BYTES = MFACE_DENSE_PANEL * sizeof(float),
    AHEAD_BYTES = 4096,
};

typedef float float_lanes __attribute__((vector_size(DENSE_LANES * sizeof(float))));
typedef uint32_t bit_lanes __attribute__((vector_size(DENSE_LANES * sizeof(uint32_t))));

/* Vector v of the weights that `line` begins with, an even input's, and of the next's. */
static inline float_lanes even_weights(const void *line, int v, bool is_bf16)
{
    const bit_lanes pairs = ((const bit_lanes *)line)[v];
    return (float_lanes)(is_bf16 ? pairs << 16 : pairs);
}

static inline float_lanes odd_weights(const void *line, int v, bool is_bf16)
{
    const bit_lanes *vectors = line;
    return (float_lanes)(is_bf16 ? vectors[v] & 0xffff0000u : vectors[VECTORS + v]);
}

/* `n_rows` and `is_bf16` are constants where this is inlined, so that sums stay in registers. */
static inline __attribute__((always_inline)) void add_rows(const float *x, int64_t distance,
    const char *line, int64_t n, int n_rows, bool is_bf16, struct mface_dense_sums *sums)
{
    const int64_t pair_bytes = is_bf16 ? LINE_BYTES : 2 * LINE_BYTES;
    float_lanes sum[DENSE_ROWS][2][VECTORS]; // of a row, of even or odd inputs
    __builtin_memcpy(sum, sums, (size_t)n_rows * sizeof *sums);
    int64_t k = 0;
    for (; k + 2 <= n; k += 2, line += pair_bytes) {
        for (int64_t at = 0; at < pair_bytes; at += LINE_BYTES)
            __builtin_prefetch(line + at + AHEAD_BYTES);
        for (int v = 0; v < VECTORS; v++) {
            const float_lanes even = even_weights(line, v, is_bf16);
            const float_lanes odd = odd_weights(line, v, is_bf16);
            for (int r = 0; r < n_rows; r++) {
                sum[r][0][v] += x[r * distance + k] * even;
                sum[r][1][v] += x[r * distance + k + 1] * odd;
            }
        }
    }
    for (int v = 0; v < VECTORS && k < n; v++)
        for (int r = 0; r < n_rows; r++)
            sum[r][0][v] += x[r * distance + k] * even_weights(line, v, is_bf16);
    __builtin_memcpy(sums, sum, (size_t)n_rows * sizeof *sums);
}

static inline __attribute__((always_inline)) void add_strip(const float *x, int64_t distance,
    const void *weights, int64_t n, int n_rows, bool is_bf16, struct mface_dense_sums *sums)
{
    int r = 0;
    for (; r + DENSE_ROWS <= n_rows; r += DENSE_ROWS)
        add_rows(x + r * distance, distance, weights, n, DENSE_ROWS, is_bf16, sums + r);
    for (; r < n_rows; r++)
        add_rows(x + r * distance, distance, weights, n, 1, is_bf16, sums + r);
}

static void add_f32(const float *x, int64_t distance, const void *weights, int64_t n, int n_rows,
    struct mface_dense_sums *sums)
{
    add_strip(x, distance, weights, n, n_rows, false, sums);
}

static void add_bf16(const float *x, int64_t distance, const void *weights, int64_t n, int n_rows,
    struct mface_dense_sums *sums)
{
    add_strip(x, distance, weights, n, n_rows, true, sums);
}

const struct mface_dense_kernels DENSE_KERNELS = { .f32 = add_f32, .bf16 = add_bf16 };
