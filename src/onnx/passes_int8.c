/* Eight bits. Convolutions take and give f32 and round for themselves, so that no value changes its
 * type; which of them do is for the operator to say, by their shape. */
#include "onnx/passes.h"

#include "onnx/ops/foldable.h"

enum mface_status mface_pass_int8(struct mface_plan *plan)
{
    for (int s = 0; s < plan->n_steps; s++)
        if (plan->steps[s]->op == &mface_op_conv)
            plan->steps[s]->fusion.int8 = true;
    return mface_pass_bf16(plan);
}
