/* Eight bits. Convolutions and dense layers take and give f32 and round for themselves, so that no
 * value changes its type; which of them do is for the operator to say, by their shape. */
#include "onnx/passes.h"

#include "onnx/ops/foldable.h"

void mface_pass_int8(struct mface_plan *plan)
{
    for (int s = 0; s < plan->n_steps; s++) {
        const struct mface_op *op = plan->steps[s]->op;
        plan->steps[s]->fusion.int8 =
            op == &mface_op_conv || op == &mface_op_matmul || op == &mface_op_gemm;
    }
}
