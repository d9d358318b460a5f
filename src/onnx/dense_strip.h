/* What dense_kernel.h declares, as static functions: included once for each level. */
#ifndef MFACE_ONNX_DENSE_STRIP_H
#define MFACE_ONNX_DENSE_STRIP_H

#include "onnx/dense_kernel.h"
#include <stddef.h>

typedef float mface_lanes __attribute__((vector_size(MFACE_DENSE_LANES * sizeof(float))));

static inline void add_input(float x, const mface_lanes *weights, mface_lanes *sum)
{
    sum[0] += x * weights[0];
    sum[1] += x * weights[1];
}

/* `n_rows` is a constant where this is inlined, so that sums stay in registers. */
static inline __attribute__((always_inline)) void add_rows(const float *x, int64_t distance,
    const float *weights, int64_t n, int n_rows, struct mface_dense_sums *sums)
{
    mface_lanes sum[2][2][2]; // of a row, of even or odd inputs
    const mface_lanes *line = (const mface_lanes *)weights;
    __builtin_memcpy(sum, sums, (size_t)n_rows * sizeof *sums);
    int64_t k = 0;
    for (; k + 2 <= n; k += 2, line += 4)
        for (int r = 0; r < n_rows; r++) {
            add_input(x[r * distance + k], line, sum[r][0]);
            add_input(x[r * distance + k + 1], line + 2, sum[r][1]);
        }
    for (int r = 0; r < n_rows && k < n; r++)
        add_input(x[r * distance + k], line, sum[r][0]);
    __builtin_memcpy(sums, sum, (size_t)n_rows * sizeof *sums);
}

static inline void add_strip(const float *x, int64_t distance, const float *weights, int64_t n,
    int n_rows, struct mface_dense_sums *sums)
{
    int r = 0;
    for (; r + 2 <= n_rows; r += 2)
        add_rows(x + r * distance, distance, weights, n, 2, sums + r);
    if (r < n_rows)
        add_rows(x + r * distance, distance, weights, n, 1, sums + r);
}

#endif
