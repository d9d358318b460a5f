/* The walk that passes share which look back: each step in order of execution, beside the steps
 * that made its inputs. */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"

static void note_makers(struct mface_step **maker, struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0)
            maker[step->core->out[i]] = step;
}

enum mface_status mface_pass_visit(struct mface_plan *plan, mface_pass_visit_fn visit)
{
    struct mface_step **maker = mface_mem_calloc((size_t)plan->n_values, sizeof *maker);
    enum mface_status status = maker ? MFACE_OK : mface_fail_nomem(plan->onnx->name);
    for (int s = 0; s < plan->n_steps && status == MFACE_OK; s++) {
        status = visit(plan, maker, plan->steps[s]);
        note_makers(maker, plan->steps[s]);
    }
    mface_mem_free(maker);
    mface_plan_prune(plan);
    return status;
}
