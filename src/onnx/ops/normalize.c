/* InstanceNormalization: (x - mean) / sqrt(variance + epsilon) · scale + bias per sample and
 * channel. MeanVarianceNormalization: (x - mean) / (deviation + 1e-9) along chosen axes. */
#include "onnx/ops/axes.h"
#include "onnx/ops/family.h"
#include "onnx/ops/walk.h"
#include "onnx/parallel.h"

#include <math.h>

struct moments {
    double mean, variance;
};

/* Of the elements one walk visits from x on; two passes, so that nothing cancels. */
static struct moments measure(const struct mface_walk *along, const float *x)
{
    struct moments moments = { 0 };
    for (int pass = 0; pass < 2; pass++) {
        struct mface_walk walk = *along;
        double sum = 0;
        int64_t n = 0;
        for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk), n += walk.n)
            for (int64_t i = 0; i < walk.n; i++) {
                const double d = x[walk.offset[0] + i * walk.step[0]] - moments.mean;
                sum += pass == 0 ? d : d * d;
            }
        *(pass == 0 ? &moments.mean : &moments.variance) = sum / (double)n;
    }
    return moments;
}

/* y = (x - mean) · scale + bias along one walk. */
static void apply(const struct mface_walk *along, const float *x, float *y, double mean,
    double scale, double bias)
{
    struct mface_walk walk = *along;
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
        for (int64_t i = 0; i < walk.n; i++) {
            const int64_t at = walk.offset[0] + i * walk.step[0];
            y[at] = (float)((x[at] - mean) * scale + bias);
        }
}

struct state {
    struct mface_walk kept, along;
    float epsilon;
};

static enum mface_status prepare_walks(struct mface_step *step, unsigned axes)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    mface_walk_init_axes(&state->kept, &step->in[0].shape, ~axes);
    mface_walk_init_axes(&state->along, &step->in[0].shape, axes);
    state->epsilon = mface_op_attr_float(step, "epsilon", 1e-5f);
    return MFACE_OK;
}

static enum mface_status infer_instance(struct mface_step *step)
{
    for (int i = 0; i < 3; i++)
        MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    const struct mface_shape *x = &step->in[0].shape;
    for (int i = 1; i < 3; i++)
        if (x->rank < 2 || mface_shape_count(&step->in[i].shape) != x->dim[1])
            return mface_op_fail(step, MFACE_ERR_FORMAT, "input %d is not one per channel", i);
    return mface_op_infer_same(step);
}

static enum mface_status prepare_instance(struct mface_step *step)
{
    return prepare_walks(step, ~3u);
}

static void run_planes(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    const struct mface_shape *shape = &step->in[0].shape;
    const int64_t n_channels = shape->dim[1];
    const int64_t plane = mface_shape_count_range(shape, 2, shape->rank);
    const float *scale = args->in[1].data, *bias = args->in[2].data;
    for (int64_t i = first; i < end; i++) {
        const float *x = (const float *)args->in[0].data + i * plane;
        const struct moments moments = measure(&state->along, x);
        const int64_t channel = i % n_channels;
        apply(&state->along, x, (float *)args->out[0].data + i * plane, moments.mean,
            scale[channel] / sqrt(moments.variance + state->epsilon), bias[channel]);
    }
}

static enum mface_status run_instance(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_shape *shape = &step->in[0].shape;
    mface_op_parallel(
        step, args, shape->dim[0] * shape->dim[1], mface_shape_count(shape), run_planes);
    return MFACE_OK;
}

static enum mface_status infer_mean_variance(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

static enum mface_status prepare_mean_variance(struct mface_step *step)
{
    unsigned axes;
    bool given;
    const int rank = step->in[0].shape.rank;
    MFACE_TRY(mface_op_axes(step, 1, rank, &axes, &given));
    if (!given)
        axes = ~2u; // all but the channels
    return prepare_walks(step, axes);
}

static enum mface_status run_mean_variance(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    struct mface_walk walk = state->kept;
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
        for (int64_t i = 0; i < walk.n; i++) {
            const int64_t at = walk.offset[0] + i * walk.step[0];
            const float *x = (const float *)args->in[0].data + at;
            const struct moments moments = measure(&state->along, x);
            apply(&state->along, x, (float *)args->out[0].data + at, moments.mean,
                1 / (sqrt(moments.variance) + 1e-9), 0);
        }
    return MFACE_OK;
}

const struct mface_op mface_op_instance_normalization = {
    .name = "InstanceNormalization",
    .opset_min = 6,
    .in_min = 3,
    .in_max = 3,
    .infer = infer_instance,
    .prepare = prepare_instance,
    .run = run_instance,
};

const struct mface_op mface_op_mean_variance_normalization = {
    .name = "MeanVarianceNormalization",
    .opset_min = 9,
    .in_min = 1,
    .in_max = 1,
    .infer = infer_mean_variance,
    .prepare = prepare_mean_variance,
    .run = run_mean_variance,
};
