/* What operators ask of the core: attributes, checks, state, the common inferences. */
#include "onnx/op.h"

#include "base/mem.h"
#include "onnx/graph.h"
#include "onnx/plan.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum mface_status mface_op_fail(
    const struct mface_step *step, enum mface_status status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mface_fail(status, "%s: operator '%s' (node '%s'): %s", step->core->model,
        step->op->name, step->node ? step->node->proto->name : "", text);
}

enum mface_status mface_op_nomem(const struct mface_step *step)
{
    return mface_op_fail(step, MFACE_ERR_NOMEM, "out of memory");
}

bool mface_op_has_out(const struct mface_step *step, int i)
{
    return i < step->n_out && step->core->out[i] >= 0;
}

void *mface_op_state(struct mface_step *step, size_t size)
{
    return step->state = mface_mem_calloc(1, size);
}

static const struct mface_proto_attr *find_attr(
    const struct mface_step *step, const char *name, enum mface_proto_attr_type type)
{
    const struct mface_proto_node *node = step->node ? step->node->proto : NULL;
    for (size_t i = 0; node && i < node->n_attrs; i++)
        if (strcmp(node->attrs[i].name, name) == 0)
            return node->attrs[i].type == (int)type || !type ? &node->attrs[i] : NULL;
    return NULL;
}

bool mface_op_attr_has(const struct mface_step *step, const char *name)
{
    return find_attr(step, name, MFACE_PROTO_ATTR_NONE) != NULL;
}

int64_t mface_op_attr_int(const struct mface_step *step, const char *name, int64_t fallback)
{
    const struct mface_proto_attr *attr = find_attr(step, name, MFACE_PROTO_ATTR_INT);
    return attr ? attr->i : fallback;
}

float mface_op_attr_float(const struct mface_step *step, const char *name, float fallback)
{
    const struct mface_proto_attr *attr = find_attr(step, name, MFACE_PROTO_ATTR_FLOAT);
    return attr ? attr->f : fallback;
}

const char *mface_op_attr_str(const struct mface_step *step, const char *name, const char *fallback)
{
    const struct mface_proto_attr *attr = find_attr(step, name, MFACE_PROTO_ATTR_STRING);
    return attr ? attr->s : fallback;
}

size_t mface_op_attr_ints(const struct mface_step *step, const char *name, const int64_t **values)
{
    const struct mface_proto_attr *attr = find_attr(step, name, MFACE_PROTO_ATTR_INTS);
    *values = attr ? attr->ints : NULL;
    return attr ? attr->n_ints : 0;
}

size_t mface_op_attr_floats(const struct mface_step *step, const char *name, const float **values)
{
    const struct mface_proto_attr *attr = find_attr(step, name, MFACE_PROTO_ATTR_FLOATS);
    *values = attr ? attr->floats : NULL;
    return attr ? attr->n_floats : 0;
}

bool mface_op_attr_tensor(
    const struct mface_step *step, const char *name, struct mface_tensor *tensor)
{
    const struct mface_proto_attr *attr = find_attr(step, name, MFACE_PROTO_ATTR_TENSOR);
    if (!attr || attr->t->external)
        return false;
    *tensor = (struct mface_tensor) {
        .dtype = attr->t->dtype,
        .shape = attr->t->shape,
        .data = (void *)attr->t->data,
    };
    return true;
}

enum mface_status mface_op_check_dtype(const struct mface_step *step, int i, unsigned mask)
{
    const enum mface_dtype dtype = i < step->n_in ? step->in[i].dtype : MFACE_DTYPE_NONE;
    if (dtype == MFACE_DTYPE_NONE)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "input %d is missing", i);
    if (mask & MFACE_DTYPE_BIT(dtype))
        return MFACE_OK;
    return mface_op_fail(step, MFACE_ERR_UNSUPPORTED,
        "input %d has type %s, which is not supported", i, mface_dtype_name(dtype));
}

enum mface_status mface_op_const_ints(
    const struct mface_step *step, int i, int64_t *values, int max, int *n)
{
    *n = 0;
    if (!mface_op_has_in(step, i))
        return MFACE_OK;
    const struct mface_tensor *in = &step->in[i];
    const int64_t count = mface_shape_count(&in->shape);
    if (in->dtype != MFACE_DTYPE_I64 && in->dtype != MFACE_DTYPE_I32)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "input %d has type %s; integers are wanted", i,
            mface_dtype_name(in->dtype));
    if (!in->data && count)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED,
            "input %d must be constant, because a shape depends on it", i);
    if (count > max)
        return mface_op_fail(
            step, MFACE_ERR_UNSUPPORTED, "input %d has more than %d values", i, max);
    for (int k = 0; k < count; k++)
        values[k] = in->dtype == MFACE_DTYPE_I64 ? ((const int64_t *)in->data)[k]
                                                 : ((const int32_t *)in->data)[k];
    *n = (int)count;
    return MFACE_OK;
}

enum mface_status mface_op_axis(const struct mface_step *step, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "axis %lld is outside a tensor of rank %d",
            (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return MFACE_OK;
}

enum mface_status mface_op_infer_same(struct mface_step *step)
{
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = step->in[0].shape;
    return MFACE_OK;
}

enum mface_status mface_op_infer_broadcast(struct mface_step *step)
{
    step->out[0].dtype = step->in[0].dtype;
    struct mface_shape *shape = &step->out[0].shape;
    *shape = step->in[0].shape;
    for (int i = 1; i < step->n_in; i++) {
        if (mface_shape_broadcast(shape, &step->in[i].shape, shape))
            continue;
        char a[MFACE_SHAPE_TEXT_BYTES], b[MFACE_SHAPE_TEXT_BYTES];
        return mface_op_fail(step, MFACE_ERR_FORMAT, "shapes %s and %s do not broadcast",
            mface_shape_print(shape, a), mface_shape_print(&step->in[i].shape, b));
    }
    return MFACE_OK;
}
