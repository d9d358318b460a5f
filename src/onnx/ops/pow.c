/* Pow: the result has the type of the base; base and exponent may be of different types.
 *
 * Float bases compute in their own type; integer ones exactly with integer exponents, else in
 * double. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <math.h>

static int64_t power(int64_t base, int64_t exponent)
{
    if (exponent < 0) // 1 / base^n, rounded to zero
        return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
    uint64_t result = 1;
    for (uint64_t square = (uint64_t)base; exponent > 0; exponent >>= 1, square *= square)
        if (exponent & 1)
            result *= square;
    return (int64_t)result;
}

// Squares and roots are what models ask for most, and need no logarithm.
MFACE_BINARY_KERNEL(pow_f32, float, float,
    z == 2.0f               ? x * x
    : z == 0.5f && x > 0.0f ? sqrtf(x)
                            : powf(x, z))
MFACE_BINARY_KERNEL(pow_f64, double, double, pow(x, z))
MFACE_BINARY_KERNEL(pow_i64, int64_t, int64_t, power(x, z))

static const struct mface_binary_kernels kernels = { "Pow", pow_f32, pow_f64, pow_i64 };

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    MFACE_TRY(mface_op_check_dtype(step, 1, MFACE_DTYPES_NUMBER));
    return mface_op_infer_broadcast(step);
}

static enum mface_status prepare(struct mface_step *step)
{
    MFACE_TRY(mface_prepare_binary(step, &kernels));
    struct mface_binary_state *state = step->state;
    const bool float_exponent = MFACE_DTYPE_BIT(step->in[1].dtype) & MFACE_DTYPES_FLOAT;
    if (state->compute == MFACE_DTYPE_I64 && float_exponent) {
        state->compute = MFACE_DTYPE_F64;
        state->fn = pow_f64;
    }
    return MFACE_OK;
}

const struct mface_op mface_op_pow = {
    .name = "Pow",
    .opset_min = 7,
    .in_min = 2,
    .in_max = 2,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .prepare = prepare,
    .run = mface_run_binary,
};
