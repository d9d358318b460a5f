/* TopK: the k largest or smallest elements along an axis, best first, and their indices.
 *
 * A heap of the k best so far, the worst of them on top, takes one element after another; taking
 * the heap apart then yields them from worst to best. Of equal elements the earlier is better. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <string.h>

struct entry {
    double value;
    int64_t index;
};

struct state {
    int64_t outer, n, inner, k;
    bool smallest;
};

static bool is_better(const struct entry *a, const struct entry *b, bool smallest)
{
    if (a->value != b->value)
        return smallest ? a->value < b->value : a->value > b->value;
    return a->index < b->index;
}

/* Moves the entry at `at` down until none below it is worse. */
static void sink(struct entry *heap, int64_t n, int64_t at, bool smallest)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_better(&heap[child], &heap[child + 1], smallest))
            child++;
        if (!is_better(&heap[at], &heap[child], smallest))
            return;
        const struct entry swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

static void select_best(
    const struct state *state, const struct mface_tensor *x, int64_t first, struct entry *heap)
{
    for (int64_t i = 0; i < state->n; i++) {
        struct entry entry = { .index = i };
        mface_elem_load_f64(x->data, x->dtype, first + i * state->inner, 1, 1, &entry.value);
        if (i < state->k) {
            heap[i] = entry;
            for (int64_t at = i + 1 == state->k ? state->k / 2 : 0; at-- > 0;)
                sink(heap, state->k, at, state->smallest);
        } else if (is_better(&entry, &heap[0], state->smallest)) {
            heap[0] = entry;
            sink(heap, state->k, 0, state->smallest);
        }
    }
}

static enum mface_status read_k(const struct mface_step *step, int64_t *k)
{
    int n = 1;
    *k = mface_op_attr_int(step, "k", 0); // operator set 1; an input from 10 on
    if (mface_op_has_in(step, 1))
        MFACE_TRY(mface_op_const_ints(step, 1, k, 1, &n));
    return MFACE_OK;
}

static enum mface_status read_axis(const struct mface_step *step, int *axis)
{
    return mface_op_axis(step, mface_op_attr_int(step, "axis", -1), step->in[0].shape.rank, axis);
}

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    int axis;
    int64_t k;
    MFACE_TRY(read_axis(step, &axis));
    MFACE_TRY(read_k(step, &k));
    const struct mface_tensor *x = &step->in[0];
    if (k < 0 || k > x->shape.dim[axis])
        return mface_op_fail(step, MFACE_ERR_FORMAT, "k is larger than the axis");
    for (int i = 0; i < 2; i++) {
        step->out[i].dtype = i == 0 ? x->dtype : MFACE_DTYPE_I64;
        step->out[i].shape = x->shape;
        step->out[i].shape.dim[axis] = k;
    }
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *x = &step->in[0].shape;
    int axis;
    MFACE_TRY(read_axis(step, &axis));
    state->outer = mface_shape_count_range(x, 0, axis);
    state->n = x->dim[axis];
    state->inner = mface_shape_count_range(x, axis + 1, x->rank);
    state->k = step->out[0].shape.dim[axis];
    state->smallest = !mface_op_attr_int(step, "largest", 1);
    step->scratch_bytes = (size_t)state->k * sizeof(struct entry);
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const struct mface_tensor *x = &args->in[0], *y = &args->out[0];
    const size_t bytes = mface_dtype_bytes(x->dtype);
    int64_t *indices = args->out[1].data;
    struct entry *heap = args->scratch;
    for (int64_t v = 0; v < state->outer * state->inner; v++) {
        const int64_t outer = v / state->inner, inner = v % state->inner;
        const int64_t first = outer * state->n * state->inner + inner;
        select_best(state, x, first, heap);
        for (int64_t i = state->k; i-- > 0;) {
            const int64_t at = (outer * state->k + i) * state->inner + inner;
            if (y->data)
                memcpy(mface_elem_at(y->data, y->dtype, at),
                    mface_elem_at(x->data, y->dtype, first + heap[0].index * state->inner), bytes);
            if (indices)
                indices[at] = heap[0].index;
            heap[0] = heap[i];
            sink(heap, i, 0, state->smallest);
        }
    }
    return MFACE_OK;
}

const struct mface_op mface_op_top_k = {
    .name = "TopK",
    .in_min = 1,
    .in_max = 2,
    .out_max = 2,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
