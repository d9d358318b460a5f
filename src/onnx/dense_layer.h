/* A dense layer from the inside. */
#ifndef MFACE_ONNX_DENSE_LAYER_H
#define MFACE_ONNX_DENSE_LAYER_H

#include "onnx/dense.h"
#include "onnx/dense_kernel.h"
#include "onnx/packed.h"

struct mface_dense {
    struct mface_dense_params params;
    mface_dense_kernel *kernel;
    int64_t n_panels;
    float *bias; // NULL: none

    /* Weights: panel after panel (dense_kernel.h), zeros beyond the last output. */
    struct mface_packed packed;
    size_t panel_bytes;
};

/* Where input k of a panel lies; in bf16 its pair, and k is even; in int8 its group, and k is the
 * group's first. */
static inline size_t mface_dense_line(enum mface_precision precision, int64_t k)
{
    const size_t n = (size_t)k * MFACE_DENSE_PANEL;
    switch (precision) {
    case MFACE_PRECISION_INT8:
        return n + n / MFACE_DENSE_GROUP * sizeof(float);
    case MFACE_PRECISION_BF16:
        return n * sizeof(uint16_t);
    default:
        return n * sizeof(float);
    }
}

/* dense_lines.c */

/* Weights of up to a panel's outputs; from one output, or input, to the next are so many floats. */
struct mface_dense_piece {
    const float *values;
    int64_t n_in, n_out;
    int64_t input_step, output_step;
};

/* Of a panel with `in` inputs; whole cache lines. */
size_t mface_dense_panel_bytes(enum mface_precision precision, int64_t in);

/* Packs them into whole lines. What continues another piece begins with an even input, in int8 with
 * a group's first. */
void mface_dense_put(
    const struct mface_dense_piece *piece, enum mface_precision precision, void *out);

/* dense_pack.c: sets packed and panel_bytes. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_dense_pack(struct mface_dense *dense);

#endif
