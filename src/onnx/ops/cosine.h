/* Cosines of many numbers. */
#ifndef MFACE_ONNX_OPS_COSINE_H
#define MFACE_ONNX_OPS_COSINE_H

#include <stdint.h>

/* y[i] = cos x[i], within 1e-7 of the true value; NaN and infinities yield NaN. `y` may be `x`. */
void mface_cos_f32(int64_t n, const float *x, float *y);

#endif
