/* Half precision inside a plan: there is none.
 *
 * Models exported in half precision are computed in f32, which the CPU does faster and no worse. A
 * value the model declares f16 is f32 in the plan: constants are widened when they are brought out
 * of the file, Casts to f16 become views, and what follows has the type of its inputs. Only the
 * model's own inputs and outputs keep the type they declare, behind a conversion of their own. */
#include "onnx/half.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/cast.h"

void mface_half_declare(struct mface_plan_value *value)
{
    value->stored = value->tensor.dtype;
    if (value->tensor.dtype == MFACE_DTYPE_F16)
        value->tensor.dtype = MFACE_DTYPE_F32;
}

void mface_half_widen_step(struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++)
        if (step->out[i].dtype == MFACE_DTYPE_F16)
            step->out[i].dtype = MFACE_DTYPE_F32;
    if (step->op == &mface_op_cast && step->in[0].dtype == step->out[0].dtype)
        step->op = &mface_op_identity;
}

static enum mface_status add_cast(struct mface_plan *plan, int from, int to)
{
    struct mface_step *step = mface_step_create(plan, &mface_op_cast, NULL, 1, 1);
    if (!step)
        return mface_fail_nomem(plan->onnx->name);
    step->core->in[0] = from;
    step->core->out[0] = to;
    step->in[0] = plan->values[from].tensor;
    step->out[0] = plan->values[to].tensor;
    plan->steps[plan->n_steps++] = step;
    return MFACE_OK;
}

/* A new value of the type the model declares, like value `index`, which becomes f32. */
static enum mface_status add_twin(struct mface_plan *plan, int index, int *twin)
{
    struct mface_tensor tensor = plan->values[index].tensor;
    tensor.dtype = MFACE_DTYPE_F16;
    tensor.data = NULL;
    *twin = mface_plan_add_value(plan, &tensor);
    return *twin < 0 ? mface_fail_nomem(plan->onnx->name) : MFACE_OK;
}

static enum mface_status widen_input(struct mface_plan *plan, int index)
{
    int twin;
    if (plan->values[index].tensor.dtype != MFACE_DTYPE_F16)
        return MFACE_OK;
    MFACE_TRY(add_twin(plan, index, &twin));
    struct mface_plan_value *value = &plan->values[index], *raw = &plan->values[twin];
    raw->storage = value->storage;
    raw->input = value->input;
    value->storage = MFACE_STORAGE_ARENA;
    value->tensor.dtype = MFACE_DTYPE_F32;
    return add_cast(plan, twin, index);
}

enum mface_status mface_half_widen_inputs(struct mface_plan *plan)
{
    for (size_t i = 0; i < plan->onnx->n_inputs; i++) {
        const int index = plan->onnx->input_values[i];
        if (plan->values[index].storage == MFACE_STORAGE_INPUT)
            MFACE_TRY(widen_input(plan, index));
    }
    return MFACE_OK;
}

enum mface_status mface_half_narrow_outputs(struct mface_plan *plan)
{
    const struct mface_proto_graph *graph = &plan->onnx->model.graph;
    for (size_t i = 0; i < graph->n_outputs; i++) {
        const int index = plan->output_values[i];
        int twin;
        if (index < 0 || graph->outputs[i].dtype != MFACE_DTYPE_F16 ||
            plan->values[index].tensor.dtype != MFACE_DTYPE_F32)
            continue;
        MFACE_TRY(add_twin(plan, index, &twin));
        MFACE_TRY(add_cast(plan, index, twin));
        plan->output_values[i] = twin;
    }
    return MFACE_OK;
}

enum mface_status mface_half_widen(
    const struct mface_plan *plan, const void *halves, struct mface_tensor *tensor)
{
    const struct mface_tensor from = { MFACE_DTYPE_F16, tensor->shape, (void *)halves };
    tensor->dtype = MFACE_DTYPE_F32;
    tensor->data = mface_mem_alloc(mface_tensor_bytes(tensor));
    if (!tensor->data)
        return mface_fail_nomem(plan->onnx->name);
    mface_cast(&from, tensor, plan->threads);
    return MFACE_OK;
}
