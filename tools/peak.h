/* The arithmetic peak of this machine, measured. */
#ifndef MFACE_TOOLS_PEAK_H
#define MFACE_TOOLS_PEAK_H

#include "onnx/onnx.h"

/* GFLOP/s of `n_threads` threads that do nothing but multiply and add in registers, in the widest
 * instructions this machine has for that precision: f32 in AVX2 or AVX-512 multiply-adds, bf16 in
 * AMX tiles or AVX512-BF16 dot products, int8 in AMX tiles or VNNI. A multiply-add counts as two. 0
 * where it lacks them. Takes a tenth of a second. */
double mface_peak_gflops(enum mface_precision precision, int n_threads);

#endif
