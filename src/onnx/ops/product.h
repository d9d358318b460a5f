/* What Gemm and MatMul compute with: a product of matrices, whoever does it. */
#ifndef MFACE_ONNX_OPS_PRODUCT_H
#define MFACE_ONNX_OPS_PRODUCT_H

#include "onnx/dense.h"
#include "onnx/dnnl.h"
#include "onnx/op.h"

/* Zeroed: none, whose run does nothing. */
struct mface_product {
    struct mface_dense *dense; // a constant matrix
    struct mface_dnnl *kernel; // anything else, in f32
};

/* Prepare only: states scratch, weights and FLOPs of the step, and which inputs it does not read.
 * Input 1 is the second factor, input 2 the bias. Logs what goes wrong. */
MFACE_NODISCARD enum mface_status mface_product_create(
    struct mface_step *step, const struct mface_dnnl_matmul *matmul, struct mface_product *product);

void mface_product_clear(struct mface_product *product);

MFACE_NODISCARD enum mface_status mface_product_run(const struct mface_step *step,
    const struct mface_product *product, const struct mface_op_args *args);

#endif
