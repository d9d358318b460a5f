/* Weights in eight bits: steps of a unit, which is the greatest of what shares it over 127. */
#ifndef MFACE_ONNX_INT8_WEIGHT_H
#define MFACE_ONNX_INT8_WEIGHT_H

#include <math.h>
#include <stdint.h>

enum { MFACE_INT8_WEIGHT_MAX = 127 };

/* What a weight is multiplied by to be counted in steps; 0 where no step is left of any. */
static inline float mface_int8_steps_per_weight(float greatest)
{
    const float steps = MFACE_INT8_WEIGHT_MAX / greatest;
    return steps == INFINITY ? 0.0f : steps;
}

/* Halfway between two steps: the even one. */
static inline int8_t mface_int8_round_weight(float weight, float steps_per_weight)
{
    const float steps = rintf(weight * steps_per_weight);
    const float most = MFACE_INT8_WEIGHT_MAX;
    return (int8_t)(steps > -most ? steps < most ? steps : most : -most);
}

#endif
