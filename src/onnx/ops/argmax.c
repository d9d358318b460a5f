/* ArgMax, ArgMin: where the largest or smallest element along an axis lies, as i64. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <string.h>

struct state {
    int64_t outer, n, inner;
    bool min, last; // smallest instead of largest; the last of equals instead of the first
};

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    const struct mface_shape *x = &step->in[0].shape;
    struct mface_shape *y = &step->out[0].shape;
    int axis;
    MFACE_TRY(mface_op_axis(step, mface_op_attr_int(step, "axis", 0), x->rank, &axis));
    if (x->dim[axis] == 0)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "axis %d is empty", axis);
    const bool keep = mface_op_attr_int(step, "keepdims", 1);
    step->out[0].dtype = MFACE_DTYPE_I64;
    y->rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (i != axis || keep)
            y->dim[y->rank++] = i == axis ? 1 : x->dim[i];
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *x = &step->in[0].shape;
    int axis;
    MFACE_TRY(mface_op_axis(step, mface_op_attr_int(step, "axis", 0), x->rank, &axis));
    state->outer = mface_shape_count_range(x, 0, axis);
    state->n = x->dim[axis];
    state->inner = mface_shape_count_range(x, axis + 1, x->rank);
    state->min = strcmp(step->op->name, "ArgMin") == 0;
    state->last = mface_op_attr_int(step, "select_last_index", 0);
    return MFACE_OK;
}

/* Doubles hold every f32, f64 and small integer exactly; i64 beyond 2^53 is not worth a second
 * copy of this. */
static int64_t find(const struct state *state, const struct mface_tensor *x, int64_t first)
{
    double best = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < state->n; i++) {
        double value;
        mface_elem_load_f64(x->data, x->dtype, first + i * state->inner, 1, 1, &value);
        const bool better = state->min ? value < best : value > best;
        if (i > 0 && !better && !(state->last && value == best))
            continue;
        best = value;
        at = i;
    }
    return at;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    int64_t *y = args->out[0].data;
    for (int64_t o = 0; o < state->outer; o++)
        for (int64_t i = 0; i < state->inner; i++)
            *y++ = find(state, &args->in[0], o * state->n * state->inner + i);
    return MFACE_OK;
}

#define ARG(symbol, op_name)                                                                       \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .in_min = 1,                                                                               \
        .in_max = 1,                                                                               \
        .infer = infer,                                                                            \
        .prepare = prepare,                                                                        \
        .run = run,                                                                                \
    };

ARG(arg_max, "ArgMax")
ARG(arg_min, "ArgMin")
