/* Sigmoid and Tanh: f32, elementwise. */
#include "onnx/op.h"

#include <math.h>

/* Elements from which a second thread pays for itself. */
enum { PARALLEL_MIN = 1 << 16 };

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

static enum mface_status run_sigmoid(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
#pragma omp parallel for num_threads(step->threads) if (n > PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        y[i] = 1.0f / (1.0f + expf(-x[i]));
    return MFACE_OK;
}

static enum mface_status run_tanh(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
#pragma omp parallel for num_threads(step->threads) if (n > PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        y[i] = tanhf(x[i]);
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
