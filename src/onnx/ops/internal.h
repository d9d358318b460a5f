/* Operators that passes invent; models cannot name them. */
#ifndef MFACE_ONNX_OPS_INTERNAL_H
#define MFACE_ONNX_OPS_INTERNAL_H

#include "onnx/op.h"

extern const struct mface_op mface_op_permute;           // fusion.view and perm say how
extern const struct mface_op mface_op_convert;           // f32 to bf16 and back
extern const struct mface_op mface_op_max_pool_last;     // MaxPool of N×H×W×C, without indices
extern const struct mface_op mface_op_average_pool_last; // AveragePool of N×H×W×C

#endif
