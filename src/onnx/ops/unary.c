/* Functions of one element without parameters: Abs Neg Sign Floor Ceil Round Exp Log Sqrt
 * Reciprocal Erf, trigonometry, Softplus, Softsign, HardSwish, Not.
 *
 * All take f32; what shape arithmetic asks of integers, and bool, is computed in int64_t. */
#include "onnx/ops/cosine.h"
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Writes the body of a kernel: y = expr(x), element by element. */
#define UNARY_KERNEL(symbol, type, expr)                                                           \
    static void symbol(int64_t n, const void *a, void *y, const void *param)                       \
    {                                                                                              \
        (void)param;                                                                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const type x = ((const type *)a)[i];                                                   \
            ((type *)y)[i] = expr;                                                                 \
        }                                                                                          \
    }

UNARY_KERNEL(abs_f32, float, fabsf(x))
UNARY_KERNEL(abs_i64, uint64_t, (int64_t)x < 0 ? 0 - x : x)
UNARY_KERNEL(neg_f32, float, -x)
UNARY_KERNEL(neg_i64, uint64_t, 0 - x)
UNARY_KERNEL(sign_f32, float, isnan(x) ? x : (float)((x > 0) - (x < 0)))
UNARY_KERNEL(sign_i64, int64_t, (x > 0) - (x < 0))
UNARY_KERNEL(floor_f32, float, floorf(x))
UNARY_KERNEL(ceil_f32, float, ceilf(x))
UNARY_KERNEL(round_f32, float, rintf(x)) // halves to even
UNARY_KERNEL(exp_f32, float, expf(x))
UNARY_KERNEL(log_f32, float, logf(x))
UNARY_KERNEL(sqrt_f32, float, sqrtf(x))
UNARY_KERNEL(reciprocal_f32, float, 1.0f / x)
UNARY_KERNEL(erf_f32, float, erff(x))
UNARY_KERNEL(sin_f32, float, sinf(x))
UNARY_KERNEL(tan_f32, float, tanf(x))
UNARY_KERNEL(asin_f32, float, asinf(x))
UNARY_KERNEL(acos_f32, float, acosf(x))
UNARY_KERNEL(atan_f32, float, atanf(x))
UNARY_KERNEL(softplus_f32, float, fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)))) // no overflow
UNARY_KERNEL(softsign_f32, float, x / (1.0f + fabsf(x)))
UNARY_KERNEL(hard_swish_f32, float, x *fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) / 6.0f)
UNARY_KERNEL(not_i64, int64_t, x == 0)

static void cos_f32(int64_t n, const void *a, void *y, const void *param)
{
    (void)param;
    mface_cos_f32(n, a, y);
}

struct unary {
    const char *name;
    mface_unary_fn f32, i64; // NULL: not of this type
};

static const struct unary rows[] = {
    { "Abs", abs_f32, abs_i64 },
    { "Neg", neg_f32, neg_i64 },
    { "Sign", sign_f32, sign_i64 },
    { "Floor", floor_f32, NULL },
    { "Ceil", ceil_f32, NULL },
    { "Round", round_f32, NULL },
    { "Exp", exp_f32, NULL },
    { "Log", log_f32, NULL },
    { "Sqrt", sqrt_f32, NULL },
    { "Reciprocal", reciprocal_f32, NULL },
    { "Erf", erf_f32, NULL },
    { "Sin", sin_f32, NULL },
    { "Cos", cos_f32, NULL },
    { "Tan", tan_f32, NULL },
    { "Asin", asin_f32, NULL },
    { "Acos", acos_f32, NULL },
    { "Atan", atan_f32, NULL },
    { "Softplus", softplus_f32, NULL },
    { "Softsign", softsign_f32, NULL },
    { "HardSwish", hard_swish_f32, NULL },
    { "Not", NULL, not_i64 },
};

static const struct unary *find(const char *name)
{
    const size_t n_rows = sizeof rows / sizeof rows[0];
    size_t i = 0;
    while (i < n_rows && strcmp(rows[i].name, name) != 0)
        i++;
    assert(i < n_rows);
    return &rows[i];
}

static enum mface_status infer(struct mface_step *step)
{
    const struct unary *row = find(step->op->name);
    const unsigned ints = row->f32 ? MFACE_DTYPES_INT : MFACE_DTYPE_BIT(MFACE_DTYPE_BOOL);
    const unsigned f32 = row->f32 ? MFACE_DTYPE_BIT(MFACE_DTYPE_F32) : 0;
    MFACE_TRY(mface_op_check_dtype(step, 0, f32 | (row->i64 ? ints : 0)));
    return mface_op_infer_same(step);
}

struct state {
    mface_unary_fn fn;
    enum mface_dtype compute;
};

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct unary *row = find(step->op->name);
    state->compute = mface_elem_compute_dtype(step->in[0].dtype);
    state->fn = state->compute == MFACE_DTYPE_F32 ? row->f32 : row->i64;
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    mface_elementwise_unary(
        &args->in[0], &args->out[0], state->compute, state->fn, NULL, step->threads);
    return MFACE_OK;
}

#define UNARY(symbol, op_name)                                                                     \
    const struct mface_op mface_op_##symbol = {                                                    \
        .name = op_name,                                                                           \
        .in_min = 1,                                                                               \
        .in_max = 1,                                                                               \
        .flags = MFACE_OP_IN_PLACE | MFACE_OP_POINTWISE,                                           \
        .infer = infer,                                                                            \
        .prepare = prepare,                                                                        \
        .run = run,                                                                                \
    };

UNARY(abs, "Abs")
UNARY(neg, "Neg")
UNARY(sign, "Sign")
UNARY(floor, "Floor")
UNARY(ceil, "Ceil")
UNARY(round, "Round")
UNARY(exp, "Exp")
UNARY(log, "Log")
UNARY(sqrt, "Sqrt")
UNARY(reciprocal, "Reciprocal")
UNARY(erf, "Erf")
UNARY(sin, "Sin")
UNARY(cos, "Cos")
UNARY(tan, "Tan")
UNARY(asin, "Asin")
UNARY(acos, "Acos")
UNARY(atan, "Atan")
UNARY(softplus, "Softplus")
UNARY(softsign, "Softsign")
UNARY(hard_swish, "HardSwish")
UNARY(not, "Not")
