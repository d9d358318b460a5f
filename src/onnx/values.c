/* The values of a plan: one per value of the graph to begin with, then those that passes add. */
#include "onnx/plan.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/half.h"
#include <string.h>

int mface_plan_add_value(struct mface_plan *plan, const struct mface_tensor *tensor)
{
    if (plan->n_values == plan->values_capacity) {
        const int capacity = plan->values_capacity * 2 + 16;
        struct mface_plan_value *values = mface_mem_calloc((size_t)capacity, sizeof *values);
        if (!values)
            return -1;
        if (plan->n_values)
            memcpy(values, plan->values, (size_t)plan->n_values * sizeof *values);
        mface_mem_free(plan->values);
        plan->values = values;
        plan->values_capacity = capacity;
    }
    const int index = plan->n_values++;
    plan->values[index] = (struct mface_plan_value) {
        .tensor = *tensor, .storage = MFACE_STORAGE_ARENA, .root = index
    };
    return index;
}

enum mface_status mface_plan_hold_const(struct mface_plan *plan, int index)
{
    struct mface_plan_value *value = &plan->values[index];
    if (value->owned)
        return MFACE_OK;
    const void *data = value->tensor.data;
    const size_t bytes =
        (size_t)mface_shape_count(&value->tensor.shape) * mface_dtype_bytes(value->stored);
    if (value->stored != value->tensor.dtype) {
        MFACE_TRY(mface_half_widen(plan, data, &value->tensor));
    } else {
        value->tensor.data = mface_mem_alloc(bytes);
        if (!value->tensor.data) {
            value->tensor.data = (void *)data;
            return mface_fail_nomem(plan->onnx->name);
        }
        if (bytes)
            memcpy(value->tensor.data, data, bytes);
    }
    mface_onnx_forget_pages(plan->onnx, data, bytes);
    value->owned = true;
    return MFACE_OK;
}

static enum mface_status set_input(struct mface_plan *plan, int index, int input)
{
    struct mface_plan_value *value = &plan->values[index];
    value->tensor = plan->inputs[input];
    value->input = input;
    value->storage = value->tensor.data ? MFACE_STORAGE_CONST : MFACE_STORAGE_INPUT;
    if (!value->tensor.data)
        return MFACE_OK;
    mface_half_declare(value);
    return mface_plan_hold_const(plan, index);
}

enum mface_status mface_plan_add_graph_values(struct mface_plan *plan)
{
    const struct mface_onnx *onnx = plan->onnx;
    for (size_t i = 0; i < onnx->n_values; i++) {
        const struct mface_proto_tensor *tensor = onnx->values[i].initializer;
        const int index = mface_plan_add_value(plan, &(struct mface_tensor) { 0 });
        if (index < 0)
            return mface_fail_nomem(plan->onnx->name);
        plan->values[index].storage = MFACE_STORAGE_NONE;
        if (onnx->values[i].input >= 0)
            MFACE_TRY(set_input(plan, index, onnx->values[i].input));
        if (!tensor)
            continue;
        plan->values[index].storage = MFACE_STORAGE_CONST;
        plan->values[index].tensor =
            (struct mface_tensor) { tensor->dtype, tensor->shape, (void *)tensor->data };
        mface_half_declare(&plan->values[index]);
    }
    return MFACE_OK;
}
