/* Cast between all types we hold. Every element passes through a double (exact for all but i64
 * beyond 2^53, which has a path of its own). Floats are truncated towards zero and clamped to the
 * range of an integer; NaN becomes 0. Halves are rounded to nearest even. */
#include "onnx/ops/cast.h"

#include "onnx/parallel.h"
#include "onnx/proto_internal.h"

#include <math.h>
#include <string.h>

static enum mface_status infer(struct mface_step *step)
{
    step->out[0].shape = step->in[0].shape;
    step->out[0].dtype = mface_proto_dtype(mface_op_attr_int(step, "to", 0));
    if (step->out[0].dtype == MFACE_DTYPE_NONE)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "target type %lld is not supported",
            (long long)mface_op_attr_int(step, "to", 0));
    return MFACE_OK;
}

static double half_to_double(uint16_t half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    double value;
    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction + 1024, exponent - 25);
    return half & 0x8000 ? -value : value;
}

static uint16_t double_to_half(double value)
{
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    if (isnan(value))
        return sign | 0x7e00;
    const double magnitude = fabs(value);
    if (magnitude >= 65520.0) // would round past the largest half
        return sign | 0x7c00;
    int exponent;
    frexp(magnitude, &exponent); // magnitude in [2^(exponent-1), 2^exponent)
    if (exponent < -13)
        return sign | (uint16_t)nearbyint(ldexp(magnitude, 24)); // subnormal, or the least normal
    const int fraction = (int)nearbyint(ldexp(magnitude, 11 - exponent)); // 1024..2048
    return sign | (uint16_t)(((exponent + 14) << 10) + fraction - 1024);
}

/* Halves may lie in a model's file, anywhere. */
static uint16_t half_at(const void *data, int64_t i)
{
    uint16_t half;
    memcpy(&half, (const char *)data + i * (int64_t)sizeof half, sizeof half);
    return half;
}

static double load(enum mface_dtype dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case MFACE_DTYPE_F32:
        return ((const float *)data)[i];
    case MFACE_DTYPE_F64:
        return ((const double *)data)[i];
    case MFACE_DTYPE_F16:
        return half_to_double(half_at(data, i));
    case MFACE_DTYPE_I8:
        return ((const int8_t *)data)[i];
    case MFACE_DTYPE_I32:
        return ((const int32_t *)data)[i];
    case MFACE_DTYPE_I64:
        return (double)((const int64_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

static double clamp(double value, double min, double max)
{
    return isnan(value) ? 0.0 : value < min ? min : value > max ? max : value;
}

static void store(enum mface_dtype dtype, void *data, int64_t i, double value)
{
    switch (dtype) {
    case MFACE_DTYPE_F32:
        ((float *)data)[i] = (float)value;
        break;
    case MFACE_DTYPE_F64:
        ((double *)data)[i] = value;
        break;
    case MFACE_DTYPE_F16:
        ((uint16_t *)data)[i] = double_to_half(value);
        break;
    case MFACE_DTYPE_I8:
        ((int8_t *)data)[i] = (int8_t)clamp(value, INT8_MIN, INT8_MAX);
        break;
    case MFACE_DTYPE_U8:
        ((uint8_t *)data)[i] = (uint8_t)clamp(value, 0, UINT8_MAX);
        break;
    case MFACE_DTYPE_I32:
        ((int32_t *)data)[i] = (int32_t)clamp(value, INT32_MIN, INT32_MAX);
        break;
    case MFACE_DTYPE_I64: // 2^63 itself is out of range; the double below it is in
        ((int64_t *)data)[i] = (int64_t)clamp(value, -0x1p63, 0x1.fffffffffffffp62);
        break;
    default:
        ((uint8_t *)data)[i] = value != 0.0;
    }
}

/* Integers to integers wrap, as they do in C and numpy. */
static bool cast_wide(enum mface_dtype to, const int64_t *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (to == MFACE_DTYPE_I32)
            ((int32_t *)y)[i] = (int32_t)x[i];
        else if (to == MFACE_DTYPE_I8 || to == MFACE_DTYPE_U8)
            ((uint8_t *)y)[i] = (uint8_t)x[i];
        else if (to == MFACE_DTYPE_BOOL)
            ((uint8_t *)y)[i] = x[i] != 0;
        else
            return false;
    }
    return true;
}

/* Halves to floats without a double in between, for weights. */
static float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    if (exponent == 0 || exponent == 31) // rare: zero, subnormal, infinite, no number
        return (float)half_to_double(half);
    const uint32_t bits = sign | (exponent + 112) << 23 | (uint32_t)(half & 1023) << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct conversion {
    const struct mface_tensor *from, *to;
};

static void convert(const void *user, int64_t first, int64_t end)
{
    const struct conversion *conversion = user;
    const struct mface_tensor *from = conversion->from, *to = conversion->to;
    if (from->dtype == MFACE_DTYPE_F16 && to->dtype == MFACE_DTYPE_F32) {
        for (int64_t i = first; i < end; i++)
            ((float *)to->data)[i] = half_to_float(half_at(from->data, i));
        return;
    }
    for (int64_t i = first; i < end; i++)
        store(to->dtype, to->data, i, load(from->dtype, from->data, i));
}

void mface_cast(const struct mface_tensor *from, const struct mface_tensor *to, int threads)
{
    const int64_t n = mface_shape_count(&to->shape);
    const void *x = from->data;
    void *y = to->data;
    if (from->dtype == to->dtype) {
        memcpy(y, x, mface_tensor_bytes(to));
        return;
    }
    if (from->dtype == MFACE_DTYPE_I64 && cast_wide(to->dtype, x, y, n))
        return;
    const struct conversion conversion = { from, to };
    mface_parallel(threads, n, n, convert, &conversion);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    mface_cast(&args->in[0], &args->out[0], step->threads);
    return MFACE_OK;
}

const struct mface_op mface_op_cast = {
    .name = "Cast",
    .opset_min = 6,
    .in_min = 1,
    .in_max = 1,
    .infer = infer,
    .run = run,
};
