/* SpaceToDepth: blocks of b × b pixels become b² channels; the inverse of DepthToSpace in DCR
 * mode. N×C×H×W to N×(b·b·C)×(H/b)×(W/b). A strided copy over (N, bh, bw, C, h, w). */
#include "onnx/ops/copy.h"
#include "onnx/ops/family.h"

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    const struct mface_shape *x = &step->in[0].shape;
    const int64_t block = mface_op_attr_int(step, "blocksize", 0);
    int64_t n_channels;
    if (x->rank != 4 || block < 1 || x->dim[2] % block || x->dim[3] % block)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the input is not N×C×H×W in whole blocks");
    if (__builtin_mul_overflow(block, block, &n_channels) ||
        __builtin_mul_overflow(n_channels, x->dim[1], &n_channels))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the block size is out of range");
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape =
        (struct mface_shape) { 4, { x->dim[0], n_channels, x->dim[2] / block, x->dim[3] / block } };
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_shape *x = &step->in[0].shape, *y = &step->out[0].shape;
    const int64_t block = x->dim[2] / y->dim[2], height = y->dim[2], width = y->dim[3];
    const int64_t row = x->dim[3], plane = x->dim[2] * row;
    const struct mface_shape space = { 6, { x->dim[0], block, block, x->dim[1], height, width } };
    const struct mface_place from = { args->in[0].data,
        { x->dim[1] * plane, row, 1, plane, block * row, block } };
    struct mface_place to = { args->out[0].data };
    mface_shape_strides(&space, NULL, to.stride);
    mface_copy_strided(&space, &from, &to, mface_dtype_bytes(args->out[0].dtype));
    return MFACE_OK;
}

const struct mface_op mface_op_space_to_depth = {
    .name = "SpaceToDepth",
    .in_min = 1,
    .in_max = 1,
    .infer = infer,
    .run = run,
};
