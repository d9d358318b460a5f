#include "onnx/ops/resize_sizes.h"

#include "onnx/ops/axes.h"
#include "onnx/ops/elem.h"

#include <math.h>
#include <string.h>

/* Numbers of the constant float input i; *n = 0 where it is absent or empty. */
static enum mface_status read_floats(
    const struct mface_step *step, int i, double *values, int max, int *n)
{
    *n = 0;
    if (!mface_op_has_in(step, i))
        return MFACE_OK;
    const struct mface_tensor *in = &step->in[i];
    const int64_t count = mface_shape_count(&in->shape);
    MFACE_TRY(mface_op_check_dtype(
        step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32) | MFACE_DTYPE_BIT(MFACE_DTYPE_F64)));
    if (count && !in->data)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED,
            "input %d must be constant, because a shape depends on it", i);
    if (count > max)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "input %d is too long", i);
    if (count)
        mface_elem_load_f64(in->data, in->dtype, 0, 1, count, values);
    *n = (int)count;
    return MFACE_OK;
}

/* Which axes the values are for: all, unless operator set 18 names some. */
static enum mface_status read_axes(const struct mface_step *step, int *axes, int *n)
{
    const int rank = step->in[0].shape.rank;
    const int64_t *values;
    const size_t count = mface_op_attr_ints(step, "axes", &values);
    *n = rank;
    for (int i = 0; i < rank; i++)
        axes[i] = i;
    if (!count)
        return MFACE_OK;
    if (count > (size_t)rank)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "more axes than the input has");
    *n = (int)count;
    for (int i = 0; i < *n; i++)
        MFACE_TRY(mface_op_axis(step, values[i], rank, &axes[i]));
    return MFACE_OK;
}

static enum mface_status read_scales(const struct mface_step *step, double *scales, int max, int *n)
{
    const bool is_upsample = strcmp(step->op->name, "Upsample") == 0;
    const int input = is_upsample || step->opset < 11 ? 1 : 2;
    MFACE_TRY(read_floats(step, input, scales, max, n));
    const float *attr;
    const size_t count = mface_op_attr_floats(step, "scales", &attr);
    if (*n || count > (size_t)max)
        return MFACE_OK;
    for (size_t i = 0; i < count; i++)
        scales[i] = attr[i];
    *n = (int)count;
    return MFACE_OK;
}

static enum mface_status read_roi(
    const struct mface_step *step, const int *axes, int n_axes, struct mface_resize_sizes *out)
{
    double roi[2 * MFACE_TENSOR_RANK_MAX];
    int n;
    MFACE_TRY(read_floats(step, 1, roi, 2 * MFACE_TENSOR_RANK_MAX, &n));
    if (n != 2 * n_axes)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "roi has %d values", n);
    for (int i = 0; i < n_axes; i++) {
        out->roi_start[axes[i]] = roi[i];
        out->roi_end[axes[i]] = roi[n_axes + i];
    }
    return MFACE_OK;
}

/* Sets one axis from a size, or from a scale where `size` is negative. */
static enum mface_status set_axis(const struct mface_step *step, struct mface_resize_sizes *out,
    int axis, int64_t size, double scale)
{
    const double n_in = (double)step->in[0].shape.dim[axis];
    const double n_out = size >= 0 ? (double)size : floor(n_in * scale);
    if (!(n_out >= 0 && n_out < 0x1p31) || (n_in == 0 && n_out > 0) || (size < 0 && !(scale > 0)))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "axis %d: size or scale out of range", axis);
    out->shape.dim[axis] = (int64_t)n_out;
    out->scale[axis] = size < 0 ? scale : n_in > 0 ? n_out / n_in : 1;
    return MFACE_OK;
}

enum mface_status mface_resize_sizes_read(
    const struct mface_step *step, bool crop, struct mface_resize_sizes *out)
{
    const int max = MFACE_TENSOR_RANK_MAX;
    int axes[MFACE_TENSOR_RANK_MAX], n_axes, n_sizes = 0, n_scales = 0;
    int64_t sizes[MFACE_TENSOR_RANK_MAX];
    double scales[MFACE_TENSOR_RANK_MAX];
    out->shape = step->in[0].shape;
    for (int i = 0; i < max; i++) {
        out->scale[i] = out->roi_end[i] = 1;
        out->roi_start[i] = 0;
    }
    MFACE_TRY(read_axes(step, axes, &n_axes));
    MFACE_TRY(read_scales(step, scales, max, &n_scales));
    MFACE_TRY(mface_op_const_ints(step, 3, sizes, max, &n_sizes));
    if ((n_sizes ? n_sizes : n_scales) != n_axes)
        return mface_op_fail(
            step, MFACE_ERR_FORMAT, "%d axes, %d scales, %d sizes", n_axes, n_scales, n_sizes);
    if (strcmp(mface_op_attr_str(step, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "keep_aspect_ratio_policy");
    if (crop)
        MFACE_TRY(read_roi(step, axes, n_axes, out));
    for (int i = 0; i < n_axes; i++)
        MFACE_TRY(set_axis(step, out, axes[i], n_sizes ? sizes[i] : -1, n_sizes ? 0 : scales[i]));
    return MFACE_OK;
}
