/* Builds small ONNX files in memory, field by field, so that the tests need no other writer. */
#ifndef TESTS_UNIT_ONNX_BUILD_H
#define TESTS_UNIT_ONNX_BUILD_H

#include <stddef.h>
#include <stdint.h>

/* Growing bytes; zero-initialised is empty. Aborts when memory runs out. */
struct bytes {
    uint8_t *data;
    size_t n, capacity;
};

void bytes_clear(struct bytes *bytes);

void put_int(struct bytes *to, int field, int64_t value);
void put_float(struct bytes *to, int field, float value);
void put_data(struct bytes *to, int field, const void *data, size_t n);
void put_text(struct bytes *to, int field, const char *text);
void put_message(struct bytes *to, int field, struct bytes *message); // and clears it

/* GraphProto parts. Names are separated by spaces, "-" stands for a missing one. `attrs`: bytes of
 * NodeProto.attribute fields, cleared; or NULL. Dimensions end with the given rank; -1 is free. */
void graph_node(
    struct bytes *graph, const char *op, const char *in, const char *out, struct bytes *attrs);
void graph_floats(
    struct bytes *graph, const char *name, const float *values, const int64_t *dims, int rank);
void graph_ints(struct bytes *graph, const char *name, const int64_t *values, int n);
void graph_input(struct bytes *graph, const char *name, const int64_t *dims, int rank);
void graph_output(struct bytes *graph, const char *name);

void attr_int(struct bytes *attrs, const char *name, int64_t value);
void attr_float(struct bytes *attrs, const char *name, float value);
void attr_ints(struct bytes *attrs, const char *name, const int64_t *values, int n);
void attr_text(struct bytes *attrs, const char *name, const char *value);

/* A ModelProto around the graph, which is cleared. */
void finish_model(struct bytes *model, struct bytes *graph, int ir_version, int opset);

/* Numbers in [-1, 1) from a fixed sequence. */
void fill_random(float *values, size_t n, uint32_t seed);

/* A network of the kind DFM models are: Pad, Conv, bias, LeakyRelu, a residual block, DepthToSpace,
 * a dense layer, Sigmoid. Input "x" is batch×4×side×side, free in the batch; outputs "y", "z". */
void build_network(struct bytes *model, int channels, int side);

#endif
