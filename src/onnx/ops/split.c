/* Split: an axis cut into consecutive parts, one per output.
 *
 * The lengths are an attribute until operator set 12, an input from 13 on; where they are absent
 * the parts are equal, and from 18 on (num_outputs) the last one may be shorter. */
#include "onnx/ops/axes.h"
#include "onnx/ops/family.h"

#include <string.h>

enum { PARTS_MAX = 1024 };

static enum mface_status read_axis(const struct mface_step *step, int *axis)
{
    return mface_op_axis(step, mface_op_attr_int(step, "axis", 0), step->in[0].shape.rank, axis);
}

static void split_evenly(const struct mface_step *step, int64_t dim, int64_t *parts)
{
    const int64_t most = (dim + step->n_out - 1) / step->n_out;
    for (int i = 0; i < step->n_out; i++) {
        parts[i] = dim < most ? dim : most;
        dim -= parts[i];
    }
}

static enum mface_status read_parts(const struct mface_step *step, int64_t dim, int64_t *parts)
{
    int n;
    MFACE_TRY(mface_op_ints(step, 1, "split", parts, PARTS_MAX, &n));
    if (step->n_out > PARTS_MAX || (n && n != step->n_out))
        return mface_op_fail(
            step, MFACE_ERR_FORMAT, "%d outputs do not fit %d parts", step->n_out, n);
    if (!n)
        split_evenly(step, dim, parts);
    for (int i = 0; i < step->n_out; i++) {
        if (parts[i] < 0 || parts[i] > dim)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "part %d does not fit the axis", i);
        dim -= parts[i];
    }
    if (dim != 0)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the parts do not add up to the axis");
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    int axis;
    int64_t parts[PARTS_MAX];
    MFACE_TRY(read_axis(step, &axis));
    MFACE_TRY(read_parts(step, step->in[0].shape.dim[axis], parts));
    for (int i = 0; i < step->n_out; i++) {
        step->out[i].dtype = step->in[0].dtype;
        step->out[i].shape = step->in[0].shape;
        step->out[i].shape.dim[axis] = parts[i];
    }
    return MFACE_OK;
}

struct state {
    int64_t outer;
    int axis;
};

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    MFACE_TRY(read_axis(step, &state->axis));
    state->outer = mface_shape_count_range(&step->in[0].shape, 0, state->axis);
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const struct mface_tensor *x = &args->in[0];
    const size_t row_bytes = state->outer ? mface_tensor_bytes(x) / (size_t)state->outer : 0;
    const char *from = x->data;
    for (int i = 0; i < step->n_out; i++) {
        const struct mface_tensor *y = &args->out[i];
        const struct mface_shape *shape = &step->out[i].shape;
        const size_t bytes = (size_t)mface_shape_count_range(shape, state->axis, shape->rank) *
                             mface_dtype_bytes(x->dtype);
        for (int64_t o = 0; y->data && o < state->outer; o++)
            memcpy((char *)y->data + (size_t)o * bytes, from + (size_t)o * row_bytes, bytes);
        from += bytes;
    }
    return MFACE_OK;
}

const struct mface_op mface_op_split = {
    .name = "Split",
    .in_min = 1,
    .in_max = 2,
    .out_max = MFACE_OP_VARIADIC,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
