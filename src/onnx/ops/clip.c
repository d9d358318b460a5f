/* Clip: bounds are attributes up to opset 10, optional scalar inputs after. */
#include "onnx/parallel.h"

#include <float.h>
#include <math.h>

static enum mface_status infer(struct mface_step *step)
{
    const unsigned types = MFACE_DTYPE_BIT(MFACE_DTYPE_F32) | MFACE_DTYPE_BIT(MFACE_DTYPE_F64) |
                           MFACE_DTYPE_BIT(MFACE_DTYPE_U8) | MFACE_DTYPE_BIT(MFACE_DTYPE_I8) |
                           MFACE_DTYPE_BIT(MFACE_DTYPE_I32) | MFACE_DTYPE_BIT(MFACE_DTYPE_I64);
    MFACE_TRY(mface_op_check_dtype(step, 0, types));
    for (int i = 1; i < 3; i++)
        if (mface_op_has_in(step, i) &&
            (step->in[i].dtype != step->in[0].dtype || mface_shape_count(&step->in[i].shape) != 1))
            return mface_op_fail(
                step, MFACE_ERR_FORMAT, "a bound is no scalar of the input's type");
    return mface_op_infer_same(step);
}

struct state {
    float min, max; // of the attributes; f32 only
};

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    state->min = mface_op_attr_float(step, "min", -FLT_MAX);
    state->max = mface_op_attr_float(step, "max", FLT_MAX);
    return MFACE_OK;
}

/* A bound above another wins as in min(max(x, lo), hi). NaN passes. */
#define DEFINE_CLIP(type, name)                                                                    \
    static void clip_##name(const struct mface_op_args *args, int64_t n)                           \
    {                                                                                              \
        const type *x = args->in[0].data, *lo = args->in[1].data, *hi = args->in[2].data;          \
        type *y = args->out[0].data;                                                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type v = x[i];                                                                         \
            v = lo && v < *lo ? *lo : v;                                                           \
            y[i] = hi && v > *hi ? *hi : v;                                                        \
        }                                                                                          \
    }

DEFINE_CLIP(double, f64)
DEFINE_CLIP(uint8_t, u8)
DEFINE_CLIP(int8_t, i8)
DEFINE_CLIP(int32_t, i32)
DEFINE_CLIP(int64_t, i64)

static void clip_f32(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    const bool old = step->opset < 11;
    const float *x = args->in[0].data, *lo = args->in[1].data, *hi = args->in[2].data;
    const float min = old ? state->min : lo ? *lo : -INFINITY;
    const float max = old ? state->max : hi ? *hi : INFINITY;
    float *y = args->out[0].data;
    for (int64_t i = first; i < end; i++) {
        const float v = x[i] < min ? min : x[i];
        y[i] = v > max ? max : v;
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    switch (step->in[0].dtype) {
    case MFACE_DTYPE_F32:
        mface_op_parallel(step, args, n, n, clip_f32);
        break;
    case MFACE_DTYPE_F64:
        clip_f64(args, n);
        break;
    case MFACE_DTYPE_U8:
        clip_u8(args, n);
        break;
    case MFACE_DTYPE_I8:
        clip_i8(args, n);
        break;
    case MFACE_DTYPE_I32:
        clip_i32(args, n);
        break;
    default:
        clip_i64(args, n);
    }
    return MFACE_OK;
}

const struct mface_op mface_op_clip = {
    .name = "Clip",
    .in_min = 1,
    .in_max = 3,
    .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
