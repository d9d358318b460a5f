/* MatMul with numpy's rules: matrices in the last two dimensions, the others broadcast; a vector
 * on the left is a row, on the right a column, and its extra dimension vanishes again. */
#include "onnx/ops/product.h"

#include <string.h>

struct state {
    struct mface_product product;
    bool is_empty; // a sum over nothing: zeros
};

/* Both operands and the result with vectors made matrices; all of one rank. */
struct operands {
    struct mface_shape a, b, out;
};

/* Prepends ones up to `rank`. */
static void pad_rank(struct mface_shape *shape, int rank)
{
    const int missing = rank - shape->rank;
    memmove(shape->dim + missing, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    for (int i = 0; i < missing; i++)
        shape->dim[i] = 1;
    shape->rank = rank;
}

static enum mface_status fail_shapes(const struct mface_step *step)
{
    char a[MFACE_SHAPE_TEXT_BYTES], b[MFACE_SHAPE_TEXT_BYTES];
    return mface_op_fail(step, MFACE_ERR_FORMAT, "shapes %s and %s do not multiply",
        mface_shape_print(&step->in[0].shape, a), mface_shape_print(&step->in[1].shape, b));
}

static enum mface_status find_operands(const struct mface_step *step, struct operands *o)
{
    o->a = step->in[0].shape;
    o->b = step->in[1].shape;
    if (o->a.rank < 1 || o->b.rank < 1)
        return fail_shapes(step);
    if (o->b.rank == 1) {
        o->b.rank = 2;
        o->b.dim[1] = 1;
    }
    int rank = o->a.rank > o->b.rank ? o->a.rank : o->b.rank;
    rank = rank < 2 ? 2 : rank;
    pad_rank(&o->a, rank);
    pad_rank(&o->b, rank);
    if (o->a.dim[rank - 1] != o->b.dim[rank - 2])
        return fail_shapes(step);
    struct mface_shape a = o->a, b = o->b; // of the leading dimensions alone
    a.rank = b.rank = rank - 2;
    if (!mface_shape_broadcast(&a, &b, &o->out))
        return fail_shapes(step);
    o->out.rank = rank;
    o->out.dim[rank - 2] = o->a.dim[rank - 2];
    o->out.dim[rank - 1] = o->b.dim[rank - 1];
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    for (int i = 0; i < 2; i++)
        MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    struct operands o;
    MFACE_TRY(find_operands(step, &o));
    struct mface_shape *out = &step->out[0].shape;
    *out = o.out;
    if (step->in[1].shape.rank == 1)
        out->rank--;
    if (step->in[0].shape.rank == 1) { // drop the row
        if (step->in[1].shape.rank != 1)
            out->dim[out->rank - 2] = out->dim[out->rank - 1];
        out->rank--;
    }
    step->out[0].dtype = MFACE_DTYPE_F32;
    return MFACE_OK;
}

static void describe(const struct operands *o, struct mface_dnnl_matmul *matmul)
{
    *matmul = (struct mface_dnnl_matmul) { .rank = o->a.rank, .scale = 1.0f };
    memcpy(matmul->a, o->a.dim, sizeof matmul->a);
    memcpy(matmul->b, o->b.dim, sizeof matmul->b);
}

static enum mface_status prepare(struct mface_step *step)
{
    struct operands o;
    struct mface_dnnl_matmul matmul;
    MFACE_TRY(find_operands(step, &o));
    describe(&o, &matmul);
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    state->is_empty = o.a.dim[o.a.rank - 1] == 0;
    if (!mface_shape_count(&o.out) || state->is_empty)
        return MFACE_OK;
    return mface_product_create(step, &matmul, &state->product);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    if (state->is_empty)
        memset(args->out[0].data, 0, mface_tensor_bytes(&step->out[0]));
    return mface_product_run(step, &state->product, args);
}

static void release(struct mface_step *step)
{
    struct state *state = step->state;
    if (state)
        mface_product_clear(&state->product);
}

const struct mface_op mface_op_matmul = {
    .name = "MatMul",
    .in_min = 2,
    .in_max = 2,
    .flags = MFACE_OP_PACKS,
    .infer = infer,
    .prepare = prepare,
    .run = run,
    .release = release,
};
