/* The inner loops of a dense layer, compiled once for each level of CPU that does them better.
 *
 * Weights lie in panels of 16 outputs, whose inputs follow each other:
 *
 *   f32    16 weights of an input: a cache line
 *   bf16   16 pairs, of an input with an even number and of the next: a cache line. The even one is
 *          in the lower half of a pair, so that a shift makes an f32 of it and a mask of the other
 *   int8   in groups of 64 inputs: a cache line of f32, what a step of each output is worth, then
 * 16 bytes an input
 *
 * A sum is two, over inputs with even and with odd numbers, so that at one row there are chains of
 * additions enough for the adders to work on; multiplications and additions stay apart
 * (-ffp-contract=off), and memory is what everybody waits for. All levels give the same bits. */
#ifndef MFACE_ONNX_DENSE_KERNEL_H
#define MFACE_ONNX_DENSE_KERNEL_H

#include "onnx/onnx.h"

#include <stdint.h>

enum {
    MFACE_DENSE_PANEL = 16,
    MFACE_DENSE_GROUP = 64, // inputs whose weights an output scales by one step, in int8
    MFACE_DENSE_STRIP =
        256, // inputs whose weights, up to 16 KiB, stay in the first-level cache for all rows
    MFACE_DENSE_ROWS = 8, // whose sums are kept at a time
};

/* Of one row and panel: [0] over even inputs, [1] over odd ones. */
struct mface_dense_sums {
    float value[2][MFACE_DENSE_PANEL] __attribute__((aligned(64)));
};

/* Adds `n` inputs, an even number but for the last strip, of `n_rows` rows that lie `distance`
 * floats apart. */
typedef void mface_dense_kernel(const float *x, int64_t distance, const void *weights, int64_t n,
    int n_rows, struct mface_dense_sums *sums);

struct mface_dense_kernels {
    mface_dense_kernel *of[MFACE_N_PRECISIONS]; // by the weights; no AUTO
};

extern const struct mface_dense_kernels mface_dense_c, mface_dense_avx2, mface_dense_avx512;

#endif
