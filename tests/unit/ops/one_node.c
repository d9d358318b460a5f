#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "one_node.h"
#include "onnx/shape.h"
#include <math.h>
#include <memoface/log.h>
#include <stdio.h>
#include <string.h>

/* A protobuf message being written. */
struct message {
    uint8_t data[4096];
    size_t size;
};

static void put_byte(struct message *to, unsigned byte)
{
    assert_true(to->size < sizeof to->data);
    to->data[to->size++] = (uint8_t)byte;
}

static void put_varint(struct message *to, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        put_byte(to, (unsigned)(value & 0x7f) | 0x80);
    put_byte(to, (unsigned)value);
}

static void put_int(struct message *to, unsigned field, int64_t value)
{
    put_varint(to, field << 3);
    put_varint(to, (uint64_t)value);
}

static void put_float(struct message *to, unsigned field, float value)
{
    uint8_t bytes[4];
    memcpy(bytes, &value, sizeof bytes);
    put_varint(to, field << 3 | 5);
    for (int i = 0; i < 4; i++)
        put_byte(to, bytes[i]);
}

static void put_bytes(struct message *to, unsigned field, const void *data, size_t size)
{
    put_varint(to, field << 3 | 2);
    put_varint(to, size);
    assert_true(to->size + size <= sizeof to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_string(struct message *to, unsigned field, const char *text)
{
    put_bytes(to, field, text, strlen(text));
}

static void put_message(struct message *to, unsigned field, const struct message *inner)
{
    put_bytes(to, field, inner->data, inner->size);
}

/* AttributeProto. */
static void put_attr(struct message *node, const struct attr *attr)
{
    static const int types[] = {
        [ATTR_INT] = 2, [ATTR_FLOAT] = 1, [ATTR_STRING] = 3, [ATTR_INTS] = 7, [ATTR_FLOATS] = 6
    };
    struct message m = { .size = 0 };
    put_string(&m, 1, attr->name);
    if (attr->kind == ATTR_INT)
        put_int(&m, 3, attr->i);
    if (attr->kind == ATTR_FLOAT)
        put_float(&m, 2, attr->f);
    if (attr->kind == ATTR_STRING)
        put_string(&m, 4, attr->s);
    for (int i = 0; i < attr->n && attr->kind == ATTR_INTS; i++)
        put_int(&m, 8, attr->ints[i]);
    for (int i = 0; i < attr->n && attr->kind == ATTR_FLOATS; i++)
        put_float(&m, 7, attr->floats[i]);
    put_int(&m, 20, types[attr->kind]);
    put_message(node, 5, &m);
}

/* TensorProto.DataType. */
static int type_number(enum mface_dtype dtype)
{
    static const int numbers[] = { [MFACE_DTYPE_F32] = 1,
        [MFACE_DTYPE_F64] = 11,
        [MFACE_DTYPE_F16] = 10,
        [MFACE_DTYPE_U8] = 2,
        [MFACE_DTYPE_I8] = 3,
        [MFACE_DTYPE_I32] = 6,
        [MFACE_DTYPE_I64] = 7,
        [MFACE_DTYPE_BOOL] = 9 };
    return numbers[dtype];
}

/* ValueInfoProto; shape NULL leaves it out. */
static void put_value(struct message *graph, unsigned field, const char *name,
    enum mface_dtype dtype, const struct mface_shape *shape)
{
    struct message value = { .size = 0 }, type = { .size = 0 }, tensor = { .size = 0 };
    struct message dims = { .size = 0 };
    put_int(&tensor, 1, type_number(dtype));
    for (int i = 0; shape && i < shape->rank; i++) {
        struct message dim = { .size = 0 };
        put_int(&dim, 1, shape->dim[i]);
        put_message(&dims, 1, &dim);
    }
    if (shape)
        put_message(&tensor, 2, &dims);
    put_message(&type, 1, &tensor);
    put_string(&value, 1, name);
    put_message(&value, 2, &type);
    put_message(graph, field, &value);
}

static int n_outputs(const struct one_node *node)
{
    return node->n_out ? node->n_out : 1;
}

static void write_node(const struct one_node *node, struct message *out)
{
    char name[16];
    for (int i = 0; i < node->n_in; i++) {
        snprintf(name, sizeof name, "in%d", i);
        put_string(out, 1, node->in[i].dtype == MFACE_DTYPE_NONE ? "" : name);
    }
    for (int i = 0; i < n_outputs(node); i++) {
        snprintf(name, sizeof name, "out%d", i);
        put_string(out, 2, name);
    }
    put_string(out, 4, node->op);
    for (int i = 0; i < NODE_ATTRS_MAX && node->attrs[i].name; i++)
        put_attr(out, &node->attrs[i]);
}

static void write_model(const struct one_node *node, struct message *out)
{
    struct message graph = { .size = 0 }, body = { .size = 0 }, opset = { .size = 0 };
    char name[16];
    write_node(node, &body);
    put_message(&graph, 1, &body);
    put_string(&graph, 2, "g");
    for (int i = 0; i < node->n_in; i++) {
        snprintf(name, sizeof name, "in%d", i);
        if (node->in[i].dtype != MFACE_DTYPE_NONE)
            put_value(&graph, 11, name, node->in[i].dtype, &node->in[i].shape);
    }
    for (int i = 0; i < n_outputs(node); i++) {
        snprintf(name, sizeof name, "out%d", i);
        put_value(&graph, 12, name, MFACE_DTYPE_F32, NULL);
    }
    put_int(out, 1, 8);
    put_message(out, 7, &graph);
    put_int(&opset, 2, node->opset);
    put_message(out, 8, &opset);
}

struct mface_tensor make_tensor(enum mface_dtype dtype, void *data, const int64_t *dims)
{
    struct mface_tensor tensor = { .dtype = dtype, .data = data };
    while (dims[tensor.shape.rank] >= 0) {
        tensor.shape.dim[tensor.shape.rank] = dims[tensor.shape.rank];
        tensor.shape.rank++;
    }
    return tensor;
}

static enum mface_status run_plan(const struct one_node *node, struct mface_plan *plan,
    const struct mface_tensor *inputs, struct mface_tensor *out)
{
    for (int i = 0; i < n_outputs(node); i++) {
        const struct mface_value_info *info = mface_plan_output(plan, (size_t)i);
        out[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        out[i].data = mface_mem_alloc(mface_tensor_bytes(&out[i]));
        assert_non_null(out[i].data);
    }
    const enum mface_status status = mface_plan_run(plan, inputs, out);
    if (status != MFACE_OK)
        outputs_free(out, n_outputs(node));
    return status;
}

enum mface_status one_node_run(const struct one_node *node, struct mface_tensor *out)
{
    struct message model = { .size = 0 };
    struct mface_tensor inputs[NODE_INPUTS_MAX], params[NODE_INPUTS_MAX];
    struct mface_onnx *onnx = NULL;
    struct mface_plan *plan = NULL;
    size_t n = 0;
    write_model(node, &model);
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i].dtype == MFACE_DTYPE_NONE)
            continue;
        params[n] = inputs[n] = node->in[i];
        if (node->free_inputs >> i & 1)
            params[n].data = NULL;
        n++;
    }
    enum mface_status status = mface_onnx_load_mem("test", model.data, model.size, &onnx);
    if (status == MFACE_OK)
        status = mface_plan_create(onnx,
            &(struct mface_plan_params) {
                .inputs = params, .n_inputs = n, .threads = node->threads ? node->threads : 1 },
            &plan);
    if (status == MFACE_OK)
        status = run_plan(node, plan, inputs, out);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    return status;
}

void outputs_free(struct mface_tensor *out, int n)
{
    for (int i = 0; i < n; i++)
        mface_mem_free(out[i].data);
}

static void assert_floats_equal(const float *got, const float *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (isnan(want[i]) ? isnan(got[i]) : got[i] == want[i])
            continue;
        if (!(fabsf(got[i] - want[i]) <= 1e-5f * fabsf(want[i]) + 1e-7f))
            fail_msg("value %lld is %g, not %g", (long long)i, got[i], want[i]);
    }
}

void assert_node_gives(const struct one_node *node, struct mface_tensor want)
{
    struct mface_tensor out[NODE_OUTPUTS_MAX];
    assert_int_equal(one_node_run(node, out), MFACE_OK);
    assert_int_equal(out[0].dtype, want.dtype);
    char a[MFACE_SHAPE_TEXT_BYTES], b[MFACE_SHAPE_TEXT_BYTES];
    assert_string_equal(mface_shape_print(&out[0].shape, a), mface_shape_print(&want.shape, b));
    if (want.dtype == MFACE_DTYPE_F32)
        assert_floats_equal(out[0].data, want.data, mface_shape_count(&want.shape));
    else if (mface_tensor_bytes(&want))
        assert_memory_equal(out[0].data, want.data, mface_tensor_bytes(&want));
    outputs_free(out, n_outputs(node));
}

static void drop_message(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

void assert_node_fails(const struct one_node *node, enum mface_status status)
{
    struct mface_tensor out[NODE_OUTPUTS_MAX];
    mface_log_set(drop_message, NULL);
    const enum mface_status got = one_node_run(node, out);
    mface_log_set(NULL, NULL);
    assert_int_equal(got, status);
}
