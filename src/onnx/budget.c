/* The limit on what a plan may allocate. A file can ask for any amount of memory in a few bytes
 * (a dimension of 2^40, a ConstantOfShape, an Expand, a Resize), so sizes are checked where shapes
 * become known, before anything is allocated for them. */
#include "onnx/plan.h"

#include "base/log.h"

#include <inttypes.h>

static enum mface_status fail_tensor(
    const struct mface_step *step, const struct mface_tensor *tensor, const char *what)
{
    char text[MFACE_SHAPE_TEXT_BYTES];
    return mface_op_fail(step, MFACE_ERR_UNSUPPORTED,
        "%s of %s %s would take %zu MB; the limit is %zu MB", what, mface_dtype_name(tensor->dtype),
        mface_shape_print(&tensor->shape, text), mface_tensor_bytes(tensor) >> 20,
        step->core->max_bytes >> 20);
}

enum mface_status mface_plan_check_outputs(const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0 && mface_tensor_bytes(&step->out[i]) > step->core->max_bytes)
            return fail_tensor(step, &step->out[i], "an output");
    return MFACE_OK;
}

bool mface_plan_reserve(struct mface_plan *plan, size_t bytes)
{
    if (bytes > plan->max_bytes - plan->folded_bytes)
        return false;
    plan->folded_bytes += bytes;
    return true;
}

enum mface_status mface_plan_spend(struct mface_plan *plan, const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++) {
        if (step->core->out[i] < 0)
            continue;
        if (!mface_plan_reserve(plan, mface_tensor_bytes(&step->out[i])))
            return fail_tensor(step, &step->out[i], "with those before it, a constant");
    }
    return MFACE_OK;
}

enum mface_status mface_plan_check_arena(const struct mface_plan *plan)
{
    if (plan->arena_bytes <= plan->max_bytes)
        return MFACE_OK;
    return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: a run would take %zu MB; the limit is %zu MB",
        plan->onnx->name, plan->arena_bytes >> 20, plan->max_bytes >> 20);
}
