/* The parsed graph: names resolved to indices, operators found, order checked. Immutable once
 * loaded, shared by every plan. */
#ifndef MFACE_ONNX_GRAPH_H
#define MFACE_ONNX_GRAPH_H

#include "onnx/arena.h"
#include "onnx/op.h"
#include "onnx/proto.h"

/* A named tensor: a graph input, an initialiser or the output of a node. */
struct mface_value {
    const char *name;
    const struct mface_proto_tensor *initializer; // or NULL
    int input;                                    // index among the model's inputs, or -1
    int node;                                     // that produces it, or -1
};

struct mface_node {
    const struct mface_proto_node *proto;
    const struct mface_op *op;
    int64_t opset; // of the operator's domain
    int *in, *out; // value indices; -1 for a missing optional one
    int n_in, n_out;
};

struct mface_onnx {
    char *name; // for messages: the path
    const void *data;
    size_t size;
    bool mapped;       // data is a mapping of a file
    bool owns_mapping; // and ours to unmap
    struct mface_arena arena;
    struct mface_proto_model model;
    struct mface_value *values;
    struct mface_node *nodes; // in an order in which every input is made before it is used
    struct mface_value_info *inputs;
    int *output_values; // value index per graph output
    int *input_values;  // value index per model input
    size_t n_values, n_nodes, n_inputs;
};

/* Fills in everything from `values` on, from onnx->model. */
MFACE_NODISCARD enum mface_status mface_graph_build(struct mface_onnx *onnx);

/* Tells the system that these bytes of the file, just copied, need not stay in memory, up to the
 * page they end in; they are read from the file again if asked for. Copied from front to back, in
 * pieces of any size, a tensor leaves one page. Does nothing for data outside a mapped file. */
void mface_onnx_forget_pages(const struct mface_onnx *onnx, const void *data, size_t bytes);

#endif
