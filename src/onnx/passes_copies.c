/* A convolution of a tensor concatenated with itself along the channels, as LIAE decoders do for
 * the celebrity's face: each channel meets two sets of weights, whose sum may as well meet it once.
 */
#include "onnx/passes.h"

#include "onnx/ops/foldable.h"

/* How often `concat` repeats its only input along the channels; 0: it does something else. */
static int count_copies(const struct mface_step *concat)
{
    if (!concat || concat->op != &mface_op_concat || concat->n_in < 2 ||
        concat->out[0].shape.dim[1] != concat->n_in * concat->in[0].shape.dim[1])
        return 0;
    for (int i = 1; i < concat->n_in; i++)
        if (concat->core->in[i] != concat->core->in[0])
            return 0;
    return concat->n_in;
}

static void fold(
    const struct mface_plan *plan, struct mface_step *conv, const struct mface_step *concat)
{
    const struct mface_plan_value *weights = &plan->values[conv->core->in[1]];
    const int copies = conv->in[0].shape.rank == 4 ? count_copies(concat) : 0;
    if (!copies || weights->storage != MFACE_STORAGE_CONST ||
        weights->tensor.shape.dim[1] != conv->in[0].shape.dim[1])
        return; // the last: one group
    conv->fusion.copies = copies;
    conv->core->in[0] = concat->core->in[0];
    conv->in[0] = concat->in[0];
}

static enum mface_status visit(
    struct mface_plan *plan, struct mface_step **maker, struct mface_step *step)
{
    if (step->op == &mface_op_conv)
        fold(plan, step, maker[step->core->in[0]]);
    return MFACE_OK;
}

enum mface_status mface_pass_fold_copies(struct mface_plan *plan)
{
    return mface_pass_visit(plan, visit);
}
