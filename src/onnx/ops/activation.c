/* Activations with parameters: Elu Selu Celu HardSigmoid ThresholdedRelu. Defaults are those of
 * ONNX's operator reference. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct slopes {
    float alpha, second; // `second` is what the operator calls beta or gamma
};

#define ACTIVATION_KERNEL(symbol, expr)                                                            \
    static void symbol(int64_t n, const void *a, void *y, const void *param)                       \
    {                                                                                              \
        const float alpha = ((const struct slopes *)param)->alpha;                                 \
        const float second = ((const struct slopes *)param)->second;                               \
        (void)second;                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const float x = ((const float *)a)[i];                                                 \
            ((float *)y)[i] = expr;                                                                \
        }                                                                                          \
    }

ACTIVATION_KERNEL(elu, x < 0.0f ? alpha * expm1f(x) : x)
ACTIVATION_KERNEL(selu, second *(x <= 0.0f ? alpha * expm1f(x) : x))
ACTIVATION_KERNEL(celu, x < 0.0f ? alpha * expm1f(x / alpha) : x)
ACTIVATION_KERNEL(hard_sigmoid, fminf(fmaxf(alpha *x + second, 0.0f), 1.0f))
ACTIVATION_KERNEL(thresholded_relu, x > alpha ? x : 0.0f)

struct activation {
    const char *name, *second_name;
    mface_unary_fn fn;
    struct slopes initial;
};

static const struct activation rows[] = {
    { "Elu", "", elu, { 1.0f } },
    { "Selu", "gamma", selu, { 1.67326319217681884765625f, 1.05070102214813232421875f } },
    { "Celu", "", celu, { 1.0f } },
    { "HardSigmoid", "beta", hard_sigmoid, { 0.2f, 0.5f } },
    { "ThresholdedRelu", "", thresholded_relu, { 1.0f } },
};

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return mface_op_infer_same(step);
}

struct state {
    mface_unary_fn fn;
    struct slopes slopes;
};

static enum mface_status prepare(struct mface_step *step)
{
    const size_t n_rows = sizeof rows / sizeof rows[0];
    size_t i = 0;
    while (i < n_rows && strcmp(rows[i].name, step->op->name) != 0)
        i++;
    assert(i < n_rows);
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct slopes *initial = &rows[i].initial;
    state->fn = rows[i].fn;
    state->slopes.alpha = mface_op_attr_float(step, "alpha", initial->alpha);
    state->slopes.second = mface_op_attr_float(step, rows[i].second_name, initial->second);
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    mface_elementwise_unary(
        &args->in[0], &args->out[0], MFACE_DTYPE_F32, state->fn, &state->slopes, step->threads);
    return MFACE_OK;
}

#define ACTIVATION(symbol, op_name)                                                                \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .in_min = 1,                                                                               \
        .in_max = 1,                                                                               \
        .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,                                           \
        .infer = infer,                                                                            \
        .prepare = prepare,                                                                        \
        .run = run,                                                                                \
    };

ACTIVATION(elu, "Elu")
ACTIVATION(selu, "Selu")
ACTIVATION(celu, "Celu")
ACTIVATION(hard_sigmoid, "HardSigmoid")
ACTIVATION(thresholded_relu, "ThresholdedRelu")
