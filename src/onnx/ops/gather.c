/* Gather: slices along an axis. GatherElements: single elements along an axis. GatherND: slices
 * addressed by tuples.
 *
 * Indices are i32 or i64, negative ones count from the end; one out of range cannot be seen before
 * the run, which then fails. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <string.h>

enum { INDEX_TYPES = 1 << MFACE_DTYPE_I32 | 1 << MFACE_DTYPE_I64 };

/* The `at`th index, brought into 0 ≤ i < dim; false when it is out of range. */
static bool read_index(const struct mface_tensor *indices, int64_t at, int64_t dim, int64_t *out)
{
    mface_elem_load_i64(indices->data, indices->dtype, at, 1, 1, out);
    if (*out < 0)
        *out += dim;
    return *out >= 0 && *out < dim;
}

static enum mface_status fail_index(const struct mface_step *step)
{
    return mface_op_fail(step, MFACE_ERR_ARG, "an index is out of range");
}

static enum mface_status read_axis(const struct mface_step *step, int *axis)
{
    return mface_op_axis(step, mface_op_attr_int(step, "axis", 0), step->in[0].shape.rank, axis);
}

static enum mface_status check_types(const struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    return mface_op_check_dtype(step, 1, INDEX_TYPES);
}

static enum mface_status infer_gather(struct mface_step *step)
{
    MFACE_TRY(check_types(step));
    const struct mface_shape *x = &step->in[0].shape, *indices = &step->in[1].shape;
    struct mface_shape *y = &step->out[0].shape;
    int axis;
    MFACE_TRY(read_axis(step, &axis));
    if (x->rank + indices->rank - 1 > MFACE_TENSOR_RANK_MAX)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "the result has too many dimensions");
    y->rank = 0;
    for (int i = 0; i < axis; i++)
        y->dim[y->rank++] = x->dim[i];
    for (int i = 0; i < indices->rank; i++)
        y->dim[y->rank++] = indices->dim[i];
    for (int i = axis + 1; i < x->rank; i++)
        y->dim[y->rank++] = x->dim[i];
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

struct gather {
    int axis;
};

static enum mface_status prepare_axis(struct mface_step *step)
{
    struct gather *gather = mface_op_state(step, sizeof *gather);
    if (!gather)
        return mface_op_nomem(step);
    return read_axis(step, &gather->axis);
}

static enum mface_status run_gather(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct gather *gather = step->state;
    const struct mface_tensor *x = &args->in[0], *indices = &args->in[1];
    const int axis = gather->axis;
    const int64_t dim = x->shape.dim[axis], outer = mface_shape_count_range(&x->shape, 0, axis);
    const int64_t n = mface_shape_count(&indices->shape);
    const size_t bytes = (size_t)mface_shape_count_range(&x->shape, axis + 1, x->shape.rank) *
                         mface_dtype_bytes(x->dtype);
    char *to = args->out[0].data;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n; i++, to += bytes) {
            int64_t index;
            if (!read_index(indices, i, dim, &index))
                return fail_index(step);
            memcpy(to, (const char *)x->data + (size_t)(o * dim + index) * bytes, bytes);
        }
    return MFACE_OK;
}

static enum mface_status infer_gather_elements(struct mface_step *step)
{
    MFACE_TRY(check_types(step));
    const struct mface_shape *x = &step->in[0].shape, *indices = &step->in[1].shape;
    int axis;
    MFACE_TRY(read_axis(step, &axis));
    if (indices->rank != x->rank)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "indices have another rank than the data");
    for (int i = 0; i < x->rank; i++)
        if (i != axis && indices->dim[i] > x->dim[i])
            return mface_op_fail(step, MFACE_ERR_FORMAT, "indices are larger than the data");
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = *indices;
    return MFACE_OK;
}

static enum mface_status run_gather_elements(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const struct gather *gather = step->state;
    const struct mface_tensor *x = &args->in[0], *indices = &args->in[1], *y = &args->out[0];
    int64_t stride[MFACE_TENSOR_RANK_MAX];
    mface_shape_strides(&x->shape, NULL, stride);
    const int64_t n = mface_shape_count(&indices->shape);
    const size_t bytes = mface_dtype_bytes(x->dtype);
    for (int64_t i = 0; i < n; i++) {
        int64_t index, from = 0, rest = i;
        if (!read_index(indices, i, x->shape.dim[gather->axis], &index))
            return fail_index(step);
        for (int d = x->shape.rank; d-- > 0; rest /= indices->shape.dim[d])
            from += stride[d] * (d == gather->axis ? index : rest % indices->shape.dim[d]);
        memcpy(mface_elem_at(y->data, y->dtype, i), mface_elem_at(x->data, x->dtype, from), bytes);
    }
    return MFACE_OK;
}

static enum mface_status infer_gather_nd(struct mface_step *step)
{
    MFACE_TRY(check_types(step));
    const struct mface_shape *x = &step->in[0].shape, *indices = &step->in[1].shape;
    struct mface_shape *y = &step->out[0].shape;
    const int64_t n_batch = mface_op_attr_int(step, "batch_dims", 0);
    const int64_t tuple = indices->rank ? indices->dim[indices->rank - 1] : 0;
    if (n_batch < 0 || n_batch >= indices->rank || tuple < 1 || n_batch + tuple > x->rank)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the indices do not fit the data");
    for (int i = 0; i < n_batch; i++)
        if (indices->dim[i] != x->dim[i])
            return mface_op_fail(step, MFACE_ERR_FORMAT, "batch dimension %d differs", i);
    if (indices->rank - 1 + x->rank - n_batch - tuple > MFACE_TENSOR_RANK_MAX)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "the result has too many dimensions");
    y->rank = 0;
    for (int i = 0; i < indices->rank - 1; i++)
        y->dim[y->rank++] = indices->dim[i];
    for (int64_t i = n_batch + tuple; i < x->rank; i++)
        y->dim[y->rank++] = x->dim[i];
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

static enum mface_status prepare_gather_nd(struct mface_step *step)
{
    struct gather *gather = mface_op_state(step, sizeof *gather);
    if (!gather)
        return mface_op_nomem(step);
    gather->axis = (int)mface_op_attr_int(step, "batch_dims", 0); // where the tuples begin
    return MFACE_OK;
}

static enum mface_status run_gather_nd(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const struct gather *gather = step->state;
    const struct mface_tensor *x = &args->in[0], *indices = &args->in[1];
    const int first = gather->axis;
    const int tuple = (int)indices->shape.dim[indices->shape.rank - 1];
    const int64_t n = mface_shape_count_range(&indices->shape, 0, indices->shape.rank - 1);
    const int64_t n_batches = mface_shape_count_range(&x->shape, 0, first);
    const int64_t tail = mface_shape_count_range(&x->shape, first + tuple, x->shape.rank);
    const size_t bytes = (size_t)tail * mface_dtype_bytes(x->dtype);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = i / (n / n_batches);
        for (int k = 0; k < tuple; k++) {
            int64_t index;
            if (!read_index(indices, i * tuple + k, x->shape.dim[first + k], &index))
                return fail_index(step);
            at = at * x->shape.dim[first + k] + index;
        }
        memcpy((char *)args->out[0].data + (size_t)i * bytes,
            (const char *)x->data + (size_t)at * bytes, bytes);
    }
    return MFACE_OK;
}

#define GATHER(symbol, op_name, oldest, prepare_fn)                                                \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .opset_min = oldest,                                                                       \
        .in_min = 2,                                                                               \
        .in_max = 2,                                                                               \
        .infer = infer_##symbol,                                                                   \
        .prepare = prepare_fn,                                                                     \
        .run = run_##symbol,                                                                       \
    };

GATHER(gather, "Gather", 1, prepare_axis)
GATHER(gather_elements, "GatherElements", 11, prepare_axis)
GATHER(gather_nd, "GatherND", 11, prepare_gather_nd)
