/* Sum, Mean, Min, Max: any number of operands, folded into the output one after another. */
#include "onnx/ops/copy.h"
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <math.h>
#include <string.h>

MFACE_BINARY_KERNEL(add_f32, float, float, x + z)
MFACE_BINARY_KERNEL(add_f64, double, double, x + z)
// NaN wins on either side, as in numpy.
MFACE_BINARY_KERNEL(min_f32, float, float, x < z || isnan(x) ? x : z)
MFACE_BINARY_KERNEL(min_f64, double, double, x < z || isnan(x) ? x : z)
MFACE_BINARY_KERNEL(min_i64, int64_t, int64_t, x < z ? x : z)
MFACE_BINARY_KERNEL(max_f32, float, float, x > z || isnan(x) ? x : z)
MFACE_BINARY_KERNEL(max_f64, double, double, x > z || isnan(x) ? x : z)
MFACE_BINARY_KERNEL(max_i64, int64_t, int64_t, x > z ? x : z)

static const struct mface_binary_kernels rows[] = {
    { "Sum", add_f32, add_f64, NULL },
    { "Mean", add_f32, add_f64, NULL },
    { "Min", min_f32, min_f64, min_i64 },
    { "Max", max_f32, max_f64, max_i64 },
};

static enum mface_status prepare(struct mface_step *step)
{
    const size_t n_rows = sizeof rows / sizeof rows[0];
    return mface_prepare_binary(step, mface_binary_kernels_find(rows, n_rows, step->op->name));
}

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    for (int i = 1; i < step->n_in; i++)
        MFACE_TRY(mface_op_check_like_first(step, i));
    return mface_op_infer_broadcast(step);
}

static void divide_f32(int64_t n, const void *a, void *y, const void *param)
{
    const float divisor = (float)*(const int *)param;
    for (int64_t i = 0; i < n; i++)
        ((float *)y)[i] = ((const float *)a)[i] / divisor;
}

static void divide_f64(int64_t n, const void *a, void *y, const void *param)
{
    const double divisor = *(const int *)param;
    for (int64_t i = 0; i < n; i++)
        ((double *)y)[i] = ((const double *)a)[i] / divisor;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_binary_state *state = step->state;
    const struct mface_tensor *y = &args->out[0];
    if (step->n_in == 1)
        mface_copy_broadcast(&args->in[0], y);
    for (int i = 1; i < step->n_in; i++)
        mface_elementwise_binary(i == 1 ? &args->in[0] : y, &args->in[i], y, state->compute,
            state->compute, state->fn, step->threads);
    if (strcmp(step->op->name, "Mean") == 0)
        mface_elementwise_unary(y, y, state->compute,
            state->compute == MFACE_DTYPE_F32 ? divide_f32 : divide_f64, &step->n_in,
            step->threads);
    return MFACE_OK;
}

// Not in place: the output is written before the third operand is read.
#define FOLD(symbol, op_name)                                                                      \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .opset_min = 6,                                                                            \
        .in_min = 1,                                                                               \
        .in_max = MFACE_OP_VARIADIC,                                                               \
        .infer = infer,                                                                            \
        .prepare = prepare,                                                                        \
        .run = run,                                                                                \
    };

FOLD(sum, "Sum")
FOLD(mean, "Mean")
FOLD(min, "Min")
FOLD(max, "Max")
