/* Shape, Size: the dimensions of the input, or their product, as i64. From operator set 15 on
 * Shape may give a range of dimensions. */
#include "onnx/op.h"

#include <string.h>

static int64_t clip_axis(int64_t axis, int rank)
{
    if (axis < 0)
        axis += rank;
    return axis < 0 ? 0 : axis > rank ? rank : axis;
}

static void read_range(const struct mface_step *step, int64_t *start, int64_t *end)
{
    const int rank = step->in[0].shape.rank;
    *start = clip_axis(mface_op_attr_int(step, "start", 0), rank);
    *end = clip_axis(mface_op_attr_int(step, "end", rank), rank);
    if (*end < *start)
        *end = *start;
}

static enum mface_status infer_shape(struct mface_step *step)
{
    int64_t start, end;
    read_range(step, &start, &end);
    step->out[0].dtype = MFACE_DTYPE_I64;
    step->out[0].shape = (struct mface_shape) { .rank = 1, .dim = { end - start } };
    return MFACE_OK;
}

static enum mface_status run_shape(const struct mface_step *step, const struct mface_op_args *args)
{
    int64_t start, end;
    read_range(step, &start, &end);
    memcpy(args->out[0].data, step->in[0].shape.dim + start, (size_t)(end - start) * sizeof start);
    return MFACE_OK;
}

static enum mface_status infer_size(struct mface_step *step)
{
    step->out[0].dtype = MFACE_DTYPE_I64;
    step->out[0].shape = (struct mface_shape) { .rank = 0 };
    return MFACE_OK;
}

static enum mface_status run_size(const struct mface_step *step, const struct mface_op_args *args)
{
    *(int64_t *)args->out[0].data = mface_shape_count(&step->in[0].shape);
    return MFACE_OK;
}

const struct mface_op mface_op_shape = {
    .name = "Shape",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_SHAPE_ONLY,
    .infer = infer_shape,
    .run = run_shape,
};

const struct mface_op mface_op_size = {
    .name = "Size",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_SHAPE_ONLY,
    .infer = infer_size,
    .run = run_size,
};
