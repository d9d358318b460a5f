/* Sigmoid and Tanh: f32, elementwise. */
#include "onnx/parallel.h"

#include <math.h>

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

static void sigmoid_range(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    (void)step;
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
    for (int64_t i = first; i < end; i++)
        y[i] = 1.0f / (1.0f + expf(-x[i]));
}

static enum mface_status run_sigmoid(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    mface_op_parallel(step, args, n, 2 * n, sigmoid_range);
    return MFACE_OK;
}

static void tanh_range(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    (void)step;
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
    for (int64_t i = first; i < end; i++)
        y[i] = tanhf(x[i]);
}

static enum mface_status run_tanh(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    mface_op_parallel(step, args, n, 2 * n, tanh_range);
    return MFACE_OK;
}

const struct mface_op mface_op_sigmoid = {
    .name = "Sigmoid",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .run = run_sigmoid,
};

const struct mface_op mface_op_tanh = {
    .name = "Tanh",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .run = run_tanh,
};
