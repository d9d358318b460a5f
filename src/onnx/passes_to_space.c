/* A DepthToSpace after a convolution is a matter of where that puts its results (space.h).
 *
 * In N×H×W×C it is a Permute of N×H×W×2×2×C/4, which moves all of the largest tensors of a model.
 * The convolution makes the Permute's output at once, where nobody else reads what lay between. */
#include "onnx/passes.h"

#include "onnx/ops/foldable.h"
#include "onnx/ops/internal.h"

#include <string.h>

enum { BLOCK = 2 };

/* Is the step a DepthToSpace in DCR mode of something like `in`? */
static bool is_depth_to_space(const struct mface_step *step, const struct mface_shape *in)
{
    static const int dcr[] = { 0, 1, 3, 2, 4, 5 };
    const struct mface_fusion *how = &step->fusion;
    if (step->op != &mface_op_permute || how->view_rank != 6 || in->rank != 4 ||
        memcmp(how->perm, dcr, sizeof dcr) != 0)
        return false;
    return memcmp(how->view, in->dim, 3 * sizeof *in->dim) == 0 && how->view[3] == BLOCK &&
           how->view[4] == BLOCK;
}

/* `conv` makes what the Permute made, which nobody needs any more. */
static void take_over(struct mface_step *conv, struct mface_step *permute)
{
    const int gone = conv->core->out[0];
    conv->core->out[0] = permute->core->out[0];
    conv->out[0] = permute->out[0];
    conv->fusion.to_space = true;
    permute->core->out[0] = gone;
    permute->core->in[0] = -1;
}

static enum mface_status visit(
    struct mface_plan *plan, struct mface_step **maker, struct mface_step *step)
{
    const int value = step->n_in ? step->core->in[0] : -1;
    struct mface_step *conv = value >= 0 ? maker[value] : NULL;
    if (!conv || conv->op != &mface_op_conv || conv->fusion.to_space ||
        plan->values[value].n_uses != 1 || !is_depth_to_space(step, &conv->out[0].shape))
        return MFACE_OK;
    bool reaches;
    MFACE_TRY(mface_conv_reaches_space(conv, &reaches));
    if (!reaches)
        return MFACE_OK;
    take_over(conv, step);
    maker[conv->core->out[0]] = conv;
    return MFACE_OK;
}

enum mface_status mface_pass_fold_depth_to_space(struct mface_plan *plan)
{
    return mface_pass_visit(plan, visit);
}
