/* GlobalAveragePool and GlobalMaxPool: one number per plane. */
#include "onnx/op.h"

#include <math.h>

static enum mface_status infer_global(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    if (step->in[0].shape.rank < 3)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the input has no spatial dimension");
    MFACE_TRY(mface_op_infer_same(step));
    for (int i = 2; i < step->out[0].shape.rank; i++)
        step->out[0].shape.dim[i] = 1;
    return MFACE_OK;
}

static int64_t global_plane(const struct mface_step *step)
{
    return mface_shape_count_range(&step->in[0].shape, 2, step->in[0].shape.rank);
}

static enum mface_status run_global_average(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t plane = global_plane(step), n = mface_shape_count(&step->out[0].shape);
    for (int64_t i = 0; i < n; i++) {
        const float *x = (const float *)args->in[0].data + i * plane;
        double sum = 0.0; // a plane may be large
        for (int64_t k = 0; k < plane; k++)
            sum += x[k];
        ((float *)args->out[0].data)[i] = (float)(sum / (double)plane);
    }
    return MFACE_OK;
}

static enum mface_status run_global_max(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t plane = global_plane(step), n = mface_shape_count(&step->out[0].shape);
    for (int64_t i = 0; i < n; i++) {
        const float *x = (const float *)args->in[0].data + i * plane;
        float max = -INFINITY;
        for (int64_t k = 0; k < plane; k++)
            max = x[k] > max ? x[k] : max;
        ((float *)args->out[0].data)[i] = max;
    }
    return MFACE_OK;
}

const struct mface_op mface_op_global_average_pool = {
    .name = "GlobalAveragePool",
    .in_min = 1,
    .in_max = 1,
    .infer = infer_global,
    .run = run_global_average,
};

const struct mface_op mface_op_global_max_pool = {
    .name = "GlobalMaxPool",
    .in_min = 1,
    .in_max = 1,
    .infer = infer_global,
    .run = run_global_max,
};
