/* Rewrites of a plan's steps, between shape inference and preparation. */
#ifndef MFACE_ONNX_PASSES_H
#define MFACE_ONNX_PASSES_H

#include "onnx/plan.h"

/* Folds each BatchNormalization into the convolution before it. Expects n_uses counted, leaves them
 * so. */
MFACE_NODISCARD enum mface_status mface_pass_fold_norm(struct mface_plan *plan);

/* Folds into each convolution what surrounds it: a zero Pad before; a constant bias per channel
 * and an activation after; and a residual that is added between the two. A bias after a product of
 * matrices goes into that. Expects n_uses counted, leaves them so. */
MFACE_NODISCARD enum mface_status mface_pass_fold_conv(struct mface_plan *plan);

/* Lets a convolution of copies of one tensor read it once. Expects pads folded. */
MFACE_NODISCARD enum mface_status mface_pass_fold_copies(struct mface_plan *plan);

/* Replaces each Reshape, Transpose, Reshape that spells a DepthToSpace by one. */
MFACE_NODISCARD enum mface_status mface_pass_find_depth_to_space(struct mface_plan *plan);

/* Lets convolutions and what follows them work on N×H×W×C. */
MFACE_NODISCARD enum mface_status mface_pass_channels_last(struct mface_plan *plan);

/* Stores what convolutions and products with constant weights read as bf16. */
MFACE_NODISCARD enum mface_status mface_pass_bf16(struct mface_plan *plan);

#endif
