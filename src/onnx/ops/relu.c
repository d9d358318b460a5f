/* Relu and LeakyRelu: x < 0 ? alpha·x : x, alpha being 0 in the plain one. NaN stays NaN. */
#include "onnx/parallel.h"

struct state {
    float alpha;
};

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

static void relu(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    (void)step;
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
    for (int64_t i = first; i < end; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

static enum mface_status run_relu(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    mface_op_parallel(step, args, n, n, relu);
    return MFACE_OK;
}

static enum mface_status prepare_leaky_relu(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    state->alpha = mface_op_attr_float(step, "alpha", 0.01f);
    return MFACE_OK;
}

static void leaky_relu(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const float alpha = ((const struct state *)step->state)->alpha;
    const float *x = args->in[0].data;
    float *y = args->out[0].data;
    for (int64_t i = first; i < end; i++)
        y[i] = x[i] * (x[i] < 0.0f ? alpha : 1.0f); // a choice of factors needs no branch
}

static enum mface_status run_leaky_relu(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    mface_op_parallel(step, args, n, n, leaky_relu);
    return MFACE_OK;
}

const struct mface_op mface_op_relu = {
    .name = "Relu",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .run = run_relu,
};

const struct mface_op mface_op_leaky_relu = {
    .name = "LeakyRelu",
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .prepare = prepare_leaky_relu,
    .run = run_leaky_relu,
};
