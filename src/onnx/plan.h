/* Inside a plan: what plan.c builds, passes rewrite, memory.c lays out and exec.c runs.
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
    struct mface_tensor tensor; // data: constants only
    enum mface_storage storage; // of a root
    int root;                   // itself, or the value whose memory it shares
    int input;                  // INPUT: index among the model's inputs
    size_t offset;              // ARENA roots
    int first, last;            // ARENA roots: steps between which the memory is in use
};

/* The core's half of a step. */
struct mface_step_core {
    const char *model; // for messages
    int *in, *out;     // value indices, padded as step->in and step->out; -1 where absent
    size_t scratch_offset;
    bool prepared; // release is due
};

struct mface_plan {
    const struct mface_onnx *onnx;
    struct mface_arena arena;
    int threads;
    struct mface_plan_value *values; // one per graph value, then those that passes add
    int n_values, values_capacity;
    struct mface_step **steps; // in execution order
    int n_steps;
    struct mface_tensor *inputs;      // type and shape per model input; data: fixed constants
    struct mface_value_info *outputs; // per graph output
    int *output_values;
    size_t arena_bytes;
    int64_t flops, weight_bytes;
    pthread_mutex_t lock;      // guards `idle`
    struct mface_runner *idle; // free list of mface_plan_run()
};

static inline struct mface_plan_value *mface_plan_root(struct mface_plan *plan, int value)
{
    return &plan->values[plan->values[value].root];
}

/* Makes the data of a constant value present, aligned and owned by the plan. */
MFACE_NODISCARD enum mface_status mface_plan_hold_const(struct mface_plan *plan, int value);

/* A step for `op` with n_in and n_out value slots, all absent; belongs to the plan. NULL: no
 * memory. `node` may be NULL. */
struct mface_step *mface_step_create(struct mface_plan *plan, const struct mface_op *op,
    const struct mface_node *node, int n_in, int n_out);

/* Calls the operator's release and frees the state; harmless when never prepared. */
void mface_step_release(struct mface_step *step);

/* Gives every ARENA root an offset; sets first, last, scratch_offset and arena_bytes. */
MFACE_NODISCARD enum mface_status mface_plan_layout(struct mface_plan *plan);

/* Removes steps none of whose outputs anybody reads. */
MFACE_NODISCARD enum mface_status mface_plan_prune(struct mface_plan *plan);

#endif
