/* Reads ONNX's protobuf messages into plain structs.
 *
 * Nothing in a file is trusted: every length is checked against what encloses it, counts against
 * the bytes that would hold them, nesting is bounded. Strings are copied and terminated, typed
 * number lists are unpacked, raw tensor data stays where it is in the file. All structs live in
 * one arena and go with it.
 *
 * Source of field numbers: onnx.proto of ONNX 1.12 (IR version 8). */
#ifndef MFACE_ONNX_PROTO_H
#define MFACE_ONNX_PROTO_H

#include "onnx/onnx.h"

/* TensorProto. `data` is NULL for an empty tensor; else `bytes` long, not aligned. */
struct mface_proto_tensor {
    const char *name;
    enum mface_dtype dtype;
    struct mface_shape shape;
    const void *data;
    size_t bytes;
    int raw_type;  // TensorProto.DataType as in the file
    bool external; // data is in another file, which we refuse
};

enum mface_proto_attr_type { // AttributeProto.AttributeType
    MFACE_PROTO_ATTR_NONE = 0,
    MFACE_PROTO_ATTR_FLOAT = 1,
    MFACE_PROTO_ATTR_INT = 2,
    MFACE_PROTO_ATTR_STRING = 3,
    MFACE_PROTO_ATTR_TENSOR = 4,
    MFACE_PROTO_ATTR_FLOATS = 6,
    MFACE_PROTO_ATTR_INTS = 7,
};

struct mface_proto_attr {
    const char *name;
    int type; // other values of the enumeration are kept but their contents are not
    float f;
    int64_t i;
    const char *s;
    struct mface_proto_tensor *t;
    float *floats;
    int64_t *ints;
    size_t n_floats, n_ints;
};

struct mface_proto_node {
    const char *name, *op_type, *domain; // "" where unset; "ai.onnx" is normalised to ""
    const char **inputs, **outputs;      // "" for a missing optional one
    struct mface_proto_attr *attrs;
    size_t n_inputs, n_outputs, n_attrs;
};

struct mface_proto_graph {
    const char *name;
    struct mface_proto_node *nodes;
    struct mface_proto_tensor *initializers;
    struct mface_value_info *inputs, *outputs; // dtype NONE: not a tensor of a type we know
    size_t n_nodes, n_initializers, n_inputs, n_outputs;
};

struct mface_proto_opset {
    const char *domain; // "" for ai.onnx
    int64_t version;
};

struct mface_proto_model {
    int64_t ir_version;
    const char *producer;
    struct mface_proto_opset *opsets;
    size_t n_opsets;
    struct mface_proto_graph graph;
};

struct mface_arena; // see onnx/arena.h

/* Parses a ModelProto. `name` stands for the file in messages. Data in the result points into
 * `data` and `arena`. MFACE_OK, MFACE_ERR_FORMAT, MFACE_ERR_UNSUPPORTED, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_proto_read_model(const char *name, const void *data,
    size_t size, struct mface_arena *arena, struct mface_proto_model *out);

/* Parses a lone TensorProto, as the .pb files of test data are. The caller owns out->data
 * (aligned; mface_mem_free()). MFACE_OK, MFACE_ERR_FORMAT, MFACE_ERR_UNSUPPORTED (element type),
 * MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_proto_read_tensor(
    const char *name, const void *data, size_t size, struct mface_tensor *out);

#endif
