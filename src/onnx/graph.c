/* Resolves a parsed model: one pass over the nodes in file order, with a hash map from names to
 * values. ONNX demands that order to be topological and each name to be made once, so an input
 * that is not in the map yet, or an output that already is, is a malformed file. */
#include "onnx/graph.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include <string.h>

/* Open addressing, at most half full. */
struct name_map {
    int *slots; // value index + 1; 0 is empty
    size_t mask;
};

struct builder {
    struct mface_onnx *onnx;
    struct name_map map;
};

static int *find_slot(const struct builder *b, const char *name)
{
    size_t at = mface_key_from_bytes(name, strlen(name)).lo & b->map.mask;
    while (b->map.slots[at] && strcmp(b->onnx->values[b->map.slots[at] - 1].name, name) != 0)
        at = (at + 1) & b->map.mask;
    return &b->map.slots[at];
}

static int find_value(const struct builder *b, const char *name)
{
    return *find_slot(b, name) - 1;
}

static struct mface_value *add_value(struct builder *b, const char *name)
{
    int *slot = find_slot(b, name);
    if (*slot)
        return NULL;
    struct mface_value *value = &b->onnx->values[b->onnx->n_values++];
    *value = (struct mface_value) { .name = name, .input = -1, .node = -1 };
    *slot = (int)b->onnx->n_values;
    return value;
}

static enum mface_status fail_duplicate(const struct builder *b, const char *name)
{
    return mface_fail(MFACE_ERR_FORMAT, "%s: '%s' is defined twice", b->onnx->name, name);
}

static enum mface_status check_initializer(
    const struct mface_onnx *onnx, const struct mface_proto_tensor *tensor)
{
    if (tensor->external)
        return mface_fail(MFACE_ERR_UNSUPPORTED,
            "%s: weights of '%s' are in another file, which is not supported; export the model "
            "as one file",
            onnx->name, tensor->name);
    if (tensor->dtype == MFACE_DTYPE_NONE)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: weights of '%s' have unsupported type %d",
            onnx->name, tensor->name, tensor->raw_type);
    return MFACE_OK;
}

static enum mface_status add_initializers(struct builder *b)
{
    const struct mface_proto_graph *graph = &b->onnx->model.graph;
    for (size_t i = 0; i < graph->n_initializers; i++) {
        const struct mface_proto_tensor *tensor = &graph->initializers[i];
        MFACE_TRY(check_initializer(b->onnx, tensor));
        struct mface_value *value = add_value(b, tensor->name);
        if (!value)
            return fail_duplicate(b, tensor->name);
        value->initializer = tensor;
    }
    return MFACE_OK;
}

/* Files of IR version 3 and before list initialisers among the inputs; those are no inputs to us.
 */
static enum mface_status add_inputs(struct builder *b)
{
    struct mface_onnx *onnx = b->onnx;
    const struct mface_proto_graph *graph = &onnx->model.graph;
    for (size_t i = 0; i < graph->n_inputs; i++) {
        const struct mface_value_info *info = &graph->inputs[i];
        const int known = find_value(b, info->name);
        if (known >= 0 && onnx->values[known].initializer)
            continue;
        if (known >= 0)
            return fail_duplicate(b, info->name);
        if (info->dtype == MFACE_DTYPE_NONE)
            return mface_fail(MFACE_ERR_UNSUPPORTED,
                "%s: input '%s' has a type other than tensors of known numbers", onnx->name,
                info->name);
        struct mface_value *value = add_value(b, info->name);
        value->input = (int)onnx->n_inputs;
        onnx->input_values[onnx->n_inputs] = (int)(value - onnx->values);
        onnx->inputs[onnx->n_inputs++] = *info;
    }
    return MFACE_OK;
}

static int64_t domain_opset(const struct mface_onnx *onnx, const char *domain)
{
    for (size_t i = 0; i < onnx->model.n_opsets; i++)
        if (strcmp(onnx->model.opsets[i].domain, domain) == 0)
            return onnx->model.opsets[i].version;
    return 1; // files of IR version 2 and before import nothing and mean the first set
}

static enum mface_status fail_node(
    const struct mface_onnx *onnx, const struct mface_proto_node *node, const char *what)
{
    return mface_fail(MFACE_ERR_FORMAT, "%s: operator '%s' (node '%s'): %s", onnx->name,
        node->op_type, node->name, what);
}

static enum mface_status find_op(const struct mface_onnx *onnx, struct mface_node *node)
{
    const struct mface_proto_node *proto = node->proto;
    node->opset = domain_opset(onnx, proto->domain);
    node->op = mface_op_find(proto->domain, proto->op_type, node->opset);
    if (node->op)
        return MFACE_OK;
    const char *dot = proto->domain[0] ? "." : "";
    return mface_fail(MFACE_ERR_UNSUPPORTED,
        "%s: operator '%s%s%s' (node '%s') of opset %lld is not supported", onnx->name,
        proto->domain, dot, proto->op_type, proto->name, (long long)node->opset);
}

static enum mface_status check_arity(const struct mface_onnx *onnx, const struct mface_node *node)
{
    const struct mface_op *op = node->op;
    if (node->n_in > op->in_max)
        return fail_node(onnx, node->proto, "too many inputs");
    for (int i = 0; i < op->in_min; i++)
        if (i >= node->n_in || node->in[i] < 0)
            return fail_node(onnx, node->proto, "an input is missing");
    if (node->n_out < 1 || node->n_out > (op->out_max ? op->out_max : 1))
        return fail_node(onnx, node->proto, "wrong number of outputs");
    return MFACE_OK;
}

static enum mface_status resolve_inputs(struct builder *b, struct mface_node *node)
{
    const struct mface_proto_node *proto = node->proto;
    for (int i = 0; i < node->n_in; i++) {
        node->in[i] = proto->inputs[i][0] ? find_value(b, proto->inputs[i]) : -1;
        if (proto->inputs[i][0] && node->in[i] < 0)
            return mface_fail(MFACE_ERR_FORMAT,
                "%s: operator '%s' (node '%s'): input '%s' is not made by anything before it",
                b->onnx->name, proto->op_type, proto->name, proto->inputs[i]);
    }
    return MFACE_OK;
}

static enum mface_status define_outputs(struct builder *b, struct mface_node *node)
{
    for (int i = 0; i < node->n_out; i++) {
        node->out[i] = -1;
        const char *name = node->proto->outputs[i];
        if (!name[0])
            continue;
        struct mface_value *value = add_value(b, name);
        if (!value)
            return fail_duplicate(b, name);
        value->node = (int)(node - b->onnx->nodes);
        node->out[i] = (int)(value - b->onnx->values);
    }
    return MFACE_OK;
}

static enum mface_status add_node(struct builder *b, const struct mface_proto_node *proto)
{
    struct mface_onnx *onnx = b->onnx;
    struct mface_node *node = &onnx->nodes[onnx->n_nodes++];
    node->proto = proto;
    node->n_in = (int)proto->n_inputs;
    node->n_out = (int)proto->n_outputs;
    node->in = mface_arena_calloc(&onnx->arena, proto->n_inputs, sizeof *node->in);
    node->out = mface_arena_calloc(&onnx->arena, proto->n_outputs, sizeof *node->out);
    if (!node->in || !node->out)
        return mface_fail_nomem(onnx->name);
    MFACE_TRY(find_op(onnx, node));
    MFACE_TRY(resolve_inputs(b, node));
    MFACE_TRY(check_arity(onnx, node));
    return define_outputs(b, node);
}

static enum mface_status resolve_outputs(struct builder *b)
{
    const struct mface_proto_graph *graph = &b->onnx->model.graph;
    for (size_t i = 0; i < graph->n_outputs; i++) {
        const int value = find_value(b, graph->outputs[i].name);
        if (value < 0)
            return mface_fail(MFACE_ERR_FORMAT, "%s: nothing makes output '%s'", b->onnx->name,
                graph->outputs[i].name);
        b->onnx->output_values[i] = value;
    }
    return MFACE_OK;
}

/* More values than this could not be indexed by an int with room to spare. */
enum { VALUES_MAX = 1 << 28 };

static size_t count_values(const struct mface_proto_graph *graph)
{
    size_t n = graph->n_initializers + graph->n_inputs;
    for (size_t i = 0; i < graph->n_nodes; i++)
        n += graph->nodes[i].n_outputs;
    return n;
}

static enum mface_status alloc_parts(struct builder *b)
{
    struct mface_onnx *onnx = b->onnx;
    const struct mface_proto_graph *graph = &onnx->model.graph;
    const size_t n_values = count_values(graph);
    if (n_values > VALUES_MAX)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: too many values", onnx->name);
    size_t n_slots = 16;
    while (n_slots < 2 * n_values)
        n_slots *= 2;
    struct mface_arena *arena = &onnx->arena;
    b->map.mask = n_slots - 1;
    b->map.slots = mface_mem_calloc(n_slots, sizeof *b->map.slots);
    onnx->values = mface_arena_calloc(arena, n_values, sizeof *onnx->values);
    onnx->nodes = mface_arena_calloc(arena, graph->n_nodes, sizeof *onnx->nodes);
    onnx->inputs = mface_arena_calloc(arena, graph->n_inputs, sizeof *onnx->inputs);
    onnx->input_values = mface_arena_calloc(arena, graph->n_inputs, sizeof(int));
    onnx->output_values = mface_arena_calloc(arena, graph->n_outputs, sizeof(int));
    if (b->map.slots && onnx->values && onnx->nodes && onnx->inputs && onnx->input_values &&
        onnx->output_values)
        return MFACE_OK;
    return mface_fail_nomem(onnx->name);
}

static enum mface_status build(struct builder *b)
{
    const struct mface_proto_graph *graph = &b->onnx->model.graph;
    MFACE_TRY(alloc_parts(b));
    MFACE_TRY(add_initializers(b));
    MFACE_TRY(add_inputs(b));
    for (size_t i = 0; i < graph->n_nodes; i++)
        MFACE_TRY(add_node(b, &graph->nodes[i]));
    return resolve_outputs(b);
}

enum mface_status mface_graph_build(struct mface_onnx *onnx)
{
    struct builder b = { .onnx = onnx };
    const enum mface_status status = build(&b);
    mface_mem_free(b.map.slots);
    return status;
}
