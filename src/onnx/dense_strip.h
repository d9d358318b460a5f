/* What dense_kernel.h declares, for the level that includes this. It says
 *
 *   DENSE_LANES     floats of a vector, up to 16
 *   DENSE_WIDEN     a function: int32_t lanes from so many bytes, which GCC 12 makes of no
 * conversion DENSE_ROWS      rows whose sums fit the registers, 2 vectors' worth of 16 floats each
 *   DENSE_KERNELS   the table's name */
#include "onnx/dense_kernel.h"

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
typedef int32_t int_lanes __attribute__((vector_size(DENSE_LANES * sizeof(int32_t))));

/* Vector v of the weights that `line` begins with, an even input's, and of the next's. */
static inline float_lanes even_weights(const void *line, int v, enum mface_precision precision)
{
    if (precision == MFACE_PRECISION_INT8) {
        const int_lanes steps = (int_lanes)DENSE_WIDEN((const int8_t *)line + v * DENSE_LANES);
        return __builtin_convertvector(steps, float_lanes);
    }
    const bit_lanes pairs = ((const bit_lanes *)line)[v];
    return (float_lanes)(precision == MFACE_PRECISION_BF16 ? pairs << 16 : pairs);
}

static inline float_lanes odd_weights(const void *line, int v, enum mface_precision precision)
{
    if (precision != MFACE_PRECISION_BF16)
        return even_weights(line, VECTORS + v, precision);
    return (float_lanes)(((const bit_lanes *)line)[v] & 0xffff0000u);
}

static inline int64_t pair_bytes(enum mface_precision precision)
{
    return precision == MFACE_PRECISION_INT8
               ? LINE_BYTES / 2
               : LINE_BYTES * (precision == MFACE_PRECISION_F32 ? 2 : 1);
}

/* `n_rows` and `precision` are constants where this is inlined, so that sums stay in registers. */
static inline __attribute__((always_inline)) void add_rows(const float *x, int64_t distance,
    const char *line, int64_t n, int n_rows, enum mface_precision precision,
    struct mface_dense_sums *sums)
{
    const int64_t step = pair_bytes(precision);
    float_lanes sum[DENSE_ROWS][2][VECTORS]; // of a row, of even or odd inputs
    __builtin_memcpy(sum, sums, (size_t)n_rows * sizeof *sums);
    int64_t k = 0;
    for (; k + 2 <= n; k += 2, line += step) {
        for (int64_t at = 0; at < step; at += LINE_BYTES)
            __builtin_prefetch(line + at + AHEAD_BYTES);
        for (int v = 0; v < VECTORS; v++) {
            const float_lanes even = even_weights(line, v, precision);
            const float_lanes odd = odd_weights(line, v, precision);
            for (int r = 0; r < n_rows; r++) {
                sum[r][0][v] += x[r * distance + k] * even;
                sum[r][1][v] += x[r * distance + k + 1] * odd;
            }
        }
    }
    for (int v = 0; v < VECTORS && k < n; v++)
        for (int r = 0; r < n_rows; r++)
            sum[r][0][v] += x[r * distance + k] * even_weights(line, v, precision);
    __builtin_memcpy(sums, sum, (size_t)n_rows * sizeof *sums);
}

static inline __attribute__((always_inline)) void add_strip(const float *x, int64_t distance,
    const void *weights, int64_t n, int n_rows, enum mface_precision precision,
    struct mface_dense_sums *sums)
{
    int r = 0;
    for (; r + DENSE_ROWS <= n_rows; r += DENSE_ROWS)
        add_rows(x + r * distance, distance, weights, n, DENSE_ROWS, precision, sums + r);
    for (; r < n_rows; r++)
        add_rows(x + r * distance, distance, weights, n, 1, precision, sums + r);
}

static void add_f32(const float *x, int64_t distance, const void *weights, int64_t n, int n_rows,
    struct mface_dense_sums *sums)
{
    add_strip(x, distance, weights, n, n_rows, MFACE_PRECISION_F32, sums);
}

static void add_bf16(const float *x, int64_t distance, const void *weights, int64_t n, int n_rows,
    struct mface_dense_sums *sums)
{
    add_strip(x, distance, weights, n, n_rows, MFACE_PRECISION_BF16, sums);
}

/* A group's sums in steps, in what a step is worth. */
static void add_scaled(const struct mface_dense_sums *group, const float_lanes *units, int n_rows,
    struct mface_dense_sums *sums)
{
    for (int r = 0; r < n_rows; r++)
        for (int half = 0; half < 2; half++) {
            float_lanes *to = (float_lanes *)sums[r].value[half];
            for (int v = 0; v < VECTORS; v++)
                to[v] += units[v] * ((const float_lanes *)group[r].value[half])[v];
        }
}

static void add_int8(const float *x, int64_t distance, const void *weights, int64_t n, int n_rows,
    struct mface_dense_sums *sums)
{
    const char *line = weights;
    for (int64_t k = 0; k < n; k += MFACE_DENSE_GROUP) {
        const int64_t rest = n - k, n_group = rest < MFACE_DENSE_GROUP ? rest : MFACE_DENSE_GROUP;
        struct mface_dense_sums group[MFACE_DENSE_ROWS] = { 0 };
        add_strip(x + k, distance, line + LINE_BYTES, n_group, n_rows, MFACE_PRECISION_INT8, group);
        add_scaled(group, (const float_lanes *)line, n_rows, sums);
        line += LINE_BYTES + MFACE_DENSE_GROUP * MFACE_DENSE_PANEL;
    }
}

const struct mface_dense_kernels DENSE_KERNELS = { {
    [MFACE_PRECISION_F32] = add_f32,
    [MFACE_PRECISION_BF16] = add_bf16,
    [MFACE_PRECISION_INT8] = add_int8,
} };
