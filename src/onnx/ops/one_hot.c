/* OneHot: a new axis of length `depth` that holds the on-value at the index, the off-value
 * elsewhere. An index outside [-depth, depth) makes every element off. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <string.h>

static enum mface_status read_axis(const struct mface_step *step, int *axis)
{
    const int rank = step->in[0].shape.rank + 1;
    return mface_op_axis(step, mface_op_attr_int(step, "axis", -1), rank, axis);
}

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    MFACE_TRY(mface_op_check_dtype(step, 1, MFACE_DTYPES_NUMBER));
    MFACE_TRY(mface_op_check_dtype(step, 2, MFACE_DTYPES_ANY));
    const struct mface_tensor *indices = &step->in[0], *depth = &step->in[1];
    struct mface_shape *y = &step->out[0].shape;
    if (mface_shape_count(&depth->shape) != 1 || mface_shape_count(&step->in[2].shape) != 2)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "depth is not one number, or values not two");
    if (!depth->data)
        return mface_op_fail(
            step, MFACE_ERR_UNSUPPORTED, "input 1 must be constant, because a shape depends on it");
    if (indices->shape.rank == MFACE_TENSOR_RANK_MAX)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "the result has too many dimensions");
    int axis;
    MFACE_TRY(read_axis(step, &axis));
    int64_t n;
    mface_elem_load_i64(depth->data, depth->dtype, 0, 1, 1, &n);
    if (n < 0)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "depth is negative");
    y->rank = indices->shape.rank + 1;
    for (int i = 0, from = 0; i < y->rank; i++)
        y->dim[i] = i == axis ? n : indices->shape.dim[from++];
    step->out[0].dtype = step->in[2].dtype;
    return MFACE_OK;
}

struct state {
    int64_t depth, inner;
};

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *y = &step->out[0].shape;
    int axis;
    MFACE_TRY(read_axis(step, &axis));
    state->depth = y->dim[axis];
    state->inner = mface_shape_count_range(y, axis + 1, y->rank);
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const struct mface_tensor *indices = &args->in[0], *values = &args->in[2], *y = &args->out[0];
    const size_t bytes = mface_dtype_bytes(y->dtype);
    const char *off = values->data, *on = off + bytes;
    const int64_t n = mface_shape_count(&y->shape);
    for (int64_t i = 0; i < n; i++) {
        const int64_t place = i / state->inner % state->depth;
        const int64_t at = i / (state->inner * state->depth) * state->inner + i % state->inner;
        int64_t index;
        mface_elem_load_i64(indices->data, indices->dtype, at, 1, 1, &index);
        if (index < 0)
            index += state->depth;
        memcpy(mface_elem_at(y->data, y->dtype, i), index == place ? on : off, bytes);
    }
    return MFACE_OK;
}

const struct mface_op mface_op_one_hot = {
    .name = "OneHot",
    .opset_min = 9,
    .in_min = 3,
    .in_max = 3,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
