/* Concat along one axis, of any element type. */
#include "onnx/op.h"

#include <string.h>

struct state {
    int axis;
};

static enum mface_status infer(struct mface_step *step)
{
    int axis;
    const struct mface_shape *first = &step->in[0].shape;
    const int64_t fallback = step->opset < 4 ? 1 : 0; // it was optional then
    MFACE_TRY(mface_op_axis(step, mface_op_attr_int(step, "axis", fallback), first->rank, &axis));
    MFACE_TRY(mface_op_infer_same(step));
    struct mface_shape *out = &step->out[0].shape;
    for (int i = 1; i < step->n_in; i++) {
        if (!mface_op_has_in(step, i) || step->in[i].dtype != step->in[0].dtype)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "inputs are of different types");
        struct mface_shape rest = step->in[i].shape;
        const int64_t add = rest.rank > axis ? rest.dim[axis] : 0;
        if (rest.rank > axis)
            rest.dim[axis] = first->dim[axis];
        if (!mface_shape_equal(&rest, first))
            return mface_op_fail(
                step, MFACE_ERR_FORMAT, "input %d differs in shape beyond the axis", i);
        out->dim[axis] += add;
    }
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    static const int channels_last[] = { 0, 3, 1, 2 };
    const int64_t fallback = step->opset < 4 ? 1 : 0;
    MFACE_TRY(mface_op_axis(
        step, mface_op_attr_int(step, "axis", fallback), step->in[0].shape.rank, &state->axis));
    if (step->fusion.channels_last)
        state->axis = channels_last[state->axis];
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const int axis = ((const struct state *)step->state)->axis;
    const struct mface_shape *out = &step->out[0].shape;
    const int64_t rows = mface_shape_count_range(out, 0, axis);
    const int64_t tail = mface_shape_count_range(out, axis + 1, out->rank) *
                         (int64_t)mface_dtype_bytes(step->out[0].dtype);
    char *to = args->out[0].data;
    for (int64_t r = 0; r < rows; r++) {
        for (int i = 0; i < step->n_in; i++) {
            const size_t bytes = (size_t)(step->in[i].shape.dim[axis] * tail);
            if (bytes)
                memcpy(to, (const char *)args->in[i].data + (size_t)r * bytes, bytes);
            to += bytes;
        }
    }
    return MFACE_OK;
}

const struct mface_op mface_op_concat = {
    .name = "Concat",
    .in_min = 1,
    .in_max = MFACE_OP_VARIADIC,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
