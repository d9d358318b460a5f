/* What passes ask of operators they would fold into another. */
#ifndef MFACE_ONNX_OPS_FOLDABLE_H
#define MFACE_ONNX_OPS_FOLDABLE_H

#include "onnx/op.h"

extern const struct mface_op mface_op_conv, mface_op_conv_transpose, mface_op_pad, mface_op_add;
extern const struct mface_op mface_op_transpose, mface_op_depth_to_space, mface_op_concat;
extern const struct mface_op mface_op_max_pool, mface_op_average_pool, mface_op_identity;
extern const struct mface_op mface_op_matmul, mface_op_gemm, mface_op_batch_norm;
extern const struct mface_op mface_op_reshape, mface_op_reshape_1;

/* True when a Pad adds zeros to spatial dimensions only (from the third on), and at most
 * MFACE_FUSION_SPATIAL_MAX of them: `fusion` then has its padding. */
bool mface_pad_as_fusion(const struct mface_step *step, struct mface_fusion *fusion);

/* Whether a Conv may be told (fusion.to_space) to put its results where a DepthToSpace would: by
 * what will compute it as it now stands. */
MFACE_NODISCARD enum mface_status mface_conv_reaches_space(
    const struct mface_step *conv, bool *reaches);

/* True when the step is an activation that struct mface_fusion can express; sets its fields. */
bool mface_activation_as_fusion(const struct mface_step *step, struct mface_fusion *fusion);

/* Which dimension of the input each dimension of a Transpose's output is. */
MFACE_NODISCARD enum mface_status mface_transpose_perm(
    const struct mface_step *step, int perm[MFACE_TENSOR_RANK_MAX]);

/* Whether input C of a Gemm is one number per column, added as it is. */
bool mface_gemm_is_bias(const struct mface_step *step);

/* Whether a Gemm or MatMul whose second factor, and bias if it has one, are constant is a dense
 * layer: rows times one matrix. */
bool mface_product_is_dense(const struct mface_step *step);

struct mface_depth_to_space {
    int64_t block;
    bool is_crd;
};

/* What a DepthToSpace does: fusion.block where a pass made it (in DCR mode), else attributes. */
void mface_depth_to_space_describe(const struct mface_step *step, struct mface_depth_to_space *how);

#endif
