/* Rewrites of a plan's steps, between shape inference and preparation. */
#ifndef MFACE_ONNX_PASSES_H
#define MFACE_ONNX_PASSES_H

#include "onnx/plan.h"

/* Looks at one step. `maker`: per value of the plan the step that makes it, NULL for those of later
 * steps and of none; to be kept true by whoever moves outputs. */
typedef enum mface_status (*mface_pass_visit_fn)(
    struct mface_plan *plan, struct mface_step **maker, struct mface_step *step);

/* Visits the steps in order until one visit fails, then removes those nobody needs any more.
 * MFACE_ERR_NOMEM, logged, or what the visit says. */
MFACE_NODISCARD enum mface_status mface_pass_visit(
    struct mface_plan *plan, mface_pass_visit_fn visit);

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

/* Makes one convolution of those that read one tensor and are concatenated, where that is less
 * work. Expects pads, biases and activations folded, n_uses counted; leaves them so. */
MFACE_NODISCARD enum mface_status mface_pass_merge_siblings(struct mface_plan *plan);

/* Lets convolutions and what follows them work on N×H×W×C. */
MFACE_NODISCARD enum mface_status mface_pass_channels_last(struct mface_plan *plan);

/* Stores what convolutions with constant weights and dense layers read as bf16. */
MFACE_NODISCARD enum mface_status mface_pass_bf16(struct mface_plan *plan);

/* Lets convolutions with constant weights compute in eight bits, and dense layers keep their
 * weights so: those wait for memory, and a quarter of the bytes is what they need not wait for. */
void mface_pass_int8(struct mface_plan *plan);

/* Lets a convolution put its results where the DepthToSpace that follows it would, where one of our
 * own kernels computes it, which depends on what the other passes leave. */
MFACE_NODISCARD enum mface_status mface_pass_fold_depth_to_space(struct mface_plan *plan);

/* Makes steps for one picture of a batch that need not be for all. After every other pass: values
 * keep the shape of the batch, only those steps' tensors are of one picture. */
void mface_pass_split_pictures(struct mface_plan *plan);

#endif
