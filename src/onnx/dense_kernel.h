/* The inner loop of a dense layer, compiled once for each level of CPU that does it better.
 *
 * Weights lie in panels of 16 outputs: for each input a cache line. A sum is two, over inputs with
 * even and with odd numbers, so that at one row there are four chains of additions for the adders
 * to work on; multiplications and additions stay apart (-ffp-contract=off), and memory is what
 * everybody waits for. All levels give the same bits. */
#ifndef MFACE_ONNX_DENSE_KERNEL_H
#define MFACE_ONNX_DENSE_KERNEL_H

#include <stdint.h>

enum {
    MFACE_DENSE_PANEL = 16,
    MFACE_DENSE_LANES = 8,
    MFACE_DENSE_STRIP =
        256, // inputs whose weights, 16 KiB, stay in the first-level cache for all rows
    MFACE_DENSE_ROWS = 8, // whose sums are kept at a time
};

/* Of one row and panel: [0] over even inputs, [1] over odd ones. */
struct mface_dense_sums {
    float value[2][MFACE_DENSE_PANEL] __attribute__((aligned(64)));
};

/* Adds `n` inputs, an even number but for the last strip, of `n_rows` rows that lie `distance`
 * floats apart. */
typedef void mface_dense_kernel(const float *x, int64_t distance, const float *weights, int64_t n,
    int n_rows, struct mface_dense_sums *sums);

mface_dense_kernel mface_dense_strip_c, mface_dense_strip_avx2;

#endif
