/* Drives element-by-element arithmetic over tensors: broadcasting, types and rows are dealt with
 * here, so that an operator is one loop over contiguous numbers. */
#ifndef MFACE_ONNX_OPS_ELEMENTWISE_H
#define MFACE_ONNX_OPS_ELEMENTWISE_H

#include "onnx/onnx.h"

/* y[i] = f(a[i]) on contiguous runs. `a` holds the type of computation, `y` that of the result;
 * they may be the same memory. `param`: whatever the operator needs (slopes, limits). */
typedef void (*mface_unary_fn)(int64_t n, const void *a, void *y, const void *param);

/* y[i] = f(a[i], b[i]); `y` may be the memory of `a`. */
typedef void (*mface_binary_fn)(int64_t n, const void *a, const void *b, void *y);

/* y = f(a), elements converted to `compute` (F32, F64 or I64) and back where the stored type
 * differs. The kernel writes `compute` values. Shapes are equal. Uses up to `threads` threads. */
void mface_elementwise_unary(const struct mface_tensor *a, const struct mface_tensor *y,
    enum mface_dtype compute, mface_unary_fn fn, const void *param, int threads);

/* y = f(a, b) with a and b broadcast to y's shape. The kernel writes values of type `result`:
 * `compute` for arithmetic, BOOL for comparisons; when that is not y's own type they are converted.
 * y may lie in the memory of an operand of its own shape and element size. */
void mface_elementwise_binary(const struct mface_tensor *a, const struct mface_tensor *b,
    const struct mface_tensor *y, enum mface_dtype compute, enum mface_dtype result,
    mface_binary_fn fn, int threads);

#endif
