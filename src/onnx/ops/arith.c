/* Add, Sub, Mul, Div, Mod: arithmetic of two operands.
 *
 * Integers wrap around. Division by zero, which ONNX leaves open for integers, yields 0. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <math.h>

static int64_t divide(int64_t x, int64_t z)
{
    if (z == 0)
        return 0;
    return z == -1 ? (int64_t)(0 - (uint64_t)x) : x / z; // INT64_MIN / -1 would trap
}

static int64_t remainder_c(int64_t x, int64_t z)
{
    return z == 0 || z == -1 ? 0 : x % z;
}

/* The remainder that takes the sign of the divisor, as Mod without fmod asks. */
static int64_t remainder_floor(int64_t x, int64_t z)
{
    const int64_t rest = remainder_c(x, z);
    return rest != 0 && (rest < 0) != (z < 0) ? rest + z : rest;
}

MFACE_BINARY_KERNEL(add_f32, float, float, x + z)
MFACE_BINARY_KERNEL(add_f64, double, double, x + z)
MFACE_BINARY_KERNEL(add_i64, uint64_t, uint64_t, x + z)
MFACE_BINARY_KERNEL(sub_f32, float, float, x - z)
MFACE_BINARY_KERNEL(sub_f64, double, double, x - z)
MFACE_BINARY_KERNEL(sub_i64, uint64_t, uint64_t, x - z)
MFACE_BINARY_KERNEL(mul_f32, float, float, x *z)
MFACE_BINARY_KERNEL(mul_f64, double, double, x *z)
MFACE_BINARY_KERNEL(mul_i64, uint64_t, uint64_t, x *z)
MFACE_BINARY_KERNEL(div_f32, float, float, x / z)
MFACE_BINARY_KERNEL(div_f64, double, double, x / z)
MFACE_BINARY_KERNEL(div_i64, int64_t, int64_t, divide(x, z))
MFACE_BINARY_KERNEL(mod_i64, int64_t, int64_t, remainder_floor(x, z))
MFACE_BINARY_KERNEL(fmod_f32, float, float, fmodf(x, z))
MFACE_BINARY_KERNEL(fmod_f64, double, double, fmod(x, z))
MFACE_BINARY_KERNEL(fmod_i64, int64_t, int64_t, remainder_c(x, z))

static const struct mface_binary_kernels rows[] = {
    { "Add", add_f32, add_f64, add_i64 },
    { "Sub", sub_f32, sub_f64, sub_i64 },
    { "Mul", mul_f32, mul_f64, mul_i64 },
    { "Div", div_f32, div_f64, div_i64 },
};
static const struct mface_binary_kernels mod = { "Mod", NULL, NULL, mod_i64 };
static const struct mface_binary_kernels mod_like_c = { "Mod", fmod_f32, fmod_f64, fmod_i64 };

static enum mface_status infer(struct mface_step *step)
{
    return mface_infer_binary(step, MFACE_DTYPES_NUMBER);
}

static enum mface_status prepare(struct mface_step *step)
{
    const size_t n_rows = sizeof rows / sizeof rows[0];
    return mface_prepare_binary(step, mface_binary_kernels_find(rows, n_rows, step->op->name));
}

static enum mface_status prepare_mod(struct mface_step *step)
{
    return mface_prepare_binary(step, mface_op_attr_int(step, "fmod", 0) ? &mod_like_c : &mod);
}

#define ARITH(symbol, op_name, oldest, prepare_fn)                                                 \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .opset_min = oldest,                                                                       \
        .in_min = 2,                                                                               \
        .in_max = 2,                                                                               \
        .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,                                           \
        .infer = infer,                                                                            \
        .prepare = prepare_fn,                                                                     \
        .run = mface_run_binary,                                                                   \
    };

// Before operator set 7 broadcasting was an attribute.
ARITH(add, "Add", 7, prepare)
ARITH(sub, "Sub", 7, prepare)
ARITH(mul, "Mul", 7, prepare)
ARITH(div, "Div", 7, prepare)
ARITH(mod, "Mod", 10, prepare_mod)
