#include "onnx/ops/axes.h"

#include <string.h>

enum mface_status mface_op_ints(
    const struct mface_step *step, int i, const char *name, int64_t *values, int max, int *n)
{
    if (mface_op_has_in(step, i))
        return mface_op_const_ints(step, i, values, max, n);
    const int64_t *attr;
    const size_t count = mface_op_attr_ints(step, name, &attr);
    if (count > (size_t)max)
        return mface_op_fail(
            step, MFACE_ERR_FORMAT, "%s: %zu values, at most %d make sense", name, count, max);
    if (count)
        memcpy(values, attr, count * sizeof *values);
    *n = (int)count;
    return MFACE_OK;
}

enum mface_status mface_op_axes(
    const struct mface_step *step, int i, int rank, unsigned *axes, bool *given)
{
    int64_t values[MFACE_TENSOR_RANK_MAX];
    int n;
    MFACE_TRY(mface_op_ints(step, i, "axes", values, MFACE_TENSOR_RANK_MAX, &n));
    *axes = 0;
    for (int k = 0; k < n; k++) {
        int axis;
        MFACE_TRY(mface_op_axis(step, values[k], rank, &axis));
        if (*axes >> axis & 1)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "axis %d is given twice", axis);
        *axes |= 1u << axis;
    }
    *given = n > 0;
    return MFACE_OK;
}
