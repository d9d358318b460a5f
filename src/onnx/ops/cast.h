/* Conversion of tensors, for the core. */
#ifndef MFACE_ONNX_OPS_CAST_H
#define MFACE_ONNX_OPS_CAST_H

#include "onnx/op.h"

/* to = from, by the rules of Cast; shapes are equal. f16 need not be aligned. */
void mface_cast(const struct mface_tensor *from, const struct mface_tensor *to, int threads);

extern const struct mface_op mface_op_cast, mface_op_identity;

#endif
