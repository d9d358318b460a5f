/* What passes ask of operators they would fold into another. */
#ifndef MFACE_ONNX_OPS_FOLDABLE_H
#define MFACE_ONNX_OPS_FOLDABLE_H

#include "onnx/op.h"

extern const struct mface_op mface_op_conv, mface_op_conv_transpose, mface_op_pad, mface_op_add;

/* True when a Pad adds zeros to spatial dimensions only (from the third on), and at most
 * MFACE_FUSION_SPATIAL_MAX of them: `fusion` then has its padding. */
bool mface_pad_as_fusion(const struct mface_step *step, struct mface_fusion *fusion);

/* True when the step is an activation that struct mface_fusion can express; sets its fields. */
bool mface_activation_as_fusion(const struct mface_step *step, struct mface_fusion *fusion);

#endif
