#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_raw(struct bytes *to, const void *data, size_t n)
{
    if (to->n + n > to->capacity) {
        to->capacity = 2 * (to->n + n);
        to->data = realloc(to->data, to->capacity);
        if (!to->data)
            abort();
    }
    if (n)
        memcpy(to->data + to->n, data, n);
    to->n += n;
}

void bytes_clear(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes) { 0 };
}

static void put_varint(struct bytes *to, uint64_t value)
{
    do {
        const uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put_raw(to, &byte, 1);
        value >>= 7;
    } while (value);
}

void put_int(struct bytes *to, int field, int64_t value)
{
    put_varint(to, (uint64_t)field << 3);
    put_varint(to, (uint64_t)value);
}

void put_float(struct bytes *to, int field, float value)
{
    put_varint(to, (uint64_t)field << 3 | 5);
    put_raw(to, &value, sizeof value);
}

void put_data(struct bytes *to, int field, const void *data, size_t n)
{
    put_varint(to, (uint64_t)field << 3 | 2);
    put_varint(to, n);
    put_raw(to, data, n);
}

void put_text(struct bytes *to, int field, const char *text)
{
    put_data(to, field, text, strlen(text));
}

void put_message(struct bytes *to, int field, struct bytes *message)
{
    put_data(to, field, message->data, message->n);
    bytes_clear(message);
}

static void put_names(struct bytes *node, int field, const char *names)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        put_text(node, field, strcmp(name, "-") == 0 ? "" : name);
}

void graph_node(
    struct bytes *graph, const char *op, const char *in, const char *out, struct bytes *attrs)
{
    struct bytes node = { 0 };
    char name[64];
    snprintf(name, sizeof name, "node_%.40s", out);
    put_names(&node, 1, in);
    put_names(&node, 2, out);
    put_text(&node, 3, name);
    put_text(&node, 4, op);
    if (attrs) {
        put_raw(&node, attrs->data, attrs->n);
        bytes_clear(attrs);
    }
    put_message(graph, 1, &node);
}

static size_t put_dims(struct bytes *tensor, const int64_t *dims, int rank)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        put_int(tensor, 1, dims[i]);
        count *= (size_t)dims[i];
    }
    return count;
}

void graph_floats(
    struct bytes *graph, const char *name, const float *values, const int64_t *dims, int rank)
{
    struct bytes tensor = { 0 };
    const size_t count = put_dims(&tensor, dims, rank);
    put_int(&tensor, 2, 1);
    put_text(&tensor, 8, name);
    put_data(&tensor, 9, values, count * sizeof *values);
    put_message(graph, 5, &tensor);
}

void graph_ints(struct bytes *graph, const char *name, const int64_t *values, int n)
{
    struct bytes tensor = { 0 };
    put_int(&tensor, 1, n);
    put_int(&tensor, 2, 7);
    for (int i = 0; i < n; i++) // typed data, not packed
        put_int(&tensor, 7, values[i]);
    put_text(&tensor, 8, name);
    put_message(graph, 5, &tensor);
}

void graph_input(struct bytes *graph, const char *name, const int64_t *dims, int rank)
{
    struct bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };
    for (int i = 0; i < rank; i++) {
        struct bytes dim = { 0 };
        if (dims[i] >= 0)
            put_int(&dim, 1, dims[i]);
        else
            put_text(&dim, 2, "free");
        put_message(&shape, 1, &dim);
    }
    put_int(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&value, 1, name);
    put_message(&value, 2, &type);
    put_message(graph, 11, &value);
}

void graph_output(struct bytes *graph, const char *name)
{
    struct bytes value = { 0 };
    put_text(&value, 1, name);
    put_message(graph, 12, &value);
}

void attr_int(struct bytes *attrs, const char *name, int64_t value)
{
    struct bytes attr = { 0 };
    put_text(&attr, 1, name);
    put_int(&attr, 3, value);
    put_int(&attr, 20, 2);
    put_message(attrs, 5, &attr);
}

void attr_float(struct bytes *attrs, const char *name, float value)
{
    struct bytes attr = { 0 };
    put_text(&attr, 1, name);
    put_float(&attr, 2, value);
    put_int(&attr, 20, 1);
    put_message(attrs, 5, &attr);
}

void attr_ints(struct bytes *attrs, const char *name, const int64_t *values, int n)
{
    struct bytes attr = { 0 };
    put_text(&attr, 1, name);
    for (int i = 0; i < n; i++)
        put_int(&attr, 8, values[i]);
    put_int(&attr, 20, 7);
    put_message(attrs, 5, &attr);
}

void attr_text(struct bytes *attrs, const char *name, const char *value)
{
    struct bytes attr = { 0 };
    put_text(&attr, 1, name);
    put_text(&attr, 4, value);
    put_int(&attr, 20, 3);
    put_message(attrs, 5, &attr);
}

void finish_model(struct bytes *model, struct bytes *graph, int ir_version, int opset)
{
    struct bytes import = { 0 };
    put_int(model, 1, ir_version);
    put_text(model, 2, "memoface tests");
    put_message(model, 7, graph);
    put_int(&import, 2, opset);
    put_message(model, 8, &import);
}

void fill_random(float *values, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
    }
}

static void add_weights(
    struct bytes *graph, const char *name, const int64_t *dims, int rank, float scale)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    float *values = malloc(count * sizeof *values);
    if (!values)
        abort();
    fill_random(values, count, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        values[i] *= scale;
    graph_floats(graph, name, values, dims, rank);
    free(values);
}

/* Pad, Conv 3×3, Add of a bias, LeakyRelu: `out` from `in`, both `c` channels but for the first. */
static void add_block(struct bytes *graph, const char *in, const char *out, int ci, int co)
{
    char weights[32], bias[32], padded[32], conv[32], sum[32], args[96];
    struct bytes attrs = { 0 };
    snprintf(weights, sizeof weights, "%s_w", out);
    snprintf(bias, sizeof bias, "%s_b", out);
    snprintf(padded, sizeof padded, "%s_pad", out);
    snprintf(conv, sizeof conv, "%s_conv", out);
    snprintf(sum, sizeof sum, "%s_sum", out);
    add_weights(graph, weights, (const int64_t[]) { co, ci, 3, 3 }, 4, 0.2f);
    add_weights(graph, bias, (const int64_t[]) { 1, co, 1, 1 }, 4, 0.1f);
    snprintf(args, sizeof args, "%s pads", in);
    graph_node(graph, "Pad", args, padded, NULL);
    snprintf(args, sizeof args, "%s %s", padded, weights);
    graph_node(graph, "Conv", args, conv, NULL);
    snprintf(args, sizeof args, "%s %s", conv, bias);
    graph_node(graph, "Add", args, sum, NULL);
    attr_float(&attrs, "alpha", 0.2f);
    graph_node(graph, "LeakyRelu", sum, out, &attrs);
}

void build_network(struct bytes *model, int channels, int side)
{
    struct bytes graph = { 0 }, attrs = { 0 };
    const int64_t flat = (int64_t)channels * side * side;
    graph_input(&graph, "x", (const int64_t[]) { -1, 4, side, side }, 4);
    graph_ints(&graph, "pads", (const int64_t[]) { 0, 0, 1, 1, 0, 0, 1, 1 }, 8);
    graph_ints(&graph, "flat", (const int64_t[]) { -1, flat }, 2);
    add_weights(&graph, "dense", (const int64_t[]) { flat, 40 }, 2, 0.01f);
    add_block(&graph, "x", "a", 4, channels);
    add_block(&graph, "a", "b", channels, channels);
    graph_node(&graph, "Add", "a b", "r", NULL);
    attr_int(&attrs, "blocksize", 2);
    graph_node(&graph, "DepthToSpace", "r", "up", &attrs);
    graph_node(&graph, "Sigmoid", "up", "y", NULL);
    graph_node(&graph, "Reshape", "r flat", "line", NULL);
    graph_node(&graph, "MatMul", "line dense", "z", NULL);
    graph_output(&graph, "y");
    graph_output(&graph, "z");
    finish_model(model, &graph, 7, 12);
}
