/* Dense layers: a few rows times a constant matrix, with weights in f32, bf16 or eight bits.
 *
 * A DFM has four of them, and at one face a run they do nothing but read their weights. oneDNN
 * splits such a product's sums by the number of threads on some CPUs, and takes another kernel for
 * other batches. Here every sum is one of f32 in an order of its own: threads and batches change no
 * bit, nor does the CPU. A layer is immutable, so many threads may run it at once. Failures are
 * silent here: the operator knows its name and reports. */
#ifndef MFACE_ONNX_DENSE_H
#define MFACE_ONNX_DENSE_H

#include "onnx/constant.h"
#include "onnx/onnx.h"

struct mface_dense;

struct mface_dense_params {
    int64_t rows, in, out; // a run reads rows×in and writes rows×out, row-major; each ≥ 1
    struct mface_constant weights; // in×out, or
    bool transposed;               // out×in
    /* What weights are rounded to; int8: to ±127 steps of the greatest of an output and 64 inputs.
     * Sums are f32 of f32. */
    enum mface_precision precision;
    bool src_bf16, dst_bf16; // what a run reads and writes is bf16, else f32
    float scale;             // of each product, before the bias
    const float *bias;       // one an output, NULL: none; copied
    int threads;             // to pack and run on
};

/* Weights that their store holds are not even read. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_dense_create(
    const struct mface_dense_params *params, struct mface_dense **out);

void mface_dense_free(struct mface_dense **dense);

size_t mface_dense_weight_bytes(const struct mface_dense *dense); // packed

void mface_dense_run(const struct mface_dense *dense, const void *x, void *y);

#endif
