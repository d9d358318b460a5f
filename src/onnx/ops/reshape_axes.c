/* Squeeze, Unsqueeze, Flatten: the same elements under another shape. */
#include "onnx/ops/axes.h"
#include "onnx/ops/family.h"

static enum mface_status infer_squeeze(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    const struct mface_shape *x = &step->in[0].shape;
    struct mface_shape *y = &step->out[0].shape;
    unsigned axes;
    bool given;
    MFACE_TRY(mface_op_axes(step, 1, x->rank, &axes, &given));
    y->rank = 0;
    for (int i = 0; i < x->rank; i++) {
        const bool drop = given ? axes >> i & 1 : x->dim[i] == 1;
        if (drop && x->dim[i] != 1)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "axis %d is not 1 long", i);
        if (!drop)
            y->dim[y->rank++] = x->dim[i];
    }
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

static enum mface_status infer_unsqueeze(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    const struct mface_shape *x = &step->in[0].shape;
    struct mface_shape *y = &step->out[0].shape;
    int64_t values[MFACE_TENSOR_RANK_MAX];
    int n;
    MFACE_TRY(mface_op_ints(step, 1, "axes", values, MFACE_TENSOR_RANK_MAX, &n));
    if (x->rank + n > MFACE_TENSOR_RANK_MAX)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "the result has rank %d", x->rank + n);
    unsigned axes; // of the result
    bool given;
    MFACE_TRY(mface_op_axes(step, 1, x->rank + n, &axes, &given));
    y->rank = x->rank + n;
    for (int i = 0, from = 0; i < y->rank; i++)
        y->dim[i] = axes >> i & 1 ? 1 : x->dim[from++];
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

static enum mface_status infer_flatten(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    const struct mface_shape *x = &step->in[0].shape;
    const int64_t given = mface_op_attr_int(step, "axis", 1);
    int axis = x->rank; // which is allowed here, and nowhere else
    if (given != x->rank)
        MFACE_TRY(mface_op_axis(step, given, x->rank, &axis));
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = (struct mface_shape) {
        .rank = 2,
        .dim = { mface_shape_count_range(x, 0, axis), mface_shape_count_range(x, axis, x->rank) },
    };
    return MFACE_OK;
}

#define RESHAPE(symbol, op_name, n_max)                                                            \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .in_min = 1,                                                                               \
        .in_max = n_max,                                                                           \
        .flags = MFACE_OP_VIEW,                                                                    \
        .infer = infer_##symbol,                                                                   \
    };

RESHAPE(squeeze, "Squeeze", 2)
RESHAPE(unsqueeze, "Unsqueeze", 2)
RESHAPE(flatten, "Flatten", 1)
