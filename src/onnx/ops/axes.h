/* Lists of axes, which moved from an attribute to an input as operator sets went on. */
#ifndef MFACE_ONNX_OPS_AXES_H
#define MFACE_ONNX_OPS_AXES_H

#include "onnx/op.h"

/* Integers that are the constant input `i` where the node has it, else the attribute `name`.
 * *n = 0 where there is neither. Fails on more than `max`. */
MFACE_NODISCARD enum mface_status mface_op_ints(
    const struct mface_step *step, int i, const char *name, int64_t *values, int max, int *n);

/* The axes (input `i` or attribute "axes") of something with `rank` dimensions as a bit set;
 * *given is false, and the set empty, where there are none. Fails on an axis out of range or
 * given twice. */
MFACE_NODISCARD enum mface_status mface_op_axes(
    const struct mface_step *step, int i, int rank, unsigned *axes, bool *given);

#endif
