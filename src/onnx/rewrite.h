/* Rewriting a plan in another representation.
 *
 * A pass that changes how tensors are stored (channels last, bf16) walks the steps in order and
 * emits them anew. Each value may exist as the graph has it, as its twin in the new
 * representation, or as both; a conversion is emitted where the one that is asked for does not
 * exist yet, so that conversions remain at the borders only. */
#ifndef MFACE_ONNX_REWRITE_H
#define MFACE_ONNX_REWRITE_H

#include "onnx/plan.h"

struct mface_rewrite {
    struct mface_plan *plan;
    struct mface_step **steps; // emitted
    int n_steps;
    int *twin;  // per value: its twin, or -1
    bool *made; // per value: exists at this point of the walk
    /* The type and shape of a value's twin. */
    void (*describe_twin)(const struct mface_tensor *plain, struct mface_tensor *twin);
    /* A step that makes the twin `to` from a value, or with `back` a value from its twin; not
     * emitted yet. NULL: no memory. */
    struct mface_step *(*convert)(struct mface_plan *plan, int from, int to, bool back);
};

MFACE_NODISCARD enum mface_status mface_rewrite_begin(
    struct mface_rewrite *rewrite, struct mface_plan *plan);

/* Makes graph outputs exist, gives the plan its new steps and prunes them. Call it also after a
 * failure, whose status it then passes on. */
MFACE_NODISCARD enum mface_status mface_rewrite_end(
    struct mface_rewrite *rewrite, enum mface_status status);

void mface_rewrite_emit(struct mface_rewrite *rewrite, struct mface_step *step);

/* *out = the twin of `value`, converted if need be; value -1 is its own. */
MFACE_NODISCARD enum mface_status mface_rewrite_twin(
    struct mface_rewrite *rewrite, int value, int *out);

/* Makes every input of the step exist as the graph has it, and emits the step. */
MFACE_NODISCARD enum mface_status mface_rewrite_keep(
    struct mface_rewrite *rewrite, struct mface_step *step);

/* Sets input i of a step to a value. */
void mface_rewrite_set_in(
    const struct mface_rewrite *rewrite, struct mface_step *step, int i, int value);

/* Makes output 0 of a step the twin of what it was. */
MFACE_NODISCARD enum mface_status mface_rewrite_out(
    struct mface_rewrite *rewrite, struct mface_step *step);

#endif
