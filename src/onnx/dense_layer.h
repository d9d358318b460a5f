/* A dense layer from the inside. */
#ifndef MFACE_ONNX_DENSE_LAYER_H
#define MFACE_ONNX_DENSE_LAYER_H

#include "onnx/dense.h"
#include "onnx/dense_kernel.h"

struct mface_dense {
    struct mface_dense_params params;
    mface_dense_kernel *kernel;
    int64_t n_panels;
    float *bias; // NULL: none

    /* Packed: panel after panel (dense_kernel.h), zeros beyond the last output. */
    const char *weights;
    bool owns_weights; // else they are the store's
    size_t panel_bytes, weight_bytes;
};

/* Where input k of a panel lies, or in bf16 its pair; k is even then. */
static inline size_t mface_dense_line(const struct mface_dense *dense, int64_t k)
{
    const size_t value_bytes = dense->params.is_bf16 ? sizeof(uint16_t) : sizeof(float);
    return (size_t)k * MFACE_DENSE_PANEL * value_bytes;
}

/* dense_pack.c: sets weights, owns_weights and the sizes. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_dense_pack(struct mface_dense *dense);

#endif
