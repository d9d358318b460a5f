/* Inside a plan: what plan.c builds, passes rewrite, layout.c lays out and exec.c runs.
 *
 *   graph ──compile──▶ steps + values ──passes──▶ steps ──prepare──▶ weights packed
 *                                                   └──memory──▶ offsets in one arena
 *
 * A value is where a tensor lives. Views and in-place results are values whose `root` is another
 * value, so that only roots have storage. */
#ifndef MFACE_ONNX_PLAN_H
#define MFACE_ONNX_PLAN_H

#include "onnx/graph.h"
#include "onnx/op.h"
#include <pthread.h>

enum mface_storage {
    MFACE_STORAGE_NONE,  // not made yet, or dead
    MFACE_STORAGE_CONST, // memory of the plan
    MFACE_STORAGE_INPUT, // memory of the caller
    MFACE_STORAGE_ARENA, // memory of the runner
};

struct mface_plan_value {
    struct mface_key source;    // constants: what the store calls it; zero: by its index
    struct mface_tensor tensor; // data: constants only, maybe still in the file, unaligned
    enum mface_dtype stored;    // CONST, not owned: type of the data in the file; see half.h
    enum mface_storage storage; // of a root
    bool owned;                 // tensor.data is the plan's to free
    int root;                   // itself, or the value whose memory it shares
    int input;                  // INPUT: index among the model's inputs
    int n_uses;                 // by steps and as graph output; see mface_plan_count_uses()
    size_t offset;              // ARENA roots
    int first, last;            // ARENA roots: steps between which the memory is in use
    bool is_for_one;            // ARENA roots: holds one picture of the batch at a time
};

/* The core's half of a step. */
struct mface_step_core {
    const struct mface_plan *plan;
    const char *model;  // for messages
    size_t max_bytes;   // the plan's
    size_t n_in, n_out; // length of the arrays, padding included
    int *in, *out;      // value indices, padded as step->in and step->out; -1 where absent
    size_t scratch_offset;
    bool prepared;   // release is due
    bool is_for_one; // run once for each picture of the batch
};

struct mface_plan {
    const struct mface_onnx *onnx;
    struct mface_arena arena;
    int threads;
    struct mface_weights *weights;   // NULL: none, or not prepared yet; borrowed
    struct mface_key fixed_inputs;   // hash of the compile-time constants
    struct mface_plan_value *values; // one per graph value, then those that passes add
    int n_values, values_capacity;
    struct mface_step **steps; // in execution order
    int n_steps;
    int64_t n_pictures;               // steps that are for one of them are run so many times
    struct mface_tensor *inputs;      // type and shape per model input; data: fixed constants
    struct mface_value_info *outputs; // per graph output
    int *output_values;               // per graph output; -1: not wanted
    enum mface_precision precision;
    size_t max_bytes;    // see struct mface_plan_params
    size_t folded_bytes; // spent on constants that were computed
    size_t arena_bytes;
    int64_t flops, weight_bytes;
    pthread_mutex_t lock;      // guards `idle`
    struct mface_runner *idle; // free list of mface_plan_run()
};

/* The value whose memory `value` lives in. */
static inline int mface_plan_root(const struct mface_plan *plan, int value)
{
    while (plan->values[value].root != value)
        value = plan->values[value].root;
    return value;
}

/* budget.c: fails where a tensor takes more memory than the plan may. */
MFACE_NODISCARD enum mface_status mface_plan_check_outputs(const struct mface_step *step);

/* Adds memory of constants that are made while the plan is; false, with nothing added, where it
 * would be past the limit. */
bool mface_plan_reserve(struct mface_plan *plan, size_t bytes);

/* Adds what the outputs of a step take that is run while the plan is made; fails past the limit. */
MFACE_NODISCARD enum mface_status mface_plan_spend(
    struct mface_plan *plan, const struct mface_step *step);

/* Fails where the arena is past the limit. */
MFACE_NODISCARD enum mface_status mface_plan_check_arena(const struct mface_plan *plan);

/* compile.c: graph to steps, folding constants. Expects inputs and threads set. */
MFACE_NODISCARD enum mface_status mface_plan_compile(struct mface_plan *plan);

/* values.c: the graph's values, with their initialisers; those stay in the file. */
MFACE_NODISCARD enum mface_status mface_plan_add_graph_values(struct mface_plan *plan);

/* Brings a constant out of the file into aligned memory of the plan; MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_plan_hold_const(struct mface_plan *plan, int value);

/* Makes the constant inputs of a step present and aligned, then calls the operator's prepare. */
MFACE_NODISCARD enum mface_status mface_plan_prepare_step(
    struct mface_plan *plan, struct mface_step *step);

/* A new value like `tensor` without storage; -1: no memory. Moves plan->values. */
int mface_plan_add_value(struct mface_plan *plan, const struct mface_tensor *tensor);

/* A step for `op` with n_in inputs and n_out outputs, all absent; belongs to the plan, and is not
 * in its list yet. NULL: no memory. `node` may be NULL. */
struct mface_step *mface_step_create(struct mface_plan *plan, const struct mface_op *op,
    const struct mface_node *node, int n_in, int n_out);

/* Calls the operator's release and frees the state; harmless when never prepared. */
void mface_step_release(struct mface_step *step);

/* Sets n_uses of every value. */
void mface_plan_count_uses(struct mface_plan *plan);

/* Removes steps none of whose outputs anybody reads; leaves n_uses counted. */
void mface_plan_prune(struct mface_plan *plan);

/* layout.c: resolves views, shares memory in place, gives every ARENA root an offset; sets
 * arena_bytes. Expects every step prepared. */
MFACE_NODISCARD enum mface_status mface_plan_layout(struct mface_plan *plan);

#endif
