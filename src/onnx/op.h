/* The operator interface: what a file in src/onnx/ops/ implements, and what the core gives it.
 *
 * An operator is one descriptor (struct mface_op) listed in ops/registry.c. When a plan is made,
 * the core walks the graph in order and makes one step per node:
 *
 *   infer    types and shapes of the inputs are known, and the data of constant ones; sets type
 *            and shape of every output. Called once per plan.
 *   prepare  optional; all shapes are final. Reads attributes, checks what it does not support,
 *            builds whatever runs need into `state`, states scratch bytes and flops.
 *   run      computes outputs from inputs; many threads may run one step at once, each with its
 *            own tensors and scratch; allocates nothing; must not touch the step.
 *   release  optional; frees what prepare acquired besides mface_op_state() memory. Called once
 *            after a prepare that was called, also when it failed half way.
 *
 * A node whose inputs are all constant is inferred, prepared and run once while the plan is made
 * and its outputs become constants, so operators never fold anything themselves: they only insist
 * on a constant where their shape depends on data (mface_op_const_ints()).
 *
 * Every tensor is dense, row-major, aligned to MFACE_ALIGN unless it belongs to the caller of a
 * run, or is one picture of a batch (then to its element). Dimensions may be 0; run is skipped when
 * every output is empty. */
#ifndef MFACE_ONNX_OP_H
#define MFACE_ONNX_OP_H

#include "base/log.h"
#include "onnx/constant.h"
#include "onnx/fusion.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

struct mface_node; // a node of the parsed graph
struct mface_step;

/* The memory of one run of a step. */
struct mface_op_args {
    const struct mface_tensor *in;  // as step->in, every present one with data
    const struct mface_tensor *out; // as step->out; `data` NULL where the result is not wanted
    void *scratch;                  // step->scratch_bytes, aligned to MFACE_ALIGN; contents random
};

enum mface_op_flag {
    /* Output 0 has the bytes of input 0 under another shape (Reshape). The core makes it an alias,
     * or copies where it must; run is NULL. */
    MFACE_OP_VIEW = 1 << 0,
    /* run tolerates output 0 in the memory of any input of the same shape and element size, as
     * elementwise operators do that read an element before they write it. */
    MFACE_OP_IN_PLACE = 1 << 1,
    /* Never folded, though its inputs are constant (random numbers). */
    MFACE_OP_NO_FOLD = 1 << 2,
    /* The result depends on types and shapes of the inputs alone, never on their data (Shape): run
     * is called once, at plan time, and args->in may have no data. */
    MFACE_OP_SHAPE_ONLY = 1 << 3,
    /* Each element of output 0 depends on the elements of the inputs at its own place alone, found
     * by broadcasting, so that all of them may have their dimensions permuted alike. */
    MFACE_OP_POINTWISE = 1 << 4,
    /* Of a constant input 1 prepare reads nothing but what mface_op_packable() says: it may lie in
     * the model file still, in the file's type, whatever its tensor says. Where in_unused does not
     * name it, the core copies it out afterwards. */
    MFACE_OP_PACKS = 1 << 5,
};

enum { MFACE_OP_VARIADIC = 1 << 20 };

struct mface_op {
    const char *name;   // "Relu"
    const char *domain; // NULL: ai.onnx
    int opset_min;      // first and last operator set this descriptor implements;
    int opset_max;      // 0: no bound. Two descriptors may share a name with disjoint ranges.
    int in_min, in_max; // inputs: the first in_min are present; MFACE_OP_VARIADIC: any number
    int out_max;        // outputs; 0 means 1. MFACE_OP_VARIADIC: any number
    unsigned flags;     // enum mface_op_flag
    enum mface_status (*infer)(struct mface_step *step);
    enum mface_status (*prepare)(struct mface_step *step);
    enum mface_status (*run)(const struct mface_step *step, const struct mface_op_args *args);
    void (*release)(struct mface_step *step);
};

/* One node being compiled. Operators read everything and write what is marked [infer] and
 * [prepare] in those calls. */
struct mface_step {
    const struct mface_op *op;
    const struct mface_node *node; // attributes; NULL in a step that a pass invented
    int64_t opset;                 // of the operator's domain, as the model imports it
    int threads;                   // a run may use this many; results must not depend on it
    /* Arrays padded to in_max and out_max, so that in[in_max - 1] may always be read. A missing
     * optional input has dtype MFACE_DTYPE_NONE. in[i].data is set where it is constant (in
     * infer, one of more than 64 KB may still lie in the file, unaligned: look, don't read). */
    int n_in, n_out; // as the node lists them, missing ones in between included
    struct mface_tensor *in;
    struct mface_tensor *out;   // [infer] dtype and shape; data is never set here
    struct mface_fusion fusion; // set by passes; Conv, pools and Permute heed it in prepare
    void *state;                // [prepare] through mface_op_state()
    size_t scratch_bytes;       // [prepare]
    int64_t flops;              // [prepare] of one run, 2 per multiply-add; elementwise: leave 0
    /* [prepare] Bit i: run does not read input i (its data was packed into the state), so that
     * the core may drop the source. */
    uint64_t in_unused;
    int64_t weight_bytes;         // [prepare] of packed weights in the state
    struct mface_step_core *core; // the core's own; not for operators
};

static inline bool mface_op_has_in(const struct mface_step *step, int i)
{
    return i < step->n_in && step->in[i].dtype != MFACE_DTYPE_NONE;
}

/* Whether the node names output i, so that somebody may read it. */
bool mface_op_has_out(const struct mface_step *step, int i);

/* Zeroed memory that lives as long as the step; sets step->state. NULL is logged by the caller
 * with mface_op_nomem(). One per step: put everything into one struct. */
void *mface_op_state(struct mface_step *step, size_t size);

/* The constant input i of a step, wherever it is, for kernels to pack and passes to read; `data` is
 * NULL where the input is no constant. From shapes being known until the step is prepared. */
struct mface_constant mface_op_packable(const struct mface_step *step, int i);

/* Attributes. One that is absent or of another type yields the fallback. Strings and arrays
 * belong to the model. Plan time only: keep what run needs in the state. */
bool mface_op_attr_has(const struct mface_step *step, const char *name);
int64_t mface_op_attr_int(const struct mface_step *step, const char *name, int64_t fallback);
float mface_op_attr_float(const struct mface_step *step, const char *name, float fallback);
const char *mface_op_attr_str(
    const struct mface_step *step, const char *name, const char *fallback);

/* The number of values, 0 where the attribute is absent (*values is NULL then). */
size_t mface_op_attr_ints(const struct mface_step *step, const char *name, const int64_t **values);
size_t mface_op_attr_floats(const struct mface_step *step, const char *name, const float **values);

/* False where the attribute is absent; the data belongs to the model and is not aligned. */
bool mface_op_attr_tensor(
    const struct mface_step *step, const char *name, struct mface_tensor *tensor);

/* Logs "MODEL: operator 'Conv' (node 'conv1'): ..." and returns `status`. Malformed: FORMAT; legal
 * ONNX that we lack: UNSUPPORTED. */
enum mface_status mface_op_fail(const struct mface_step *step, enum mface_status status,
    const char *format, ...) MFACE_PRINTF(3, 4);
enum mface_status mface_op_nomem(const struct mface_step *step);

/* Bit of a type, for the masks below. */
#define MFACE_DTYPE_BIT(dtype) (1u << (dtype))

/* MFACE_OK if input i is present and its type is in `mask`; else fails naming it. */
MFACE_NODISCARD enum mface_status mface_op_check_dtype(
    const struct mface_step *step, int i, unsigned mask);

/* The values of the constant i32 or i64 input i, flattened; fails when it is not constant, of
 * another type, or longer than `max`. An absent optional input gives *n = 0. */
MFACE_NODISCARD enum mface_status mface_op_const_ints(
    const struct mface_step *step, int i, int64_t *values, int max, int *n);

/* Normalises a possibly negative axis of something with `rank` dimensions; fails outside
 * [-rank, rank). */
MFACE_NODISCARD enum mface_status mface_op_axis(
    const struct mface_step *step, int64_t axis, int rank, int *out);

/* infer for operators whose only output is like input 0. */
MFACE_NODISCARD enum mface_status mface_op_infer_same(struct mface_step *step);

/* infer for elementwise operators: output 0 has the type of input 0 and the shape of all inputs
 * broadcast together (ONNX rules). */
MFACE_NODISCARD enum mface_status mface_op_infer_broadcast(struct mface_step *step);

/* The descriptor for an operator of a model that imports `opset`, or NULL. */
const struct mface_op *mface_op_find(const char *domain, const char *name, int64_t opset);

/* Every descriptor, for the generated documentation; NULL at n. */
const struct mface_op *mface_op_at(size_t i);

#endif
