/* ONNX models on oneDNN: load, compile for given shapes, run.
 *
 * A model is the parsed file, immutable and shared. A plan is a model compiled for fixed input
 * shapes: shapes inferred, passes applied, memory planned, weights packed; immutable and shared.
 * A runner owns the activation memory one run needs: one per thread, many per plan. */
#ifndef MFACE_ONNX_ONNX_H
#define MFACE_ONNX_ONNX_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MFACE_TENSOR_RANK_MAX = 8 };

enum mface_dtype {
    MFACE_DTYPE_NONE,
    MFACE_DTYPE_F32,
    MFACE_DTYPE_F64,
    MFACE_DTYPE_F16,
    MFACE_DTYPE_U8,
    MFACE_DTYPE_I8,
    MFACE_DTYPE_I32,
    MFACE_DTYPE_I64,
    MFACE_DTYPE_BOOL,
    MFACE_DTYPE_BF16, // inside plans only
};

size_t mface_dtype_bytes(enum mface_dtype dtype);
const char *mface_dtype_name(enum mface_dtype dtype); // "f32"

struct mface_shape {
    int rank;                           // 0..MFACE_TENSOR_RANK_MAX; rank 0 is a scalar
    int64_t dim[MFACE_TENSOR_RANK_MAX]; // ≥ 0; -1 in a model's inputs: free
};

/* A dense row-major tensor. A view: owns nothing. */
struct mface_tensor {
    enum mface_dtype dtype;
    struct mface_shape shape;
    void *data;
};

/* One input or output as the file declares it. */
struct mface_value_info {
    const char *name; // owned by the model
    enum mface_dtype dtype;
    struct mface_shape shape; // dim -1 where the file leaves it free; rank -1: any rank
};

struct mface_onnx; // a parsed model

/* Loads a file. The file is read safely: no length in it is trusted. Logs on failure.
 * MFACE_OK, MFACE_ERR_NOENT, MFACE_ERR_IO, MFACE_ERR_FORMAT (not ONNX, truncated),
 * MFACE_ERR_UNSUPPORTED (operator or type, named), MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_onnx_load(const char *path, struct mface_onnx **out);

/* The same from memory; `data` is borrowed until the model is freed. `name` stands for the path
 * in messages. */
MFACE_NODISCARD enum mface_status mface_onnx_load_mem(
    const char *name, const void *data, size_t size, struct mface_onnx **out);

/* `data` is a mapping of a file that never was written to: what was read of it may be given back to
 * the system before the model is freed. */
void mface_onnx_set_mapped(struct mface_onnx *onnx);

void mface_onnx_free(struct mface_onnx **onnx); // every plan must have been freed

/* Graph inputs without initialisers, and graph outputs, in the file's order. */
size_t mface_onnx_n_inputs(const struct mface_onnx *onnx);
size_t mface_onnx_n_outputs(const struct mface_onnx *onnx);
const struct mface_value_info *mface_onnx_input(const struct mface_onnx *onnx, size_t i);
const struct mface_value_info *mface_onnx_output(const struct mface_onnx *onnx, size_t i);

/* One summary of a model, for `info`. */
struct mface_onnx_summary {
    int64_t ir_version, opset;
    const char *producer; // owned by the model; "" if unset
    size_t n_nodes, n_initializers;
    int64_t weight_bytes;
};
void mface_onnx_summarize(const struct mface_onnx *onnx, struct mface_onnx_summary *summary);

/* Whether a node of the graph is of that operator. */
bool mface_onnx_uses(const struct mface_onnx *onnx, const char *op_type);

struct mface_plan;
struct mface_weights;

/* What a plan computes in. f32 is the reference. */
enum mface_precision {
    MFACE_PRECISION_F32,
    /* Weights and activations of convolutions and matrix products are stored as bfloat16 and
     * summed up in f32; inputs and outputs of the plan stay as the model declares them. */
    MFACE_PRECISION_BF16,
    /* Convolutions round what they multiply to eight bits, pictures by their own range and weights
     * by their output channel's, and sum up exactly; dense layers round their weights, a few
     * inputs' at a time, and sum up in f32; all else is f32, the convolutions a model begins and
     * ends with too. */
    MFACE_PRECISION_INT8,
};

enum { MFACE_N_PRECISIONS = MFACE_PRECISION_INT8 + 1 };

const char *mface_precision_name(enum mface_precision precision); // "f32"

/* Whether plans of that precision can be made on this machine; not whether they pay. */
bool mface_precision_is_supported(enum mface_precision precision);

/* All that packed weights depend on besides the model and the plan: oneDNN's version, the
 * instruction set it uses, and our own way of packing. */
struct mface_key mface_onnx_runtime_key(void);

/* What runs the models: "oneDNN 2.6.3". As snprintf(). */
int mface_onnx_print_runtime(char *text, size_t text_bytes);

struct mface_plan_params {
    /* One per model input, in order. `data` NULL: given at run time. `data` set: a compile-time
     * constant, copied (AMP's morph value decides shapes). Ranks and dims must all be known. */
    const struct mface_tensor *inputs;
    size_t n_inputs;
    /* Threads one run may use; 0: all processors. Results do not depend on it. */
    int threads;
    enum mface_precision precision;
    /* One per model output; NULL: all are wanted. What only an unwanted output needs is left out
     * of the plan: its mface_plan_output() is of MFACE_DTYPE_NONE and runs must skip it. At least
     * one is wanted. */
    const bool *wanted;
    /* The most memory that one runner, one tensor, or all constants computed while the plan is
     * made may take; 0: MFACE_PLAN_MAX_BYTES. A file can ask for any amount in a few bytes; beyond
     * this the plan fails before anything of the kind is allocated. */
    int64_t max_bytes;
    /* Where packed weights are kept and shared (onnx/weights.h); one per model, as constants are
     * known by their place in it. Borrowed until the plan is freed; NULL: the plan's own. */
    struct mface_weights *weights;
};

/* Faces of 1024 pixels, eight at a time, take about a tenth of it. */
#define MFACE_PLAN_MAX_BYTES (INT64_C(16) << 30)

/* Infers shapes, plans memory, packs weights. Logs on failure, naming operator and node. Values
 * the model has in f16 are computed in f32; inputs and outputs keep their declared type.
 * MFACE_OK, MFACE_ERR_FORMAT, MFACE_ERR_UNSUPPORTED, MFACE_ERR_ARG, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_plan_create(
    const struct mface_onnx *onnx, const struct mface_plan_params *params, struct mface_plan **out);
void mface_plan_free(struct mface_plan **plan); // every runner must have been freed

/* Type and shape of output i of a plan. */
const struct mface_value_info *mface_plan_output(const struct mface_plan *plan, size_t i);
enum mface_precision mface_plan_precision(const struct mface_plan *plan);
int64_t mface_plan_flops(const struct mface_plan *plan);        // of one run, 2 per multiply-add
int64_t mface_plan_arena_bytes(const struct mface_plan *plan);  // of one runner
int64_t mface_plan_weight_bytes(const struct mface_plan *plan); // packed

/* Runs a plan on a runner from the plan's own free list, which grows to the number of threads that
 * run at once. Thread-safe; otherwise as mface_runner_run(). */
MFACE_NODISCARD enum mface_status mface_plan_run(
    struct mface_plan *plan, const struct mface_tensor *inputs, const struct mface_tensor *outputs);

/* What one step of a plan costs. */
struct mface_step_time {
    const char *op, *node; // as the file names them; "" where a pass made the step
    enum mface_dtype dtype;
    struct mface_shape shape; // of dtype and shape: output 0, as the plan stores it
    int64_t flops, least_ns;  // least of all runs
};

size_t mface_plan_n_steps(const struct mface_plan *plan);

/* Runs `n_runs` times and fills in one entry per step, in order of execution. Otherwise as
 * mface_plan_run(). */
MFACE_NODISCARD enum mface_status mface_plan_profile(struct mface_plan *plan,
    const struct mface_tensor *inputs, const struct mface_tensor *outputs, int n_runs,
    struct mface_step_time *times);

struct mface_runner;

MFACE_NODISCARD enum mface_status mface_runner_create(
    const struct mface_plan *plan, struct mface_runner **out);
void mface_runner_free(struct mface_runner **runner);

/* Runs once. `inputs`: one per model input in order (those fixed at compile time are ignored),
 * type and shape as compiled; `outputs`: one per model output; `data` NULL skips that output,
 * else it receives the result; the caller owns the memory. One that is NULL in each run costs less
 * when the plan does not want it. One thread at a time per runner.
 * MFACE_OK, MFACE_ERR_ARG, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_runner_run(struct mface_runner *runner,
    const struct mface_tensor *inputs, const struct mface_tensor *outputs);

#endif
