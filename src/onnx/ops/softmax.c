/* Softmax, LogSoftmax, Hardmax, along one axis.
 *
 * Until operator set 12 the input is seen as a matrix: everything from `axis` (default 1) on is one
 * row; from 13 on only `axis` itself (default -1). Exponents are taken after subtracting the
 * largest element, so that nothing overflows. */
#include "onnx/parallel.h"

#include <math.h>

typedef void (*softmax_fn)(int64_t n, int64_t stride, const float *x, float *y);

static float largest(int64_t n, int64_t stride, const float *x)
{
    float top = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        top = x[i * stride] > top ? x[i * stride] : top;
    return top;
}

static void softmax(int64_t n, int64_t stride, const float *x, float *y)
{
    const float top = largest(n, stride, x);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        y[i * stride] = expf(x[i * stride] - top);
        sum += y[i * stride];
    }
    const float scale = (float)(1 / sum);
    for (int64_t i = 0; i < n; i++)
        y[i * stride] *= scale;
}

static void log_softmax(int64_t n, int64_t stride, const float *x, float *y)
{
    const float top = largest(n, stride, x);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += expf(x[i * stride] - top);
    const float shift = (float)log(sum);
    for (int64_t i = 0; i < n; i++)
        y[i * stride] = x[i * stride] - top - shift;
}

/* 1 at the first of the largest elements, 0 elsewhere. */
static void hardmax(int64_t n, int64_t stride, const float *x, float *y)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i * stride] > x[best * stride])
            best = i;
    for (int64_t i = 0; i < n; i++)
        y[i * stride] = i == best;
}

struct state {
    softmax_fn fn;
    int64_t outer, n, inner;
};

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

static enum mface_status prepare_with(struct mface_step *step, softmax_fn fn)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *x = &step->in[0].shape;
    const bool matrix = step->opset < 13;
    int axis;
    MFACE_TRY(
        mface_op_axis(step, mface_op_attr_int(step, "axis", matrix ? 1 : -1), x->rank, &axis));
    const int end = matrix ? x->rank : axis + 1;
    state->fn = fn;
    state->outer = mface_shape_count_range(x, 0, axis);
    state->n = mface_shape_count_range(x, axis, end);
    state->inner = mface_shape_count_range(x, end, x->rank);
    return MFACE_OK;
}

static enum mface_status prepare_softmax(struct mface_step *step)
{
    return prepare_with(step, softmax);
}

static enum mface_status prepare_log_softmax(struct mface_step *step)
{
    return prepare_with(step, log_softmax);
}

static enum mface_status prepare_hardmax(struct mface_step *step)
{
    return prepare_with(step, hardmax);
}

static void run_vectors(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    for (int64_t i = first; i < end; i++) {
        const int64_t at = i / state->inner * state->n * state->inner + i % state->inner;
        state->fn(state->n, state->inner, (const float *)args->in[0].data + at,
            (float *)args->out[0].data + at);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const int64_t n_vectors = state->outer * state->inner;
    mface_op_parallel(step, args, n_vectors, 4 * n_vectors * state->n, run_vectors);
    return MFACE_OK;
}

#define SOFTMAX(symbol, op_name)                                                                   \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .in_min = 1,                                                                               \
        .in_max = 1,                                                                               \
        .flags = MFACE_OP_IN_PLACE,                                                                \
        .infer = infer,                                                                            \
        .prepare = prepare_##symbol,                                                               \
        .run = run,                                                                                \
    };

SOFTMAX(softmax, "Softmax")
SOFTMAX(log_softmax, "LogSoftmax")
SOFTMAX(hardmax, "Hardmax")
