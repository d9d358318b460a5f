/* Reshape: -1 takes what is left, 0 keeps the input's dimension (unless allowzero). The shape is an
 * attribute before opset 5, a constant input after. */
#include "onnx/op.h"

static enum mface_status read_shape(
    const struct mface_step *step, int64_t dims[MFACE_TENSOR_RANK_MAX], int *rank)
{
    if (step->opset >= 5)
        return mface_op_const_ints(step, 1, dims, MFACE_TENSOR_RANK_MAX, rank);
    const int64_t *values;
    const size_t n = mface_op_attr_ints(step, "shape", &values);
    if (n > MFACE_TENSOR_RANK_MAX)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "shape has too many dimensions");
    for (size_t i = 0; i < n; i++)
        dims[i] = values[i];
    *rank = (int)n;
    return MFACE_OK;
}

/* Replaces zeros; returns the index of the -1, or -1, or less on failure. */
static int resolve_dims(const struct mface_step *step, struct mface_shape *out, bool allow_zero)
{
    const struct mface_shape *in = &step->in[0].shape;
    int free_dim = -1;
    for (int i = 0; i < out->rank; i++) {
        if (out->dim[i] == 0 && !allow_zero) {
            if (i >= in->rank)
                return -2;
            out->dim[i] = in->dim[i];
        }
        if (out->dim[i] == -1) {
            if (free_dim >= 0)
                return -2;
            free_dim = i;
            out->dim[i] = 1;
        }
    }
    return free_dim;
}

static enum mface_status infer(struct mface_step *step)
{
    struct mface_shape *out = &step->out[0].shape;
    MFACE_TRY(read_shape(step, out->dim, &out->rank));
    const int free_dim = resolve_dims(step, out, mface_op_attr_int(step, "allowzero", 0) != 0);
    if (free_dim < -1 || !mface_shape_valid(out))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the shape makes no sense");
    const int64_t have = mface_shape_count(&step->in[0].shape), want = mface_shape_count(out);
    if (free_dim >= 0 && want > 0)
        out->dim[free_dim] = have / want;
    if (mface_shape_count(out) != have) {
        char a[MFACE_SHAPE_TEXT_BYTES], b[MFACE_SHAPE_TEXT_BYTES];
        return mface_op_fail(step, MFACE_ERR_FORMAT, "%s does not reshape to %s",
            mface_shape_print(&step->in[0].shape, a), mface_shape_print(out, b));
    }
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

const struct mface_op mface_op_reshape = {
    .name = "Reshape",
    .opset_min = 5,
    .in_min = 2,
    .in_max = 2,
    .flags = MFACE_OP_VIEW,
    .infer = infer,
};

const struct mface_op mface_op_reshape_1 = {
    .name = "Reshape",
    .opset_max = 4,
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_VIEW,
    .infer = infer,
};
