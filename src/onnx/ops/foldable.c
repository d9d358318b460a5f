#include "onnx/ops/foldable.h"

#include <math.h>
#include <string.h>

static float scalar_or(const struct mface_step *step, int i, float fallback)
{
    return mface_op_has_in(step, i) ? *(const float *)step->in[i].data : fallback;
}

static bool clip_as_fusion(const struct mface_step *step, struct mface_fusion *fusion)
{
    for (int i = 1; i < 3; i++)
        if (mface_op_has_in(step, i) && !step->in[i].data)
            return false;
    fusion->activation = MFACE_ACTIVATION_CLIP;
    fusion->alpha = scalar_or(step, 1, mface_op_attr_float(step, "min", -INFINITY));
    fusion->beta = scalar_or(step, 2, mface_op_attr_float(step, "max", INFINITY));
    return fusion->alpha <= fusion->beta;
}

bool mface_activation_as_fusion(const struct mface_step *step, struct mface_fusion *fusion)
{
    const char *name = step->op->name;
    if (step->in[0].dtype != MFACE_DTYPE_F32)
        return false;
    if (strcmp(name, "Clip") == 0)
        return clip_as_fusion(step, fusion);
    fusion->alpha = 0.0f;
    if (strcmp(name, "Relu") == 0) {
        fusion->activation = MFACE_ACTIVATION_RELU;
    } else if (strcmp(name, "LeakyRelu") == 0) {
        fusion->activation = MFACE_ACTIVATION_RELU;
        fusion->alpha = mface_op_attr_float(step, "alpha", 0.01f);
    } else if (strcmp(name, "Sigmoid") == 0) {
        fusion->activation = MFACE_ACTIVATION_SIGMOID;
    } else if (strcmp(name, "Tanh") == 0) {
        fusion->activation = MFACE_ACTIVATION_TANH;
    } else {
        return false;
    }
    return true;
}
