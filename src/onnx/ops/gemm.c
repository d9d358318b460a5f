/* Gemm: alpha·A'·B' + beta·C, where ' is an optional transposition and C broadcasts to the result.
 * A C that is a plain bias goes into the product; any other is added afterwards. */
#include "onnx/ops/foldable.h"
#include "onnx/ops/product.h"

#include <string.h>

struct state {
    struct mface_product product;
    bool is_empty; // a product over nothing: zeros
    bool add_c;
    float beta;
    int64_t row_stride, column_stride; // of C, in elements
};

struct extents {
    int64_t m, n, k;
    bool trans_a, trans_b;
};

static enum mface_status find_extents(const struct mface_step *step, struct extents *e)
{
    const struct mface_shape *a = &step->in[0].shape, *b = &step->in[1].shape;
    if (a->rank != 2 || b->rank != 2)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "both factors must be matrices");
    e->trans_a = mface_op_attr_int(step, "transA", 0) != 0;
    e->trans_b = mface_op_attr_int(step, "transB", 0) != 0;
    e->m = a->dim[e->trans_a];
    e->k = a->dim[!e->trans_a];
    e->n = b->dim[!e->trans_b];
    if (e->k != b->dim[e->trans_b])
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the factors do not fit each other");
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    for (int i = 0; i < 3; i++)
        if (i < 2 || mface_op_has_in(step, i))
            MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    struct extents e = { 0 };
    MFACE_TRY(find_extents(step, &e));
    const struct mface_shape out = { .rank = 2, .dim = { e.m, e.n } };
    struct mface_shape sum;
    if (mface_op_has_in(step, 2) &&
        (!mface_shape_broadcast(&step->in[2].shape, &out, &sum) || !mface_shape_equal(&sum, &out)))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "C does not broadcast to the product");
    step->out[0].dtype = MFACE_DTYPE_F32;
    step->out[0].shape = out;
    return MFACE_OK;
}

bool mface_gemm_is_bias(const struct mface_step *step)
{
    return mface_op_has_in(step, 2) && step->in[2].shape.rank > 0 &&
           mface_op_attr_float(step, "alpha", 1.0f) == 1.0f &&
           mface_op_attr_float(step, "beta", 1.0f) == 1.0f &&
           mface_shape_count(&step->in[2].shape) == step->out[0].shape.dim[1] &&
           step->in[2].shape.dim[step->in[2].shape.rank - 1] == step->out[0].shape.dim[1];
}

static void plan_c(const struct mface_step *step, bool bias, struct state *state)
{
    state->beta = mface_op_attr_float(step, "beta", 1.0f);
    state->add_c = mface_op_has_in(step, 2) && !bias && state->beta != 0.0f;
    int64_t stride[MFACE_TENSOR_RANK_MAX];
    if (!state->add_c)
        return;
    mface_shape_strides(&step->in[2].shape, &step->out[0].shape, stride);
    state->row_stride = stride[0];
    state->column_stride = stride[1];
}

static enum mface_status create_product(
    struct mface_step *step, const struct extents *e, bool bias, struct state *state)
{
    const struct mface_dnnl_matmul matmul = {
        .rank = 2,
        .a = { e->m, e->k },
        .b = { e->k, e->n },
        .a_transposed = e->trans_a,
        .b_transposed = e->trans_b,
        .has_bias = bias,
        .scale = mface_op_attr_float(step, "alpha", 1.0f),
    };
    return mface_product_create(step, &matmul, &state->product);
}

static enum mface_status prepare(struct mface_step *step)
{
    struct extents e = { 0 };
    MFACE_TRY(find_extents(step, &e));
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const bool bias = e.k > 0 && mface_gemm_is_bias(step);
    plan_c(step, bias, state);
    state->is_empty = e.k == 0;
    return e.m > 0 && e.n > 0 && e.k > 0 ? create_product(step, &e, bias, state) : MFACE_OK;
}

static void add_c(const struct mface_step *step, const float *c, float *y)
{
    const struct state *state = step->state;
    const int64_t rows = step->out[0].shape.dim[0], columns = step->out[0].shape.dim[1];
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            y[i * columns + j] += state->beta * c[i * state->row_stride + j * state->column_stride];
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    if (state->is_empty)
        memset(args->out[0].data, 0, mface_tensor_bytes(&step->out[0]));
    MFACE_TRY(mface_product_run(step, &state->product, args));
    if (state->add_c)
        add_c(step, args->in[2].data, args->out[0].data);
    return MFACE_OK;
}

static void release(struct mface_step *step)
{
    struct state *state = step->state;
    if (state)
        mface_product_clear(&state->product);
}

const struct mface_op mface_op_gemm = {
    .name = "Gemm",
    .in_min = 2,
    .in_max = 3,
    .flags = MFACE_OP_PACKS,
    .infer = infer,
    .prepare = prepare,
    .run = run,
    .release = release,
};
