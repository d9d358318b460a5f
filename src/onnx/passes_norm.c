/* A BatchNormalization after a convolution is a factor and an offset per channel: the factors go
 * into the weights as they are packed, the offsets into the bias. */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/foldable.h"

#include <math.h>

/* Input i as a vector that can be read now, or NULL. */
static const float *vector(const struct mface_plan *plan, const struct mface_step *step, int i)
{
    const int index = i < step->n_in ? step->core->in[i] : -1;
    if (index < 0)
        return NULL;
    const struct mface_plan_value *value = &plan->values[index];
    const bool is_held = value->storage == MFACE_STORAGE_CONST && value->owned;
    return is_held && value->tensor.dtype == MFACE_DTYPE_F32 ? value->tensor.data : NULL;
}

static bool has_vectors(const struct mface_plan *plan, const struct mface_step *norm)
{
    for (int i = 1; i < 5; i++)
        if (!vector(plan, norm, i))
            return false;
    return true;
}

/* Can the weights and the bias of `conv` be changed, and does nobody else read its result? */
static bool takes_norm(const struct mface_plan *plan, const struct mface_step *conv)
{
    return conv && conv->op == &mface_op_conv && !conv->fusion.scale &&
           plan->values[conv->core->out[0]].n_uses == 1 &&
           plan->values[conv->core->in[1]].storage == MFACE_STORAGE_CONST &&
           (!mface_op_has_in(conv, 2) || vector(plan, conv, 2));
}

/* y = (conv + bias - mean)·scale + offset, with scale = gamma/√(variance + ε). */
static void compute(const struct mface_plan *plan, const struct mface_step *conv,
    const struct mface_step *norm, int64_t n, float *scale, float *offset)
{
    const float epsilon = mface_op_attr_float(norm, "epsilon", 1e-5f);
    const float *gamma = vector(plan, norm, 1), *beta = vector(plan, norm, 2);
    const float *mean = vector(plan, norm, 3), *variance = vector(plan, norm, 4);
    const float *bias = vector(plan, conv, 2);
    for (int64_t c = 0; c < n; c++) {
        scale[c] = gamma[c] / sqrtf(variance[c] + epsilon);
        offset[c] = ((bias ? bias[c] : 0.0f) - mean[c]) * scale[c] + beta[c];
    }
}

static void take_over(struct mface_step *conv, struct mface_step *norm, int bias)
{
    const int gone = conv->core->out[0];
    conv->n_in = 3;
    conv->core->in[2] = bias;
    conv->core->out[0] = norm->core->out[0];
    norm->core->out[0] = gone; // read by nobody now
    for (int i = 0; i < norm->n_in; i++)
        norm->core->in[i] = -1;
}

static enum mface_status fold(
    struct mface_plan *plan, struct mface_step *conv, struct mface_step *norm)
{
    const int64_t n = conv->out[0].shape.dim[1];
    struct mface_tensor bias = {
        .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 1, .dim = { n } },
        .data = mface_mem_alloc((size_t)n * sizeof(float)),
    };
    float *scale = mface_arena_calloc(&plan->arena, (size_t)n, sizeof *scale);
    const int index = bias.data && scale ? mface_plan_add_value(plan, &bias) : -1;
    if (index < 0) {
        mface_mem_free(bias.data);
        return mface_fail_nomem(plan->onnx->name);
    }
    compute(plan, conv, norm, n, scale, bias.data);
    plan->values[index].storage = MFACE_STORAGE_CONST;
    plan->values[index].stored = MFACE_DTYPE_F32;
    plan->values[index].owned = true;
    conv->fusion.scale = scale;
    conv->in[2] = bias;
    take_over(conv, norm, index);
    return MFACE_OK;
}

static enum mface_status visit(
    struct mface_plan *plan, struct mface_step **maker, struct mface_step *step)
{
    struct mface_step *conv = step->op == &mface_op_batch_norm ? maker[step->core->in[0]] : NULL;
    if (!takes_norm(plan, conv) || !has_vectors(plan, step))
        return MFACE_OK;
    MFACE_TRY(fold(plan, conv, step));
    maker[conv->core->out[0]] = conv;
    return MFACE_OK;
}

enum mface_status mface_pass_fold_norm(struct mface_plan *plan)
{
    return mface_pass_visit(plan, visit);
}
