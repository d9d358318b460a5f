/* Identity: the same tensor under another name. */
#include "onnx/op.h"

const struct mface_op mface_op_identity = {
    .name = "Identity",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_VIEW | MFACE_OP_POINTWISE,
    .infer = mface_op_infer_same,
};
