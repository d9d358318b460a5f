/* Expand: an input broadcast to a shape. Tile: an input repeated along each axis. */
#include "onnx/ops/copy.h"
#include "onnx/ops/family.h"

#include <string.h>

static enum mface_status infer_expand(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    struct mface_shape shape = { 0 };
    MFACE_TRY(mface_op_const_ints(step, 1, shape.dim, MFACE_TENSOR_RANK_MAX, &shape.rank));
    if (!mface_shape_valid(&shape) ||
        !mface_shape_broadcast(&step->in[0].shape, &shape, &step->out[0].shape))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the input does not broadcast to the shape");
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

static enum mface_status run_expand(const struct mface_step *step, const struct mface_op_args *args)
{
    (void)step;
    mface_copy_broadcast(&args->in[0], &args->out[0]);
    return MFACE_OK;
}

static enum mface_status infer_tile(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    const struct mface_shape *x = &step->in[0].shape;
    struct mface_shape *y = &step->out[0].shape;
    int64_t repeats[MFACE_TENSOR_RANK_MAX];
    int n;
    MFACE_TRY(mface_op_const_ints(step, 1, repeats, MFACE_TENSOR_RANK_MAX, &n));
    if (n != x->rank)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "%d repeats for rank %d", n, x->rank);
    *y = *x;
    for (int i = 0; i < n; i++)
        if (repeats[i] < 0 || __builtin_mul_overflow(x->dim[i], repeats[i], &y->dim[i]))
            return mface_op_fail(step, MFACE_ERR_FORMAT, "repeats out of range");
    step->out[0].dtype = step->in[0].dtype;
    return MFACE_OK;
}

/* Writes the sub-tensor of x below `axis` repeated as y asks; returns the bytes written. */
static size_t tile(const struct mface_tensor *x, const struct mface_tensor *y, int axis,
    const char *from, char *to)
{
    if (axis == x->shape.rank) {
        memcpy(to, from, mface_dtype_bytes(x->dtype));
        return mface_dtype_bytes(x->dtype);
    }
    const int64_t dim = x->shape.dim[axis];
    const size_t inner = (size_t)mface_shape_count_range(&x->shape, axis + 1, x->shape.rank) *
                         mface_dtype_bytes(x->dtype);
    size_t written = 0;
    for (int64_t i = 0; i < dim; i++)
        written += tile(x, y, axis + 1, from + (size_t)i * inner, to + written);
    const size_t once = written;
    for (int64_t i = dim; i < y->shape.dim[axis]; i += dim, written += once)
        memcpy(to + written, to, once);
    return written;
}

static enum mface_status run_tile(const struct mface_step *step, const struct mface_op_args *args)
{
    (void)step;
    tile(&args->in[0], &args->out[0], 0, args->in[0].data, args->out[0].data);
    return MFACE_OK;
}

const struct mface_op mface_op_expand = {
    .name = "Expand",
    .opset_min = 8,
    .in_min = 2,
    .in_max = 2,
    .infer = infer_expand,
    .run = run_expand,
};

const struct mface_op mface_op_tile = {
    .name = "Tile",
    .opset_min = 6,
    .in_min = 2,
    .in_max = 2,
    .infer = infer_tile,
    .run = run_tile,
};
