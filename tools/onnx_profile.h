/* onnx-run's profile of a plan. */
#ifndef MFACE_TOOLS_ONNX_PROFILE_H
#define MFACE_TOOLS_ONNX_PROFILE_H

#include "onnx/onnx.h"

/* Runs the plan n_runs times and prints the least times, the heaviest first. The peak is that of
 * the fastest step: what this machine has been seen to reach on this very model. */
void print_profile(struct mface_plan *plan, int n_runs, const struct mface_tensor *inputs,
    const struct mface_tensor *outputs);

#endif
