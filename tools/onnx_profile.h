/* onnx-run's profile of a plan. */
#ifndef MFACE_TOOLS_ONNX_PROFILE_H
#define MFACE_TOOLS_ONNX_PROFILE_H

#include "onnx/onnx.h"

/* Runs the plan n_runs times and prints the least times, the heaviest first, beside what the
 * machine can do. `peak_gflops`: of the plan's precision on its threads, 0 unknown. */
void print_profile(struct mface_plan *plan, int n_runs, double peak_gflops,
    const struct mface_tensor *inputs, const struct mface_tensor *outputs);

#endif
