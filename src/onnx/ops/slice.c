/* Slice: elements start, start + step, ... short of end, along the chosen axes.
 *
 * Until operator set 9 starts, ends and axes are attributes; from 10 on inputs, with steps, which
 * may be negative. A slice is a strided copy. */
#include "onnx/ops/axes.h"
#include "onnx/ops/copy.h"
#include "onnx/ops/family.h"

struct slice {
    int64_t start[MFACE_TENSOR_RANK_MAX], step[MFACE_TENSOR_RANK_MAX];
    struct mface_shape shape; // of the result
};

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Applies one axis of the slice, with ends out of range cut off as numpy does. */
static void slice_axis(struct slice *slice, int axis, int64_t start, int64_t end, int64_t step)
{
    const int64_t dim = slice->shape.dim[axis];
    if (dim == 0)
        return;
    const int64_t from_end = step < 0 ? -1 : 0; // backwards, the end may lie before element 0
    start = clamp(start < 0 ? start + dim : start, 0, dim + from_end);
    end = clamp(end < 0 ? end + dim : end, from_end, dim + from_end);
    const int64_t span = step < 0 ? start - end : end - start;
    const uint64_t stride = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
    slice->start[axis] = start;
    slice->step[axis] = step;
    slice->shape.dim[axis] = span > 0 ? (int64_t)(((uint64_t)span - 1) / stride) + 1 : 0;
}

static enum mface_status read_slice(const struct mface_step *step, struct slice *slice)
{
    int64_t start[MFACE_TENSOR_RANK_MAX], end[MFACE_TENSOR_RANK_MAX];
    int64_t axes[MFACE_TENSOR_RANK_MAX], steps[MFACE_TENSOR_RANK_MAX];
    const int max = MFACE_TENSOR_RANK_MAX;
    int n, n_ends, n_axes, n_steps;
    MFACE_TRY(mface_op_ints(step, 1, "starts", start, max, &n));
    MFACE_TRY(mface_op_ints(step, 2, "ends", end, max, &n_ends));
    MFACE_TRY(mface_op_ints(step, 3, "axes", axes, max, &n_axes));
    MFACE_TRY(mface_op_ints(step, 4, "steps", steps, max, &n_steps));
    if (n_ends != n || (n_axes && n_axes != n) || (n_steps && n_steps != n))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "%d starts, %d ends, %d axes, %d steps", n,
            n_ends, n_axes, n_steps);
    slice->shape = step->in[0].shape;
    for (int i = 0; i < max; i++) {
        slice->start[i] = 0;
        slice->step[i] = 1;
    }
    for (int i = 0; i < n; i++) {
        int axis;
        MFACE_TRY(mface_op_axis(step, n_axes ? axes[i] : i, slice->shape.rank, &axis));
        if (n_steps && steps[i] == 0)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "the step of axis %d is 0", axis);
        slice_axis(slice, axis, start[i], end[i], n_steps ? steps[i] : 1);
    }
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    struct slice slice;
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    MFACE_TRY(read_slice(step, &slice));
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = slice.shape;
    return MFACE_OK;
}

struct state {
    int64_t first; // element of the input the result begins with
    int64_t stride[MFACE_TENSOR_RANK_MAX];
};

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    struct slice slice;
    MFACE_TRY(read_slice(step, &slice));
    mface_shape_strides(&step->in[0].shape, NULL, state->stride);
    for (int i = 0; i < slice.shape.rank; i++) {
        state->first += slice.start[i] * state->stride[i];
        // A step beyond the dimension yields one element: it is never taken, and must not wrap.
        state->stride[i] *= slice.shape.dim[i] > 1 ? slice.step[i] : 1;
    }
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const size_t bytes = mface_dtype_bytes(args->out[0].dtype);
    struct mface_place from = { (char *)args->in[0].data + state->first * (int64_t)bytes };
    struct mface_place to = { args->out[0].data };
    for (int i = 0; i < MFACE_TENSOR_RANK_MAX; i++)
        from.stride[i] = state->stride[i];
    mface_shape_strides(&args->out[0].shape, NULL, to.stride);
    mface_copy_strided(&args->out[0].shape, &from, &to, bytes);
    return MFACE_OK;
}

const struct mface_op mface_op_slice = {
    .name = "Slice",
    .in_min = 1,
    .in_max = 5,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
