/* Constant, ConstantOfShape, EyeLike, Range: tensors that come from nothing but parameters. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"
#include "onnx/proto_internal.h"

#include <math.h>
#include <string.h>

/* Constant in all its forms as one tensor view; `single` holds the data of a lone number. */
static bool read_value(const struct mface_step *step, struct mface_tensor *value, void *single)
{
    if (mface_op_attr_tensor(step, "value", value))
        return true;
    const int64_t *ints;
    const float *floats;
    const size_t n_ints = mface_op_attr_ints(step, "value_ints", &ints);
    const size_t n_floats = mface_op_attr_floats(step, "value_floats", &floats);
    *value = (struct mface_tensor) { .dtype = MFACE_DTYPE_I64, .data = single };
    if (mface_op_attr_has(step, "value_int")) {
        *(int64_t *)single = mface_op_attr_int(step, "value_int", 0);
        return true;
    }
    if (mface_op_attr_has(step, "value_float")) {
        value->dtype = MFACE_DTYPE_F32;
        *(float *)single = mface_op_attr_float(step, "value_float", 0);
        return true;
    }
    value->dtype = n_ints ? MFACE_DTYPE_I64 : MFACE_DTYPE_F32;
    value->data = n_ints ? (void *)ints : (void *)floats;
    value->shape = (struct mface_shape) { 1, { (int64_t)(n_ints + n_floats) } };
    return n_ints || n_floats || mface_op_attr_has(step, "value_ints") ||
           mface_op_attr_has(step, "value_floats");
}

static enum mface_status infer_constant(struct mface_step *step)
{
    int64_t single;
    struct mface_tensor value;
    if (!read_value(step, &value, &single) || value.dtype == MFACE_DTYPE_NONE)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "has no value of a supported kind");
    step->out[0].dtype = value.dtype;
    step->out[0].shape = value.shape;
    return MFACE_OK;
}

static enum mface_status run_constant(
    const struct mface_step *step, const struct mface_op_args *args)
{
    int64_t single;
    struct mface_tensor value;
    if (read_value(step, &value, &single) && value.data)
        memcpy(args->out[0].data, value.data, mface_tensor_bytes(&value));
    return MFACE_OK;
}

/* The element ConstantOfShape repeats: f32 0 unless given. */
static struct mface_tensor read_fill(const struct mface_step *step)
{
    static const float zero = 0;
    struct mface_tensor fill;
    if (mface_op_attr_tensor(step, "value", &fill))
        return fill;
    return (struct mface_tensor) { .dtype = MFACE_DTYPE_F32, .data = (void *)&zero };
}

static enum mface_status infer_constant_of_shape(struct mface_step *step)
{
    const struct mface_tensor fill = read_fill(step);
    struct mface_shape *shape = &step->out[0].shape;
    *shape = (struct mface_shape) { 0 };
    MFACE_TRY(mface_op_const_ints(step, 0, shape->dim, MFACE_TENSOR_RANK_MAX, &shape->rank));
    if (!mface_shape_valid(shape))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the shape is out of range");
    if (fill.dtype == MFACE_DTYPE_NONE || !fill.data || mface_shape_count(&fill.shape) != 1)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "value is not one supported element");
    step->out[0].dtype = fill.dtype;
    return MFACE_OK;
}

static enum mface_status run_constant_of_shape(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_tensor fill = read_fill(step);
    const size_t bytes = mface_dtype_bytes(fill.dtype);
    const int64_t n = mface_shape_count(&step->out[0].shape);
    for (int64_t i = 0; i < n; i++)
        memcpy((char *)args->out[0].data + (size_t)i * bytes, fill.data, bytes);
    return MFACE_OK;
}

static enum mface_status infer_range(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_NUMBER));
    double bound[3]; // start, limit, delta
    for (int i = 0; i < 3; i++) {
        MFACE_TRY(mface_op_check_like_first(step, i));
        if (mface_shape_count(&step->in[i].shape) != 1)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "input %d is not one number", i);
        if (!step->in[i].data)
            return mface_op_fail(step, MFACE_ERR_UNSUPPORTED,
                "input %d must be constant, because a shape depends on it", i);
        mface_elem_load_f64(step->in[i].data, step->in[i].dtype, 0, 1, 1, &bound[i]);
    }
    const double n = ceil((bound[1] - bound[0]) / bound[2]);
    if (!(n < 0x1p40))
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the range does not end");
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = (struct mface_shape) { 1, { n > 0 ? (int64_t)n : 0 } };
    return MFACE_OK;
}

static enum mface_status run_range(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_tensor *in = args->in, *y = &args->out[0];
    double start, delta;
    mface_elem_load_f64(in[0].data, in[0].dtype, 0, 1, 1, &start);
    mface_elem_load_f64(in[2].data, in[2].dtype, 0, 1, 1, &delta);
    for (int64_t i = 0; i < step->out[0].shape.dim[0]; i++) {
        const double value = start + (double)i * delta;
        mface_elem_store_f64(y->data, y->dtype, i, 1, &value);
    }
    return MFACE_OK;
}

static enum mface_status infer_eye_like(struct mface_step *step)
{
    const struct mface_tensor *x = &step->in[0];
    if (x->shape.rank != 2)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the input is not a matrix");
    step->out[0] = (struct mface_tensor) { .dtype = x->dtype, .shape = x->shape };
    if (mface_op_attr_has(step, "dtype"))
        step->out[0].dtype = mface_proto_dtype(mface_op_attr_int(step, "dtype", 0));
    if (!(MFACE_DTYPE_BIT(step->out[0].dtype) & MFACE_DTYPES_NUMBER))
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "the type of the result");
    return MFACE_OK;
}

static enum mface_status run_eye_like(
    const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_tensor *y = &args->out[0];
    const int64_t k = mface_op_attr_int(step, "k", 0), one = 1;
    memset(y->data, 0, mface_tensor_bytes(y));
    const int64_t n_rows = y->shape.dim[0], n_columns = y->shape.dim[1];
    if (k <= -n_rows || k >= n_columns)
        return MFACE_OK;
    for (int64_t i = k < 0 ? -k : 0; i < n_rows && i + k < n_columns; i++)
        mface_elem_store_i64(y->data, y->dtype, i * n_columns + i + k, 1, &one);
    return MFACE_OK;
}

const struct mface_op mface_op_constant = {
    .name = "Constant",
    .flags = MFACE_OP_SHAPE_ONLY,
    .infer = infer_constant,
    .run = run_constant,
};

const struct mface_op mface_op_constant_of_shape = {
    .name = "ConstantOfShape",
    .opset_min = 9,
    .in_min = 1,
    .in_max = 1,
    .infer = infer_constant_of_shape,
    .run = run_constant_of_shape,
};

const struct mface_op mface_op_range = {
    .name = "Range",
    .opset_min = 11,
    .in_min = 3,
    .in_max = 3,
    .infer = infer_range,
    .run = run_range,
};

const struct mface_op mface_op_eye_like = {
    .name = "EyeLike",
    .opset_min = 9,
    .in_min = 1,
    .in_max = 1,
    .flags = MFACE_OP_SHAPE_ONLY,
    .infer = infer_eye_like,
    .run = run_eye_like,
};
