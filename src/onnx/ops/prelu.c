/* PRelu: x < 0 ? slope·x : x, where the slope broadcasts to x.
 *
 * The shapes are folded into rows on which the slope either is one number or runs along x; a slope
 * per channel has rows of one plane each. */
#include "onnx/parallel.h"

struct state {
    int64_t row;        // elements in a row
    int64_t slope_step; // of the slope inside a row: 0 or 1
    int n;              // dimensions outside the rows
    int64_t dim[MFACE_TENSOR_RANK_MAX], stride[MFACE_TENSOR_RANK_MAX];
};

static enum mface_status infer(struct mface_step *step)
{
    for (int i = 0; i < 2; i++)
        MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    MFACE_TRY(mface_op_infer_broadcast(step));
    if (!mface_shape_equal(&step->out[0].shape, &step->in[0].shape))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the slope does not broadcast to the input");
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *x = &step->in[0].shape;
    int64_t stride[MFACE_TENSOR_RANK_MAX];
    mface_shape_strides(&step->in[1].shape, x, stride);
    state->n = x->rank;
    state->row = 1;
    if (x->rank && stride[x->rank - 1] && x->dim[x->rank - 1] > 1)
        state->slope_step = 1;
    while (state->n > 0) {
        const int i = state->n - 1;
        if (x->dim[i] > 1 && stride[i] != state->slope_step * state->row)
            break;
        state->row *= x->dim[i];
        state->n--;
    }
    for (int i = 0; i < state->n; i++) {
        state->dim[i] = x->dim[i];
        state->stride[i] = stride[i];
    }
    return MFACE_OK;
}

static int64_t slope_offset(const struct state *state, int64_t row)
{
    int64_t offset = 0;
    for (int i = state->n - 1; i >= 0; i--) {
        offset += row % state->dim[i] * state->stride[i];
        row /= state->dim[i];
    }
    return offset;
}

static void run_rows(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    for (int64_t r = first; r < end; r++) {
        const float *x = (const float *)args->in[0].data + r * state->row;
        const float *slope = (const float *)args->in[1].data + slope_offset(state, r);
        float *y = (float *)args->out[0].data + r * state->row;
        for (int64_t i = 0; i < state->row; i++) // a choice of factors needs no branch
            y[i] = x[i] * (x[i] < 0.0f ? slope[i * state->slope_step] : 1.0f);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const int64_t n = mface_shape_count(&step->out[0].shape);
    mface_op_parallel(step, args, n / state->row, n, run_rows);
    return MFACE_OK;
}

const struct mface_op mface_op_prelu = {
    .name = "PRelu",
    .opset_min = 7,
    .in_min = 2,
    .in_max = 2,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
