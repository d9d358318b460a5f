/* CumSum: running sums along an axis, backwards on request, with or without the element itself. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

struct state {
    int64_t outer, n, inner;
    bool exclusive, reverse, exact;
};

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    return mface_op_infer_same(step);
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *x = &step->in[0].shape;
    int64_t value = 0;
    int n, axis;
    MFACE_TRY(mface_op_const_ints(step, 1, &value, 1, &n));
    MFACE_TRY(mface_op_axis(step, value, x->rank, &axis));
    state->outer = mface_shape_count_range(x, 0, axis);
    state->n = x->dim[axis];
    state->inner = mface_shape_count_range(x, axis + 1, x->rank);
    state->exclusive = mface_op_attr_int(step, "exclusive", 0);
    state->reverse = mface_op_attr_int(step, "reverse", 0);
    state->exact = mface_elem_compute_dtype(step->in[0].dtype) == MFACE_DTYPE_I64;
    return MFACE_OK;
}

static void sum_f64(const struct state *state, const struct mface_tensor *x,
    const struct mface_tensor *y, int64_t first)
{
    double total = 0, value;
    for (int64_t i = 0; i < state->n; i++) {
        const int64_t at = first + (state->reverse ? state->n - 1 - i : i) * state->inner;
        mface_elem_load_f64(x->data, x->dtype, at, 1, 1, &value);
        const double with = total + value;
        mface_elem_store_f64(y->data, y->dtype, at, 1, state->exclusive ? &total : &with);
        total = with;
    }
}

static void sum_i64(const struct state *state, const struct mface_tensor *x,
    const struct mface_tensor *y, int64_t first)
{
    int64_t total = 0, value;
    for (int64_t i = 0; i < state->n; i++) {
        const int64_t at = first + (state->reverse ? state->n - 1 - i : i) * state->inner;
        mface_elem_load_i64(x->data, x->dtype, at, 1, 1, &value);
        const int64_t with = (int64_t)((uint64_t)total + (uint64_t)value);
        mface_elem_store_i64(y->data, y->dtype, at, 1, state->exclusive ? &total : &with);
        total = with;
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    for (int64_t o = 0; o < state->outer; o++)
        for (int64_t i = 0; i < state->inner; i++) {
            const int64_t first = o * state->n * state->inner + i;
            if (state->exact)
                sum_i64(state, &args->in[0], &args->out[0], first);
            else
                sum_f64(state, &args->in[0], &args->out[0], first);
        }
    return MFACE_OK;
}

const struct mface_op mface_op_cum_sum = {
    .name = "CumSum",
    .opset_min = 11,
    .in_min = 2,
    .in_max = 2,
    .flags = MFACE_OP_IN_PLACE,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
