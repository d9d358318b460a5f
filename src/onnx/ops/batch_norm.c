/* BatchNormalization at inference: per channel y = (x − mean)·scale/√(var + ε) + bias, computed
 * as one multiplication and one addition. */
#include "onnx/parallel.h"

#include <math.h>

struct state {
    float epsilon;
};

static enum mface_status infer(struct mface_step *step)
{
    for (int i = 0; i < 5; i++)
        MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    if (mface_op_attr_int(step, "training_mode", 0) || mface_op_has_out(step, 1))
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "training is not supported");
    if (step->in[0].shape.rank < 2)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the input has no channels");
    for (int i = 1; i < 5; i++)
        if (mface_shape_count(&step->in[i].shape) != step->in[0].shape.dim[1])
            return mface_op_fail(step, MFACE_ERR_FORMAT, "input %d has a wrong shape", i);
    return mface_op_infer_same(step);
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    state->epsilon = mface_op_attr_float(step, "epsilon", 1e-5f);
    return MFACE_OK;
}

static void run_planes(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const float epsilon = ((const struct state *)step->state)->epsilon;
    const struct mface_shape *shape = &step->in[0].shape;
    const float *scale = args->in[1].data, *bias = args->in[2].data;
    const float *mean = args->in[3].data, *var = args->in[4].data;
    const int64_t plane = mface_shape_count_range(shape, 2, shape->rank);
    for (int64_t i = first; i < end; i++) {
        const int64_t c = i % shape->dim[1];
        const float a = scale[c] / sqrtf(var[c] + epsilon), b = bias[c] - mean[c] * a;
        const float *x = (const float *)args->in[0].data + i * plane;
        float *y = (float *)args->out[0].data + i * plane;
        for (int64_t k = 0; k < plane; k++)
            y[k] = x[k] * a + b;
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_shape *shape = &step->in[0].shape;
    mface_op_parallel(
        step, args, shape->dim[0] * shape->dim[1], mface_shape_count(shape), run_planes);
    return MFACE_OK;
}

const struct mface_op mface_op_batch_norm = {
    .name = "BatchNormalization",
    .opset_min = 7,
    .in_min = 5,
    .in_max = 5,
    .out_max = 5,
    .flags = MFACE_OP_IN_PLACE,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
