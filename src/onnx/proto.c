/* ModelProto down to attributes. Each message is walked twice: once checking it and counting its
 * repeated parts, once filling arrays of exactly that size. Subgraphs are never entered, so the
 * nesting is that of this file. */
#include "onnx/proto_rules.h"

#include "base/log.h"
#include <string.h>

static enum mface_status read_str(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    const struct mface_wire_field field = { .bytes = message };
    return mface_proto_str(reader, &field, out);
}

static enum mface_status read_tensor(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    return mface_proto_tensor(reader, message, out);
}

struct attr_parts { // the struct as rules fill it: the lone tensor and the type need a turn
    struct mface_proto_attr attr;
    int64_t type;
    size_t n_tensors;
};

/* Files older than IR version 2 leave the type to be seen from what is present. */
static int guess_attr_type(const struct attr_parts *parts, struct mface_wire message)
{
    if (parts->attr.n_floats)
        return MFACE_PROTO_ATTR_FLOATS;
    if (parts->attr.n_ints)
        return MFACE_PROTO_ATTR_INTS;
    if (parts->n_tensors)
        return MFACE_PROTO_ATTR_TENSOR;
    if (mface_wire_count(message, 4))
        return MFACE_PROTO_ATTR_STRING;
    if (mface_wire_count(message, 3))
        return MFACE_PROTO_ATTR_INT;
    return mface_wire_count(message, 2) ? MFACE_PROTO_ATTR_FLOAT : MFACE_PROTO_ATTR_NONE;
}

static enum mface_status read_attr(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_STR(1, struct attr_parts, attr.name),
        MFACE_RULE_F32(2, struct attr_parts, attr.f),
        MFACE_RULE_INT(3, struct attr_parts, attr.i),
        MFACE_RULE_STR(4, struct attr_parts, attr.s),
        MFACE_RULE_CHILD(5, struct attr_parts, attr.t, n_tensors, sizeof(struct mface_proto_tensor),
            read_tensor),
        MFACE_RULE_INT(20, struct attr_parts, type),
    };
    struct attr_parts parts = { .attr = { .name = "", .s = "" } };
    struct mface_proto_attr *attr = &parts.attr;
    MFACE_TRY(mface_proto_read(reader, "attribute", rules, MFACE_N_RULES(rules), message, &parts));
    void *floats, *ints;
    MFACE_TRY(mface_proto_numbers(reader, message, 7, MFACE_WIRE_I32, 4, &floats, &attr->n_floats));
    MFACE_TRY(mface_proto_numbers(reader, message, 8, MFACE_WIRE_VARINT, 8, &ints, &attr->n_ints));
    attr->floats = floats;
    attr->ints = ints;
    attr->type = parts.type ? (int)parts.type : guess_attr_type(&parts, message);
    if (attr->type == MFACE_PROTO_ATTR_TENSOR && !parts.n_tensors)
        return mface_proto_bad(reader, "attribute");
    *(struct mface_proto_attr *)out = *attr;
    return MFACE_OK;
}

static enum mface_status read_node(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_CHILD(1, struct mface_proto_node, inputs, n_inputs, sizeof(char *), read_str),
        MFACE_RULE_CHILD(2, struct mface_proto_node, outputs, n_outputs, sizeof(char *), read_str),
        MFACE_RULE_STR(3, struct mface_proto_node, name),
        MFACE_RULE_STR(4, struct mface_proto_node, op_type),
        MFACE_RULE_CHILD(
            5, struct mface_proto_node, attrs, n_attrs, sizeof(struct mface_proto_attr), read_attr),
        MFACE_RULE_STR(7, struct mface_proto_node, domain),
    };
    struct mface_proto_node *node = out;
    node->name = node->op_type = node->domain = "";
    MFACE_TRY(mface_proto_read(reader, "node", rules, MFACE_N_RULES(rules), message, node));
    if (strcmp(node->domain, "ai.onnx") == 0)
        node->domain = "";
    return MFACE_OK;
}

struct dim_parts {
    int64_t value;
};

static enum mface_status read_dim(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_INT(1, struct dim_parts, value),
    };
    struct dim_parts parts = { .value = -1 };
    MFACE_TRY(mface_proto_read(reader, "dimension", rules, MFACE_N_RULES(rules), message, &parts));
    *(int64_t *)out = parts.value < 0 ? -1 : parts.value;
    return MFACE_OK;
}

struct dims_parts {
    int64_t *dims;
    size_t n_dims;
};

static enum mface_status read_dims(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_CHILD(1, struct dims_parts, dims, n_dims, sizeof(int64_t), read_dim),
    };
    return mface_proto_read(reader, "shape", rules, MFACE_N_RULES(rules), message, out);
}

struct type_parts {
    int64_t elem_type;
    struct dims_parts *shapes;
    size_t n_shapes;
};

static enum mface_status read_tensor_type(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_INT(1, struct type_parts, elem_type),
        MFACE_RULE_CHILD(
            2, struct type_parts, shapes, n_shapes, sizeof(struct dims_parts), read_dims),
    };
    return mface_proto_read(reader, "tensor type", rules, MFACE_N_RULES(rules), message, out);
}

struct type_list {
    struct type_parts *tensor_types;
    size_t n_tensor_types;
};

static enum mface_status read_type(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_CHILD(1, struct type_list, tensor_types, n_tensor_types,
            sizeof(struct type_parts), read_tensor_type),
    };
    return mface_proto_read(reader, "type", rules, MFACE_N_RULES(rules), message, out);
}

struct value_parts {
    const char *name;
    struct type_list *types;
    size_t n_types;
};

static enum mface_status set_shape(const struct mface_proto_reader *reader,
    const struct dims_parts *dims, struct mface_value_info *value)
{
    if (dims->n_dims > MFACE_TENSOR_RANK_MAX)
        return mface_fail(MFACE_ERR_UNSUPPORTED,
            "%s: '%s' has %zu dimensions; at most %d are supported", reader->name, value->name,
            dims->n_dims, MFACE_TENSOR_RANK_MAX);
    value->shape.rank = (int)dims->n_dims;
    memcpy(value->shape.dim, dims->dims, dims->n_dims * sizeof(int64_t));
    return MFACE_OK;
}

static enum mface_status read_value(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_STR(1, struct value_parts, name),
        MFACE_RULE_CHILD(
            2, struct value_parts, types, n_types, sizeof(struct type_list), read_type),
    };
    struct value_parts parts = { .name = "" };
    MFACE_TRY(mface_proto_read(reader, "value", rules, MFACE_N_RULES(rules), message, &parts));
    struct mface_value_info *value = out;
    value->name = parts.name;
    value->shape.rank = -1;
    if (!parts.n_types || !parts.types[0].n_tensor_types)
        return MFACE_OK;
    const struct type_parts *type = &parts.types[0].tensor_types[0];
    value->dtype = mface_proto_dtype(type->elem_type);
    return type->n_shapes ? set_shape(reader, &type->shapes[0], value) : MFACE_OK;
}

static enum mface_status read_graph(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_CHILD(1, struct mface_proto_graph, nodes, n_nodes,
            sizeof(struct mface_proto_node), read_node),
        MFACE_RULE_STR(2, struct mface_proto_graph, name),
        MFACE_RULE_CHILD(5, struct mface_proto_graph, initializers, n_initializers,
            sizeof(struct mface_proto_tensor), read_tensor),
        MFACE_RULE_CHILD(11, struct mface_proto_graph, inputs, n_inputs,
            sizeof(struct mface_value_info), read_value),
        MFACE_RULE_CHILD(12, struct mface_proto_graph, outputs, n_outputs,
            sizeof(struct mface_value_info), read_value),
    };
    ((struct mface_proto_graph *)out)->name = "";
    return mface_proto_read(reader, "graph", rules, MFACE_N_RULES(rules), message, out);
}

static enum mface_status read_opset(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_STR(1, struct mface_proto_opset, domain),
        MFACE_RULE_INT(2, struct mface_proto_opset, version),
    };
    struct mface_proto_opset *opset = out;
    opset->domain = "";
    MFACE_TRY(
        mface_proto_read(reader, "opset import", rules, MFACE_N_RULES(rules), message, opset));
    if (strcmp(opset->domain, "ai.onnx") == 0)
        opset->domain = "";
    return MFACE_OK;
}

/* Walks the outermost fields alone, to tell three kinds of bad file apart: every ModelProto opens
 * with its IR version, and a file cut short ends inside an outermost field. */
static enum mface_status check_outline(
    const struct mface_proto_reader *reader, struct mface_wire message)
{
    struct mface_wire_field field;
    const size_t size = mface_wire_left(&message);
    bool has_ir = false, has_graph = false;
    enum mface_wire_result result;
    while ((result = mface_wire_next(&message, &field)) == MFACE_WIRE_FIELD) {
        has_ir |= field.number == 1 && field.type == MFACE_WIRE_VARINT;
        has_graph |= field.number == 7 && field.type == MFACE_WIRE_BYTES;
        if (!has_ir)
            break;
    }
    if (!has_ir)
        return mface_fail(MFACE_ERR_FORMAT, "%s: not an ONNX file", reader->name);
    if (result == MFACE_WIRE_BAD)
        return mface_proto_bad(reader, "model");
    if (result == MFACE_WIRE_SHORT || !has_graph)
        return mface_fail(
            MFACE_ERR_FORMAT, "%s: truncated ONNX file (%zu bytes)", reader->name, size);
    return MFACE_OK;
}

struct model_parts {
    struct mface_proto_model model;
    struct mface_proto_graph *graphs;
    size_t n_graphs;
};

enum mface_status mface_proto_read_model(const char *name, const void *data, size_t size,
    struct mface_arena *arena, struct mface_proto_model *out)
{
    static const struct mface_proto_rule rules[] = {
        MFACE_RULE_INT(1, struct model_parts, model.ir_version),
        MFACE_RULE_STR(2, struct model_parts, model.producer),
        MFACE_RULE_CHILD(
            7, struct model_parts, graphs, n_graphs, sizeof(struct mface_proto_graph), read_graph),
        MFACE_RULE_CHILD(8, struct model_parts, model.opsets, model.n_opsets,
            sizeof(struct mface_proto_opset), read_opset),
    };
    const struct mface_proto_reader reader = { .name = name, .arena = arena };
    const struct mface_wire message = { data, (const uint8_t *)data + size };
    MFACE_TRY(check_outline(&reader, message));
    struct model_parts parts = { .model = { .producer = "" } };
    MFACE_TRY(mface_proto_read(&reader, "model", rules, MFACE_N_RULES(rules), message, &parts));
    *out = parts.model;
    out->graph = parts.graphs[0];
    return MFACE_OK;
}
