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

static void fold_activation(const struct fold *fold, struct mface_step *conv)
{
    struct mface_step *next = only_reader(fold, conv);
    if (next && mface_activation_as_fusion(next, &conv->fusion))
        take_over_output(fold, conv, next);
}

static void fold_all(const struct fold *fold)
{
    for (int s = 0; s < fold->plan->n_steps; s++) {
        struct mface_step *step = fold->plan->steps[s];
        if (step->op != &mface_op_conv && step->op != &mface_op_conv_transpose)
            continue;
        if (step->op == &mface_op_conv)
            fold_pad(fold, step);
        fold_bias(fold, step);
        fold_activation(fold, step);
    }
}

enum mface_status mface_pass_fold_conv(struct mface_plan *plan)
{
    const size_t n = (size_t)plan->n_values;
    struct fold fold = { .plan = plan };
    fold.maker = mface_mem_calloc(n, sizeof *fold.maker);
    fold.reader = mface_mem_calloc(n, sizeof *fold.reader);
    const bool ok = fold.maker && fold.reader;
    if (ok) {
        index_steps(&fold);
        fold_all(&fold);
        mface_plan_prune(plan);
    }
    mface_mem_free(fold.maker);
    mface_mem_free(fold.reader);
    return ok ? MFACE_OK : mface_fail_nomem(plan->onnx->name);
}
