/* Relu: max(x, 0). NaN stays NaN. */
#include "onnx/op.h"

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
#pragma omp parallel for simd num_threads(step->threads) if (n > 1 << 16)
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i];
    return MFACE_OK;
}

const struct mface_op mface_op_relu = {
    .name = "Relu",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_IN_PLACE,
    .infer = infer,
    .run = run,
};
