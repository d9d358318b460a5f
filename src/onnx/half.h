/* Half precision is widened to f32 while a plan is made. */
#ifndef MFACE_ONNX_HALF_H
#define MFACE_ONNX_HALF_H

#include "onnx/plan.h"

/* Remembers the type a constant is stored in; f16 becomes f32 for all who look at the value. */
void mface_half_declare(struct mface_plan_value *value);

/* After infer, for a step that will run: its f16 outputs become f32; a Cast that is left without
 * work becomes a view. */
void mface_half_widen_step(struct mface_step *step);

/* Adds the steps that convert f16 inputs of the model; before any other step. */
MFACE_NODISCARD enum mface_status mface_half_widen_inputs(struct mface_plan *plan);

/* Adds the steps that convert outputs the model declares f16; after all others. */
MFACE_NODISCARD enum mface_status mface_half_narrow_outputs(struct mface_plan *plan);

/* tensor->data = new memory of the tensor's shape, holding `halves` (need not be aligned) as f32.
 * MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_half_widen(
    const struct mface_plan *plan, const void *halves, struct mface_tensor *tensor);

#endif
