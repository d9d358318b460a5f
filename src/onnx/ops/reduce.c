/* Reduce*: one value out of all elements along the chosen axes.
 *
 * The kept dimensions are walked from outside, the reduced ones from inside, so that each output
 * element needs only its own total. Before operator set 13 (ReduceSum) and 18 (the others) the
 * axes are an attribute, afterwards an input. */
#include "onnx/ops/axes.h"
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"
#include "onnx/ops/reduce_fn.h"
#include "onnx/ops/walk.h"

struct state {
    const struct mface_reduce_fn *fn;
    struct mface_walk kept, reduced; // one operand: the input
    int64_t n;                       // elements that make one output
    bool exact;                      // integers
};

static enum mface_status read_axes(const struct mface_step *step, unsigned *axes)
{
    const int rank = step->in[0].shape.rank;
    bool given;
    MFACE_TRY(mface_op_axes(step, 1, rank, axes, &given));
    if (!given)
        *axes = mface_op_attr_int(step, "noop_with_empty_axes", 0) ? 0 : (1u << rank) - 1;
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    const struct mface_reduce_fn *fn = mface_reduce_fn_find(step->op->name);
    const unsigned ints = fn->add_i64 ? MFACE_DTYPES_INT : 0;
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_FLOAT | ints));
    unsigned axes;
    MFACE_TRY(read_axes(step, &axes));
    const struct mface_tensor *x = &step->in[0];
    struct mface_tensor *y = &step->out[0];
    const bool keep = mface_op_attr_int(step, "keepdims", 1);
    y->dtype = x->dtype;
    y->shape.rank = 0;
    for (int i = 0; i < x->shape.rank; i++) {
        const bool reduced = axes >> i & 1;
        if (!reduced || keep)
            y->shape.dim[y->shape.rank++] = reduced ? 1 : x->shape.dim[i];
    }
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    unsigned axes;
    MFACE_TRY(read_axes(step, &axes));
    const struct mface_shape *x = &step->in[0].shape;
    state->fn = mface_reduce_fn_find(step->op->name);
    state->exact = mface_elem_compute_dtype(step->in[0].dtype) == MFACE_DTYPE_I64;
    mface_walk_init_axes(&state->kept, x, ~axes);
    mface_walk_init_axes(&state->reduced, x, axes);
    state->n = 1;
    for (int i = 0; i < x->rank; i++)
        state->n *= axes >> i & 1 ? x->dim[i] : 1;
    return MFACE_OK;
}

/* The total over the elements of one walk, which starts `base` elements into x. */
static union mface_reduce_total reduce(
    const struct state *state, const struct mface_tensor *x, int64_t base)
{
    union mface_reduce_total total;
    union {
        double f64[MFACE_ELEM_RUN];
        int64_t i64[MFACE_ELEM_RUN];
    } run;
    if (state->exact)
        total.i64 = state->fn->first_i64;
    else
        total.f64 = state->fn->first_f64;
    struct mface_walk walk = state->reduced;
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
        for (int64_t i = 0; i < walk.n; i += MFACE_ELEM_RUN) {
            const int64_t n = walk.n - i < MFACE_ELEM_RUN ? walk.n - i : MFACE_ELEM_RUN;
            const int64_t first = base + walk.offset[0] + i * walk.step[0];
            if (state->exact) {
                mface_elem_load_i64(x->data, x->dtype, first, walk.step[0], n, run.i64);
                total.i64 = state->fn->add_i64(total.i64, run.i64, n);
            } else {
                mface_elem_load_f64(x->data, x->dtype, first, walk.step[0], n, run.f64);
                total.f64 = state->fn->add_f64(total.f64, run.f64, n);
            }
        }
    return total;
}

static void finish(const struct state *state, union mface_reduce_total total,
    const struct mface_tensor *y, int64_t at)
{
    const struct mface_reduce_fn *fn = state->fn;
    if (state->exact) {
        if (fn->finish_i64)
            total.i64 = fn->finish_i64(total.i64, state->n);
        mface_elem_store_i64(y->data, y->dtype, at, 1, &total.i64);
        return;
    }
    if (fn->finish_f64)
        total.f64 = fn->finish_f64(total.f64, state->n);
    mface_elem_store_f64(y->data, y->dtype, at, 1, &total.f64);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const struct mface_tensor *x = &args->in[0], *y = &args->out[0];
    struct mface_walk walk = state->kept;
    int64_t at = 0;
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
        for (int64_t i = 0; i < walk.n; i++)
            finish(state, reduce(state, x, walk.offset[0] + i * walk.step[0]), y, at++);
    return MFACE_OK;
}

#define REDUCE(symbol, op_name)                                                                    \
    const struct mface_op mface_op_reduce_##symbol = {                                             \
        .name = op_name,                                                                           \
        .in_min = 1,                                                                               \
        .in_max = 2,                                                                               \
        .infer = infer,                                                                            \
        .prepare = prepare,                                                                        \
        .run = run,                                                                                \
    };

REDUCE(sum, "ReduceSum")
REDUCE(mean, "ReduceMean")
REDUCE(max, "ReduceMax")
REDUCE(min, "ReduceMin")
REDUCE(prod, "ReduceProd")
REDUCE(l1, "ReduceL1")
REDUCE(l2, "ReduceL2")
REDUCE(sum_square, "ReduceSumSquare")
REDUCE(log_sum, "ReduceLogSum")
REDUCE(log_sum_exp, "ReduceLogSumExp")
