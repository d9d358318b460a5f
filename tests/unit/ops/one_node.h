/* Runs one operator on given tensors: writes a model of a single node, loads, compiles and runs it,
 * so that operators are tested through everything that surrounds them. */
#ifndef TESTS_UNIT_OPS_ONE_NODE_H
#define TESTS_UNIT_OPS_ONE_NODE_H

#include "onnx/onnx.h"

enum { NODE_INPUTS_MAX = 6, NODE_OUTPUTS_MAX = 4, NODE_ATTRS_MAX = 6, NODE_INTS_MAX = 8 };

enum attr_kind { ATTR_NONE, ATTR_INT, ATTR_FLOAT, ATTR_STRING, ATTR_INTS, ATTR_FLOATS };

struct attr {
    const char *name;
    enum attr_kind kind;
    int64_t i;
    float f;
    const char *s;
    int n;
    int64_t ints[NODE_INTS_MAX];
    float floats[NODE_INTS_MAX];
};

struct one_node {
    const char *op;
    int64_t opset;
    struct attr attrs[NODE_ATTRS_MAX];
    struct mface_tensor in[NODE_INPUTS_MAX]; // dtype NONE: an optional input left out
    int n_in, n_out;                         // n_out 0 means 1
    unsigned free_inputs;                    // bit i: input i is given at run time only
    int threads;                             // 0 means 1
};

/* Tensors over the caller's data; the shape follows, ended by -1. */
#define TENSOR(tag, values, ...)                                                                   \
    make_tensor(MFACE_DTYPE_##tag, (void *)(values), (const int64_t[]) { __VA_ARGS__, -1 })
#define SCALAR(tag, values)                                                                        \
    make_tensor(MFACE_DTYPE_##tag, (void *)(values), (const int64_t[]) { -1 })

struct mface_tensor make_tensor(enum mface_dtype dtype, void *data, const int64_t *dims);

/* Runs the node; out[i].data is to be freed with mface_mem_free() by outputs_free(). */
enum mface_status one_node_run(const struct one_node *node, struct mface_tensor *out);
void outputs_free(struct mface_tensor *out, int n);

/* Fails the test unless output 0 has the type, shape and values of `want`; floats may differ by
 * 1e-5 relative. */
void assert_node_gives(const struct one_node *node, struct mface_tensor want);

/* Fails the test unless compiling or running fails with that status. */
void assert_node_fails(const struct one_node *node, enum mface_status status);

#endif
