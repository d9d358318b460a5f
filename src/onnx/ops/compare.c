/* Equal, Greater, GreaterOrEqual, Less, LessOrEqual; And, Or, Xor: results are bool. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

MFACE_BINARY_KERNEL(equal_f32, float, uint8_t, x == z)
MFACE_BINARY_KERNEL(equal_f64, double, uint8_t, x == z)
MFACE_BINARY_KERNEL(equal_i64, int64_t, uint8_t, x == z)
MFACE_BINARY_KERNEL(greater_f32, float, uint8_t, x > z)
MFACE_BINARY_KERNEL(greater_f64, double, uint8_t, x > z)
MFACE_BINARY_KERNEL(greater_i64, int64_t, uint8_t, x > z)
MFACE_BINARY_KERNEL(greater_or_equal_f32, float, uint8_t, x >= z)
MFACE_BINARY_KERNEL(greater_or_equal_f64, double, uint8_t, x >= z)
MFACE_BINARY_KERNEL(greater_or_equal_i64, int64_t, uint8_t, x >= z)
MFACE_BINARY_KERNEL(less_f32, float, uint8_t, x < z)
MFACE_BINARY_KERNEL(less_f64, double, uint8_t, x < z)
MFACE_BINARY_KERNEL(less_i64, int64_t, uint8_t, x < z)
MFACE_BINARY_KERNEL(less_or_equal_f32, float, uint8_t, x <= z)
MFACE_BINARY_KERNEL(less_or_equal_f64, double, uint8_t, x <= z)
MFACE_BINARY_KERNEL(less_or_equal_i64, int64_t, uint8_t, x <= z)
MFACE_BINARY_KERNEL(and_i64, int64_t, uint8_t, x != 0 && z != 0)
MFACE_BINARY_KERNEL(or_i64, int64_t, uint8_t, x != 0 || z != 0)
MFACE_BINARY_KERNEL(xor_i64, int64_t, uint8_t, (x != 0) != (z != 0))

static const struct mface_binary_kernels rows[] = {
    { "Equal", equal_f32, equal_f64, equal_i64 },
    { "Greater", greater_f32, greater_f64, greater_i64 },
    { "GreaterOrEqual", greater_or_equal_f32, greater_or_equal_f64, greater_or_equal_i64 },
    { "Less", less_f32, less_f64, less_i64 },
    { "LessOrEqual", less_or_equal_f32, less_or_equal_f64, less_or_equal_i64 },
    { "And", NULL, NULL, and_i64 },
    { "Or", NULL, NULL, or_i64 },
    { "Xor", NULL, NULL, xor_i64 },
};

static enum mface_status infer_with(struct mface_step *step, unsigned mask)
{
    MFACE_TRY(mface_infer_binary(step, mask));
    step->out[0].dtype = MFACE_DTYPE_BOOL;
    return MFACE_OK;
}

static enum mface_status infer_compare(struct mface_step *step)
{
    return infer_with(step, MFACE_DTYPES_NUMBER | MFACE_DTYPE_BIT(MFACE_DTYPE_BOOL));
}

static enum mface_status infer_logic(struct mface_step *step)
{
    return infer_with(step, MFACE_DTYPE_BIT(MFACE_DTYPE_BOOL));
}

static enum mface_status prepare(struct mface_step *step)
{
    const size_t n_rows = sizeof rows / sizeof rows[0];
    return mface_prepare_binary(step, mface_binary_kernels_find(rows, n_rows, step->op->name));
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_binary_state *state = step->state;
    mface_elementwise_binary(&args->in[0], &args->in[1], &args->out[0], state->compute,
        MFACE_DTYPE_BOOL, state->fn, step->threads);
    return MFACE_OK;
}

#define COMPARE(symbol, op_name, oldest, infer_fn)                                                 \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .opset_min = oldest,                                                                       \
        .in_min = 2,                                                                               \
        .in_max = 2,                                                                               \
        .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,                                           \
        .infer = infer_fn,                                                                         \
        .prepare = prepare,                                                                        \
        .run = run,                                                                                \
    };

// Before operator set 7 broadcasting was an attribute.
COMPARE(equal, "Equal", 7, infer_compare)
COMPARE(greater, "Greater", 7, infer_compare)
COMPARE(greater_or_equal, "GreaterOrEqual", 12, infer_compare)
COMPARE(less, "Less", 7, infer_compare)
COMPARE(less_or_equal, "LessOrEqual", 12, infer_compare)
COMPARE(and, "And", 7, infer_logic)
COMPARE(or, "Or", 7, infer_logic)
COMPARE(xor, "Xor", 7, infer_logic)
