/* ModelProto down to attributes. Each message is walked twice: once checking it and counting its
 * repeated parts, once filling arrays of exactly that size. Subgraphs are never entered, so the
 * nesting is that of this file. */
#include "onnx/proto_internal.h"

#include "base/log.h"
#include <string.h>

enum mface_status mface_proto_bad(const struct mface_proto_reader *reader, const char *what)
{
    return mface_fail(MFACE_ERR_FORMAT, "%s: malformed %s", reader->name, what);
}

enum mface_status mface_proto_nomem(const struct mface_proto_reader *reader)
{
    return mface_fail_nomem(reader->name);
}

enum mface_status mface_proto_next(const struct mface_proto_reader *reader, const char *what,
    struct mface_wire *message, struct mface_wire_field *field, bool *more)
{
    const enum mface_wire_result result = mface_wire_next(message, field);
    *more = result == MFACE_WIRE_FIELD;
    return result <= MFACE_WIRE_END ? MFACE_OK : mface_proto_bad(reader, what);
}

enum mface_status mface_proto_str(
    const struct mface_proto_reader *reader, const struct mface_wire_field *field, const char **out)
{
    const size_t size = mface_wire_left(&field->bytes);
    char *text = mface_arena_calloc(reader->arena, size + 1, 1);
    if (!text)
        return mface_proto_nomem(reader);
    memcpy(text, field->bytes.pos, size);
    *out = text;
    return MFACE_OK;
}

/* One field a message may have: how to read it, and where to. A message is described by a table of
 * these, so that walking it is one function. */
struct field_rule {
    uint32_t number;
    enum mface_wire_type type;
    enum { STR, INT, F32, CHILD } kind;
    size_t offset; // of the member: const char *, int64_t, float, or an array of children
    /* CHILD: where the count goes, size of one child, and its reader. */
    size_t count_offset, child_bytes;
    enum mface_status (*read)(
        const struct mface_proto_reader *reader, struct mface_wire message, void *out);
};

#define RULE_STR(n, type_, member)                                                                 \
    {                                                                                              \
        n, MFACE_WIRE_BYTES, STR, offsetof(type_, member)                                          \
    }
#define RULE_INT(n, type_, member)                                                                 \
    {                                                                                              \
        n, MFACE_WIRE_VARINT, INT, offsetof(type_, member)                                         \
    }
#define RULE_F32(n, type_, member)                                                                 \
    {                                                                                              \
        n, MFACE_WIRE_I32, F32, offsetof(type_, member)                                            \
    }
#define RULE_CHILD(n, type_, member, count, bytes, read)                                           \
    {                                                                                              \
        n, MFACE_WIRE_BYTES, CHILD, offsetof(type_, member), offsetof(type_, count), bytes, read   \
    }
#define N_RULES(rules) (sizeof(rules) / sizeof(rules)[0])

static enum mface_status apply_rule(const struct mface_proto_reader *reader,
    const struct field_rule *rule, const struct mface_wire_field *field, char *out)
{
    if (field->type != rule->type)
        return MFACE_OK; // as unknown fields: skipped
    char *const member = out + rule->offset;
    switch (rule->kind) {
    case STR:
        return mface_proto_str(reader, field, (const char **)(void *)member);
    case INT:
        memcpy(member, &field->value, sizeof(int64_t));
        return MFACE_OK;
    case F32:
        memcpy(member, &field->value, sizeof(float));
        return MFACE_OK;
    case CHILD:
        break;
    }
    size_t *const n = (size_t *)(void *)(out + rule->count_offset);
    char *const children = *(char **)(void *)member;
    return rule->read(reader, field->bytes, children + (*n)++ * rule->child_bytes);
}

static const struct field_rule *find_rule(
    const struct field_rule *rules, size_t n_rules, uint32_t number)
{
    for (size_t i = 0; i < n_rules; i++)
        if (rules[i].number == number)
            return &rules[i];
    return NULL;
}

static enum mface_status alloc_children(const struct mface_proto_reader *reader,
    const struct field_rule *rules, size_t n_rules, struct mface_wire message, char *out)
{
    for (size_t i = 0; i < n_rules; i++) {
        if (rules[i].kind != CHILD)
            continue;
        const size_t n = mface_wire_count(message, rules[i].number);
        void *children = mface_arena_calloc(reader->arena, n, rules[i].child_bytes);
        if (!children)
            return mface_proto_nomem(reader);
        memcpy(out + rules[i].offset, &children, sizeof children);
    }
    return MFACE_OK;
}

static enum mface_status read_message(const struct mface_proto_reader *reader, const char *what,
    const struct field_rule *rules, size_t n_rules, struct mface_wire message, void *out)
{
    MFACE_TRY(alloc_children(reader, rules, n_rules, message, out));
    struct mface_wire_field field;
    bool more = true;
    while (more) {
        MFACE_TRY(mface_proto_next(reader, what, &message, &field, &more));
        const struct field_rule *rule = more ? find_rule(rules, n_rules, field.number) : NULL;
        if (rule)
            MFACE_TRY(apply_rule(reader, rule, &field, out));
    }
    return MFACE_OK;
}

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
    static const struct field_rule rules[] = {
        RULE_STR(1, struct attr_parts, attr.name),
        RULE_F32(2, struct attr_parts, attr.f),
        RULE_INT(3, struct attr_parts, attr.i),
        RULE_STR(4, struct attr_parts, attr.s),
        RULE_CHILD(5, struct attr_parts, attr.t, n_tensors, sizeof(struct mface_proto_tensor),
            read_tensor),
        RULE_INT(20, struct attr_parts, type),
    };
    struct attr_parts parts = { .attr = { .name = "", .s = "" } };
    struct mface_proto_attr *attr = &parts.attr;
    MFACE_TRY(read_message(reader, "attribute", rules, N_RULES(rules), message, &parts));
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
    static const struct field_rule rules[] = {
        RULE_CHILD(1, struct mface_proto_node, inputs, n_inputs, sizeof(char *), read_str),
        RULE_CHILD(2, struct mface_proto_node, outputs, n_outputs, sizeof(char *), read_str),
        RULE_STR(3, struct mface_proto_node, name),
        RULE_STR(4, struct mface_proto_node, op_type),
        RULE_CHILD(
            5, struct mface_proto_node, attrs, n_attrs, sizeof(struct mface_proto_attr), read_attr),
        RULE_STR(7, struct mface_proto_node, domain),
    };
    struct mface_proto_node *node = out;
    node->name = node->op_type = node->domain = "";
    MFACE_TRY(read_message(reader, "node", rules, N_RULES(rules), message, node));
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
    static const struct field_rule rules[] = {
        RULE_INT(1, struct dim_parts, value),
    };
    struct dim_parts parts = { .value = -1 };
    MFACE_TRY(read_message(reader, "dimension", rules, N_RULES(rules), message, &parts));
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
    static const struct field_rule rules[] = {
        RULE_CHILD(1, struct dims_parts, dims, n_dims, sizeof(int64_t), read_dim),
    };
    return read_message(reader, "shape", rules, N_RULES(rules), message, out);
}

struct type_parts {
    int64_t elem_type;
    struct dims_parts *shapes;
    size_t n_shapes;
};

static enum mface_status read_tensor_type(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct field_rule rules[] = {
        RULE_INT(1, struct type_parts, elem_type),
        RULE_CHILD(2, struct type_parts, shapes, n_shapes, sizeof(struct dims_parts), read_dims),
    };
    return read_message(reader, "tensor type", rules, N_RULES(rules), message, out);
}

struct type_list {
    struct type_parts *tensor_types;
    size_t n_tensor_types;
};

static enum mface_status read_type(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct field_rule rules[] = {
        RULE_CHILD(1, struct type_list, tensor_types, n_tensor_types, sizeof(struct type_parts),
            read_tensor_type),
    };
    return read_message(reader, "type", rules, N_RULES(rules), message, out);
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
    static const struct field_rule rules[] = {
        RULE_STR(1, struct value_parts, name),
        RULE_CHILD(2, struct value_parts, types, n_types, sizeof(struct type_list), read_type),
    };
    struct value_parts parts = { .name = "" };
    MFACE_TRY(read_message(reader, "value", rules, N_RULES(rules), message, &parts));
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
    static const struct field_rule rules[] = {
        RULE_CHILD(1, struct mface_proto_graph, nodes, n_nodes, sizeof(struct mface_proto_node),
            read_node),
        RULE_STR(2, struct mface_proto_graph, name),
        RULE_CHILD(5, struct mface_proto_graph, initializers, n_initializers,
            sizeof(struct mface_proto_tensor), read_tensor),
        RULE_CHILD(11, struct mface_proto_graph, inputs, n_inputs, sizeof(struct mface_value_info),
            read_value),
        RULE_CHILD(12, struct mface_proto_graph, outputs, n_outputs,
            sizeof(struct mface_value_info), read_value),
    };
    ((struct mface_proto_graph *)out)->name = "";
    return read_message(reader, "graph", rules, N_RULES(rules), message, out);
}

static enum mface_status read_opset(
    const struct mface_proto_reader *reader, struct mface_wire message, void *out)
{
    static const struct field_rule rules[] = {
        RULE_STR(1, struct mface_proto_opset, domain),
        RULE_INT(2, struct mface_proto_opset, version),
    };
    struct mface_proto_opset *opset = out;
    opset->domain = "";
    MFACE_TRY(read_message(reader, "opset import", rules, N_RULES(rules), message, opset));
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
    static const struct field_rule rules[] = {
        RULE_INT(1, struct model_parts, model.ir_version),
        RULE_STR(2, struct model_parts, model.producer),
        RULE_CHILD(
            7, struct model_parts, graphs, n_graphs, sizeof(struct mface_proto_graph), read_graph),
        RULE_CHILD(8, struct model_parts, model.opsets, model.n_opsets,
            sizeof(struct mface_proto_opset), read_opset),
    };
    const struct mface_proto_reader reader = { .name = name, .arena = arena };
    const struct mface_wire message = { data, (const uint8_t *)data + size };
    MFACE_TRY(check_outline(&reader, message));
    struct model_parts parts = { .model = { .producer = "" } };
    MFACE_TRY(read_message(&reader, "model", rules, N_RULES(rules), message, &parts));
    *out = parts.model;
    out->graph = parts.graphs[0];
    return MFACE_OK;
}
