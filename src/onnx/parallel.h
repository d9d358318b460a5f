/* Loops spread over threads. Whatever a loop computes must not depend on where it is cut. */
#ifndef MFACE_ONNX_PARALLEL_H
#define MFACE_ONNX_PARALLEL_H

#include "onnx/op.h"

/* Calls fn(user, first, end) for ranges that make up 0..n: for one range per thread where `work`,
 * the number of elements touched, is enough for more than one to pay. Allocates nothing. */
void mface_parallel(int threads, int64_t n, int64_t work,
    void (*fn)(const void *user, int64_t first, int64_t end), const void *user);

/* The same for the run of a step. */
typedef void mface_op_range(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end);
void mface_op_parallel(const struct mface_step *step, const struct mface_op_args *args, int64_t n,
    int64_t work, mface_op_range *range);

#endif
