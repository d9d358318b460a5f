/* Writes small ONNX files for tests: just enough protobuf, built bottom-up.
 *
 * Field numbers are those of onnx.proto3. A message is a buffer; embedding copies it into its
 * parent behind its length. */
#ifndef MFACE_TEST_ONNX_BYTES_H
#define MFACE_TEST_ONNX_BYTES_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct message {
    size_t n;
    uint8_t bytes[4096];
};

static inline void put_bytes(struct message *m, const void *bytes, size_t n)
{
    assert(m->n + n <= sizeof m->bytes);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static inline void put_varint(struct message *m, uint64_t value)
{
    for (; value >= 128; value >>= 7)
        put_bytes(m, &(uint8_t) { (uint8_t)(value | 128) }, 1);
    put_bytes(m, &(uint8_t) { (uint8_t)value }, 1);
}

static inline void add_int(struct message *m, unsigned field, uint64_t value)
{
    put_varint(m, field << 3);
    put_varint(m, value);
}

static inline void add_blob(struct message *m, unsigned field, const void *bytes, size_t n)
{
    put_varint(m, field << 3 | 2);
    put_varint(m, n);
    put_bytes(m, bytes, n);
}

static inline void add_text(struct message *m, unsigned field, const char *text)
{
    add_blob(m, field, text, strlen(text));
}

static inline void add_message(struct message *m, unsigned field, const struct message *part)
{
    add_blob(m, field, part->bytes, part->n);
}

enum { ONNX_FLOAT = 1, ONNX_INT64 = 7 };

/* A graph input (field 11) or output (12). A dim of -1 is left open by name. */
static inline void add_value(struct message *graph, unsigned field, const char *name,
    unsigned elem_type, const int64_t *dims, int rank)
{
    struct message shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };
    for (int i = 0; i < rank; i++) {
        struct message dim = { 0 };
        if (dims[i] >= 0)
            add_int(&dim, 1, (uint64_t)dims[i]);
        else
            add_text(&dim, 2, "unk__1");
        add_message(&shape, 1, &dim);
    }
    add_int(&tensor, 1, elem_type);
    add_message(&tensor, 2, &shape);
    add_message(&type, 1, &tensor);
    add_text(&value, 1, name);
    add_message(&value, 2, &type);
    add_message(graph, field, &value);
}

static inline void add_tensor(struct message *graph, const char *name, unsigned elem_type,
    const void *values, size_t value_size, const int64_t *dims, int rank)
{
    struct message tensor = { 0 };
    size_t n = 1;
    for (int i = 0; i < rank; i++) {
        add_int(&tensor, 1, (uint64_t)dims[i]);
        n *= (size_t)dims[i];
    }
    add_int(&tensor, 2, elem_type);
    add_text(&tensor, 8, name);
    add_blob(&tensor, 9, values, n * value_size);
    add_message(graph, 5, &tensor);
}

static inline void add_weights(
    struct message *graph, const char *name, const float *values, const int64_t *dims, int rank)
{
    add_tensor(graph, name, ONNX_FLOAT, values, sizeof *values, dims, rank);
}

static inline void add_node(
    struct message *graph, const char *op, const char *a, const char *b, const char *out)
{
    struct message node = { 0 };
    add_text(&node, 1, a);
    if (b)
        add_text(&node, 1, b);
    add_text(&node, 2, out);
    add_text(&node, 3, out);
    add_text(&node, 4, op);
    add_message(graph, 1, &node);
}

/* The file around a graph. */
static inline struct message finish_model(const struct message *graph)
{
    struct message model = { 0 }, opset = { 0 };
    add_text(&opset, 1, "");
    add_int(&opset, 2, 12);
    add_int(&model, 1, 6);
    add_text(&model, 2, "test");
    add_message(&model, 7, graph);
    add_message(&model, 8, &opset);
    return model;
}

#endif
