/* LRN: x / (bias + alpha / size · Σ x² over `size` channels around)^beta. */
#include "onnx/op.h"

#include <math.h>

struct state {
    float alpha, beta, bias;
    int64_t size;
};

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    if (step->in[0].shape.rank < 2 || mface_op_attr_int(step, "size", 0) < 1)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "no channels, or no size");
    return mface_op_infer_same(step);
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    state->size = mface_op_attr_int(step, "size", 0);
    state->alpha = mface_op_attr_float(step, "alpha", 1e-4f) / (float)state->size;
    state->beta = mface_op_attr_float(step, "beta", 0.75f);
    state->bias = mface_op_attr_float(step, "bias", 1);
    return MFACE_OK;
}

/* One channel of one sample; `x` and `y` are at the sample. */
static void run_channel(const struct state *state, const float *x, float *y, int64_t channel,
    int64_t n_channels, int64_t plane)
{
    const int64_t before = (state->size - 1) / 2, after = state->size - 1 - before;
    const int64_t first = channel > before ? channel - before : 0;
    const int64_t last = n_channels - 1 - channel > after ? channel + after : n_channels - 1;
    for (int64_t i = 0; i < plane; i++) {
        float sum = 0;
        for (int64_t c = first; c <= last; c++)
            sum += x[c * plane + i] * x[c * plane + i];
        y[channel * plane + i] =
            x[channel * plane + i] / powf(state->bias + state->alpha * sum, state->beta);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const struct mface_shape *shape = &step->in[0].shape;
    const int64_t n_channels = shape->dim[1];
    const int64_t plane = mface_shape_count_range(shape, 2, shape->rank);
    for (int64_t i = 0; i < shape->dim[0] * n_channels; i++) {
        const int64_t sample = i / n_channels * n_channels * plane;
        run_channel(state, (const float *)args->in[0].data + sample,
            (float *)args->out[0].data + sample, i % n_channels, n_channels, plane);
    }
    return MFACE_OK;
}

const struct mface_op mface_op_lrn = {
    .name = "LRN",
    .in_min = 1,
    .in_max = 1,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
