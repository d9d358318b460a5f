/* One walk over the convolutions. A fold moves an edge of the graph: the convolution takes over the
 * Pad's input, or the output of what follows it. Steps left without a reader are pruned after. */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/foldable.h"

struct fold {
    struct mface_plan *plan;
    struct mface_step **maker,
        **reader; // per value: the step that makes it, the last that reads it
    bool *exists; // per value: made before the step at hand
};

static void index_steps(struct fold *fold)
{
    for (int s = 0; s < fold->plan->n_steps; s++) {
        struct mface_step *step = fold->plan->steps[s];
        for (int i = 0; i < step->n_in; i++)
            if (step->core->in[i] >= 0)
                fold->reader[step->core->in[i]] = step;
        for (int i = 0; i < step->n_out; i++)
            if (step->core->out[i] >= 0)
                fold->maker[step->core->out[i]] = step;
    }
}

/* The step that reads the result of `step`, where nobody else does. */
static struct mface_step *only_reader(const struct fold *fold, const struct mface_step *step)
{
    const int value = step->core->out[0];
    return fold->plan->values[value].n_uses == 1 ? fold->reader[value] : NULL;
}

static void fold_pad(const struct fold *fold, struct mface_step *conv)
{
    const struct mface_step *pad = fold->maker[conv->core->in[0]];
    if (!pad || pad->op != &mface_op_pad || mface_op_attr_has(conv, "auto_pad"))
        return;
    if (!mface_pad_as_fusion(pad, &conv->fusion))
        return;
    conv->core->in[0] = pad->core->in[0];
    conv->in[0] = pad->in[0];
}

/* `conv` makes what `next` made. */
static void take_over_output(
    const struct fold *fold, struct mface_step *conv, struct mface_step *next)
{
    const int gone = conv->core->out[0], value = next->core->out[0];
    conv->core->out[0] = value;
    next->core->out[0] = gone; // `next` now makes what nobody reads
    for (int i = 0; i < next->n_in; i++)
        next->core->in[i] = -1; // not even itself
    fold->plan->values[gone].n_uses = 0;
    fold->maker[value] = conv;
    fold->maker[gone] = next;
}

/* Is the tensor one number per channel of an output like `out`, and nothing else? */
static bool is_channel_vector(const struct mface_tensor *tensor, const struct mface_shape *out)
{
    const int missing = out->rank - tensor->shape.rank;
    if (missing < 0 || missing > 1 || mface_shape_count(&tensor->shape) != out->dim[1])
        return false;
    return tensor->shape.dim[1 - missing] == out->dim[1];
}

static void fold_bias(const struct fold *fold, struct mface_step *conv)
{
    struct mface_step *add = only_reader(fold, conv);
    if (!add || add->op != &mface_op_add || mface_op_has_in(conv, 2))
        return;
    const int other = add->core->in[0] == conv->core->out[0] ? 1 : 0;
    const struct mface_plan_value *bias = &fold->plan->values[add->core->in[other]];
    if (bias->storage != MFACE_STORAGE_CONST ||
        !is_channel_vector(&bias->tensor, &conv->out[0].shape) ||
        !mface_shape_equal(&add->out[0].shape, &conv->out[0].shape))
        return;
    conv->n_in = 3;
    conv->core->in[2] = add->core->in[other];
    conv->in[2] = bias->tensor;
    take_over_output(fold, conv, add);
}

/* oneDNN computes channels by the vector, so what it applies to the one or three channels of a mask
 * or a face it applies to sixteen; a sigmoid is too dear for that. */
static bool is_worthwhile(const struct mface_step *conv, const struct mface_fusion *with)
{
    enum { CHANNELS_MIN = 8 };
    const bool is_dear =
        with->activation == MFACE_ACTIVATION_SIGMOID || with->activation == MFACE_ACTIVATION_TANH;
    return !is_dear || conv->out[0].shape.dim[1] >= CHANNELS_MIN;
}

static void fold_activation(const struct fold *fold, struct mface_step *conv)
{
    struct mface_step *next = only_reader(fold, conv);
    struct mface_fusion with = conv->fusion;
    if (!next || !mface_activation_as_fusion(next, &with) || !is_worthwhile(conv, &with))
        return;
    conv->fusion = with;
    take_over_output(fold, conv, next);
}

/* Puts a step with more inputs in the place of step s. NULL: no memory. */
static struct mface_step *widen(const struct fold *fold, int s, const struct mface_op *op, int n_in)
{
    struct mface_step *old = fold->plan->steps[s];
    const struct mface_node *node = old->op == op ? old->node : NULL;
    struct mface_step *step = mface_step_create(fold->plan, op, node, n_in, old->n_out);
    if (!step)
        return NULL;
    step->fusion = old->fusion;
    for (int i = 0; i < old->n_in; i++) {
        const int value = step->core->in[i] = old->core->in[i];
        step->in[i] = old->in[i];
        if (value >= 0 && fold->reader[value] == old)
            fold->reader[value] = step;
    }
    step->core->out[0] = old->core->out[0];
    step->out[0] = old->out[0];
    fold->maker[step->core->out[0]] = step;
    fold->plan->steps[s] = step;
    return step;
}

/* A residual: the sum of the convolution's result and something that exists before it runs. */
static enum mface_status fold_sum(const struct fold *fold, int s)
{
    struct mface_step *conv = fold->plan->steps[s], *add = only_reader(fold, conv);
    if (!add || add->op != &mface_op_add || conv->fusion.activation != MFACE_ACTIVATION_NONE)
        return MFACE_OK;
    const int i = add->core->in[0] == conv->core->out[0] ? 1 : 0, other = add->core->in[i];
    if (!fold->exists[other] || add->in[i].dtype != MFACE_DTYPE_F32 ||
        !mface_shape_equal(&add->in[i].shape, &conv->out[0].shape))
        return MFACE_OK;
    conv = widen(fold, s, conv->op, 4);
    if (!conv)
        return mface_fail_nomem(fold->plan->onnx->name);
    conv->fusion.sum = true;
    conv->core->in[3] = other;
    conv->in[3] = add->in[i];
    take_over_output(fold, conv, add);
    return MFACE_OK;
}

/* A product of matrices and a constant bias per column are a Gemm. */
static enum mface_status fold_dense(const struct fold *fold, int s)
{
    struct mface_step *product = fold->plan->steps[s], *add = only_reader(fold, product);
    if (!add || add->op != &mface_op_add || product->in[0].shape.rank != 2 ||
        product->in[1].shape.rank != 2)
        return MFACE_OK;
    const int i = add->core->in[0] == product->core->out[0] ? 1 : 0, bias = add->core->in[i];
    const struct mface_shape *shape = &add->in[i].shape, *out = &product->out[0].shape;
    if (fold->plan->values[bias].storage != MFACE_STORAGE_CONST || shape->rank < 1 ||
        shape->dim[shape->rank - 1] != out->dim[1] || mface_shape_count(shape) != out->dim[1] ||
        !mface_shape_equal(&add->out[0].shape, out))
        return MFACE_OK;
    product = widen(fold, s, &mface_op_gemm, 3);
    if (!product)
        return mface_fail_nomem(fold->plan->onnx->name);
    product->core->in[2] = bias;
    product->in[2] = fold->plan->values[bias].tensor;
    take_over_output(fold, product, add);
    return MFACE_OK;
}

static enum mface_status fold_step(const struct fold *fold, int s)
{
    struct mface_step *step = fold->plan->steps[s];
    if (step->op == &mface_op_matmul)
        return fold_dense(fold, s);
    if (step->op != &mface_op_conv && step->op != &mface_op_conv_transpose)
        return MFACE_OK;
    if (step->op == &mface_op_conv)
        fold_pad(fold, step);
    fold_bias(fold, step);
    fold_activation(fold, step);
    if (step->op == &mface_op_conv && step->in[0].shape.rank == 4)
        MFACE_TRY(fold_sum(fold, s));
    step = fold->plan->steps[s];
    if (step->fusion.sum)
        fold_activation(fold, step);
    return MFACE_OK;
}

static enum mface_status fold_all(const struct fold *fold)
{
    for (int s = 0; s < fold->plan->n_steps; s++) {
        MFACE_TRY(fold_step(fold, s));
        const struct mface_step *step = fold->plan->steps[s];
        for (int i = 0; i < step->n_out; i++)
            if (step->core->out[i] >= 0)
                fold->exists[step->core->out[i]] = true;
    }
    return MFACE_OK;
}

enum mface_status mface_pass_fold_conv(struct mface_plan *plan)
{
    const size_t n = (size_t)plan->n_values;
    struct fold fold = { .plan = plan };
    fold.maker = mface_mem_calloc(n, sizeof *fold.maker);
    fold.reader = mface_mem_calloc(n, sizeof *fold.reader);
    fold.exists = mface_mem_calloc(n, sizeof *fold.exists);
    enum mface_status status = MFACE_OK;
    if (fold.maker && fold.reader && fold.exists) {
        index_steps(&fold);
        status = fold_all(&fold);
        mface_plan_prune(plan);
    } else {
        status = mface_fail_nomem(plan->onnx->name);
    }
    mface_mem_free(fold.exists);
    mface_mem_free(fold.maker);
    mface_mem_free(fold.reader);
    return status;
}
