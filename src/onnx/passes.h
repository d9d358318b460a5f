/* Rewrites of a plan's steps, between shape inference and preparation. */
#ifndef MFACE_ONNX_PASSES_H
#define MFACE_ONNX_PASSES_H

#include "onnx/plan.h"

/* Folds into each convolution what surrounds it: a zero Pad before; a constant bias per channel
 * and an activation after. Expects n_uses counted, leaves them so. */
MFACE_NODISCARD enum mface_status mface_pass_fold_conv(struct mface_plan *plan);

/* Replaces each Reshape, Transpose, Reshape that spells a DepthToSpace by one. */
MFACE_NODISCARD enum mface_status mface_pass_find_depth_to_space(struct mface_plan *plan);

/* Lets convolutions and what follows them work on N×H×W×C. */
MFACE_NODISCARD enum mface_status mface_pass_channels_last(struct mface_plan *plan);

#endif
