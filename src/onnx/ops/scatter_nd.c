/* ScatterND: a copy of the data in which the slices that tuples of indices address are replaced by,
 * or from operator set 16 on joined with (add, mul, max, min), the updates. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <string.h>

enum join { JOIN_NONE, JOIN_ADD, JOIN_MUL, JOIN_MAX, JOIN_MIN, N_JOINS };

static const char *const join_names[N_JOINS] = { "none", "add", "mul", "max", "min" };

static enum mface_status read_join(const struct mface_step *step, enum join *join)
{
    const char *name = mface_op_attr_str(step, "reduction", "none");
    int i = 0;
    while (i < N_JOINS && strcmp(join_names[i], name) != 0)
        i++;
    if (i == N_JOINS)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "reduction '%s'", name);
    *join = (enum join)i;
    return MFACE_OK;
}

/* The shape the updates must have: a slice of the data for each tuple. */
static bool updates_fit(const struct mface_shape *x, const struct mface_shape *indices,
    const struct mface_shape *updates)
{
    const int64_t tuple = indices->rank ? indices->dim[indices->rank - 1] : 0;
    if (tuple < 1 || tuple > x->rank || updates->rank != indices->rank - 1 + x->rank - tuple)
        return false;
    for (int i = 0; i < updates->rank; i++) {
        const int64_t dim =
            i < indices->rank - 1 ? indices->dim[i] : x->dim[tuple + i - (indices->rank - 1)];
        if (updates->dim[i] != dim)
            return false;
    }
    return true;
}

static enum mface_status infer(struct mface_step *step)
{
    const struct mface_tensor *in = step->in;
    enum join join = JOIN_NONE;
    MFACE_TRY(read_join(step, &join));
    const unsigned mask = join == JOIN_NONE ? MFACE_DTYPES_ANY : MFACE_DTYPES_NUMBER;
    MFACE_TRY(mface_op_check_dtype(step, 0, mask));
    MFACE_TRY(mface_op_check_dtype(step, 1, MFACE_DTYPE_BIT(MFACE_DTYPE_I64)));
    MFACE_TRY(mface_op_check_like_first(step, 2));
    if (!updates_fit(&in[0].shape, &in[1].shape, &in[2].shape))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the updates do not fit data and indices");
    return mface_op_infer_same(step);
}

struct state {
    enum join join;
};

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    return read_join(step, &state->join);
}

static double join_values(enum join join, double old, double update)
{
    switch (join) {
    case JOIN_ADD:
        return old + update;
    case JOIN_MUL:
        return old * update;
    case JOIN_MAX:
        return old > update ? old : update;
    case JOIN_MIN:
        return old < update ? old : update;
    default:
        return update;
    }
}

static void write_slice(enum join join, const struct mface_tensor *y, int64_t at,
    const struct mface_tensor *updates, int64_t from, int64_t n)
{
    void *to = mface_elem_at(y->data, y->dtype, at);
    if (join == JOIN_NONE) {
        memcpy(to, mface_elem_at(updates->data, y->dtype, from),
            (size_t)n * mface_dtype_bytes(y->dtype));
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        double old, update;
        mface_elem_load_f64(to, y->dtype, i, 1, 1, &old);
        mface_elem_load_f64(updates->data, y->dtype, from + i, 1, 1, &update);
        old = join_values(join, old, update);
        mface_elem_store_f64(to, y->dtype, i, 1, &old);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const struct mface_tensor *x = &args->in[0], *indices = &args->in[1], *y = &args->out[0];
    const int tuple = (int)indices->shape.dim[indices->shape.rank - 1];
    const int64_t slice = mface_shape_count_range(&x->shape, tuple, x->shape.rank);
    const int64_t n = mface_shape_count(&indices->shape) / tuple;
    const int64_t *index = indices->data;
    memcpy(y->data, x->data, mface_tensor_bytes(x));
    for (int64_t i = 0; i < n; i++) {
        int64_t at = 0;
        for (int k = 0; k < tuple; k++, index++) {
            const int64_t dim = x->shape.dim[k], positive = *index < 0 ? *index + dim : *index;
            if (positive < 0 || positive >= dim)
                return mface_op_fail(step, MFACE_ERR_ARG, "an index is out of range");
            at = at * dim + positive;
        }
        write_slice(state->join, y, at * slice, &args->in[2], i * slice, slice);
    }
    return MFACE_OK;
}

const struct mface_op mface_op_scatter_nd = {
    .name = "ScatterND",
    .opset_min = 11,
    .in_min = 3,
    .in_max = 3,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
