/* From graph to steps.
 *
 * Nodes that no wanted graph output depends on are skipped. The others are walked in order: a step
 * is made, shapes are inferred, and a step whose inputs are all constant (or which looks at shapes
 * only) is run at once and its outputs become constants. Chains that merely compute a shape vanish
 * this way, without any operator knowing about it. Large constants stay in the file until a step
 * is prepared that needs them, so weights are never all copied at once. */
#include "onnx/plan.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/half.h"
#include <string.h>

/* Constants up to this size are copied out of the file before shapes are inferred; no operator's
 * shape depends on a larger one. */
enum { EAGER_CONST_BYTES = 1 << 16 };

static enum mface_status fail_nomem(const struct mface_plan *plan)
{
    return mface_fail_nomem(plan->onnx->name);
}

/* Length of a step's array: the operator may read up to its declared maximum. */
static size_t n_slots(int n, int max)
{
    return (size_t)(max < MFACE_OP_VARIADIC && max > n ? max : n);
}

struct mface_step *mface_step_create(struct mface_plan *plan, const struct mface_op *op,
    const struct mface_node *node, int n_in, int n_out)
{
    const size_t in_slots = n_slots(n_in, op->in_max), out_slots = n_slots(n_out, op->out_max);
    struct mface_arena *arena = &plan->arena;
    struct mface_step *step = mface_arena_calloc(arena, 1, sizeof *step);
    struct mface_step_core *core = mface_arena_calloc(arena, 1, sizeof *core);
    struct mface_tensor *tensors = mface_arena_calloc(arena, in_slots + out_slots, sizeof *tensors);
    int *values = mface_arena_calloc(arena, in_slots + out_slots, sizeof *values);
    if (!step || !core || !tensors || !values)
        return NULL;
    memset(values, 0xff, (in_slots + out_slots) * sizeof *values); // -1
    *core = (struct mface_step_core) { .plan = plan,
        .model = plan->onnx->name,
        .n_in = in_slots,
        .n_out = out_slots,
        .in = values,
        .out = values + in_slots };
    *step = (struct mface_step) {
        .op = op,
        .node = node,
        .opset = node ? node->opset : 0,
        .threads = plan->threads,
        .n_in = n_in,
        .n_out = n_out,
        .in = tensors,
        .out = tensors + in_slots,
        .core = core,
    };
    core->max_bytes = plan->max_bytes;
    return step;
}

void mface_step_release(struct mface_step *step)
{
    if (step->core->prepared && step->op->release)
        step->op->release(step);
    step->core->prepared = false;
    mface_mem_free(step->state);
    step->state = NULL;
}

static bool is_const(const struct mface_plan *plan, int value)
{
    return plan->values[value].storage == MFACE_STORAGE_CONST;
}

static enum mface_status load_inputs(
    struct mface_plan *plan, struct mface_step *step, size_t hold_up_to_bytes)
{
    for (int i = 0; i < step->n_in; i++) {
        const int value = step->core->in[i];
        if (value < 0)
            continue;
        if (is_const(plan, value) &&
            mface_tensor_bytes(&plan->values[value].tensor) <= hold_up_to_bytes)
            MFACE_TRY(mface_plan_hold_const(plan, value));
        step->in[i] = plan->values[value].tensor;
    }
    return MFACE_OK;
}

/* What the file has of a constant that was packed. Whoever packs gives pages back as it goes; but
 * Linux maps more than the page that is missing, as much as lies together in its page cache, so a
 * thread's reading brings back some of what another one has given away. */
static void forget_const(const struct mface_plan *plan, const struct mface_plan_value *value)
{
    if (!value->owned)
        mface_onnx_forget_pages(plan->onnx, value->tensor.data,
            (size_t)mface_shape_count(&value->tensor.shape) * mface_dtype_bytes(value->stored));
}

/* Copies the constants out of the file that the step reads, or may read, and forgets the others
 * once it is prepared. */
static enum mface_status hold_inputs(
    struct mface_plan *plan, struct mface_step *step, bool is_prepared)
{
    for (int i = 0; i < step->n_in; i++) {
        const int value = step->core->in[i];
        if (value < 0)
            continue;
        const bool is_unused = is_prepared ? i < 64 && step->in_unused >> i & 1
                                           : i == 1 && step->op->flags & MFACE_OP_PACKS;
        if (is_const(plan, value) && !is_unused)
            MFACE_TRY(mface_plan_hold_const(plan, value));
        else if (is_const(plan, value) && is_prepared)
            forget_const(plan, &plan->values[value]);
        step->in[i] = plan->values[value].tensor;
        if (step->core->is_for_one && !is_const(plan, value))
            step->in[i].shape.dim[0] = 1;
    }
    return MFACE_OK;
}

enum mface_status mface_plan_prepare_step(struct mface_plan *plan, struct mface_step *step)
{
    MFACE_TRY(hold_inputs(plan, step, false));
    step->core->prepared = true;
    if (step->op->prepare)
        MFACE_TRY(step->op->prepare(step));
    return hold_inputs(plan, step, true);
}

static struct mface_step *step_of_node(struct mface_plan *plan, const struct mface_node *node)
{
    struct mface_step *step = mface_step_create(plan, node->op, node, node->n_in, node->n_out);
    if (!step)
        return NULL;
    memcpy(step->core->in, node->in, (size_t)node->n_in * sizeof *node->in);
    memcpy(step->core->out, node->out, (size_t)node->n_out * sizeof *node->out);
    return step;
}

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(step->op->infer(step));
    for (int i = 0; i < step->n_out; i++) {
        if (step->core->out[i] < 0)
            continue;
        if (!mface_shape_valid(&step->out[i].shape))
            return mface_op_fail(
                step, MFACE_ERR_FORMAT, "output %d would have an invalid shape", i);
    }
    return mface_plan_check_outputs(step);
}

static void declare_outputs(struct mface_plan *plan, const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++) {
        if (step->core->out[i] < 0)
            continue;
        struct mface_plan_value *value = &plan->values[step->core->out[i]];
        value->tensor = step->out[i];
        value->storage = MFACE_STORAGE_ARENA;
    }
}

static bool can_fold(const struct mface_plan *plan, const struct mface_step *step)
{
    if (step->op->flags & (MFACE_OP_NO_FOLD | MFACE_OP_SHAPE_ONLY))
        return step->op->flags & MFACE_OP_SHAPE_ONLY;
    for (int i = 0; i < step->n_in; i++)
        if (step->core->in[i] >= 0 && !is_const(plan, step->core->in[i]))
            return false;
    return true;
}

static enum mface_status run_once(const struct mface_step *step)
{
    if (step->op->flags & MFACE_OP_VIEW) {
        const size_t bytes = mface_tensor_bytes(&step->out[0]);
        if (bytes)
            memcpy(step->out[0].data, step->in[0].data, bytes);
        return MFACE_OK;
    }
    void *scratch = mface_mem_alloc(step->scratch_bytes);
    if (!scratch)
        return mface_op_nomem(step);
    const struct mface_op_args args = { .in = step->in, .out = step->out, .scratch = scratch };
    const enum mface_status status = step->op->run(step, &args);
    mface_mem_free(scratch);
    return status;
}

static bool all_empty(const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0 && mface_tensor_bytes(&step->out[i]))
            return false;
    return true;
}

/* The results become constants; halves are widened. */
static enum mface_status keep_folded(struct mface_plan *plan, const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++) {
        if (step->core->out[i] < 0)
            continue;
        struct mface_plan_value *value = &plan->values[step->core->out[i]];
        if (step->out[i].dtype != MFACE_DTYPE_F16)
            continue;
        struct mface_tensor wide = step->out[i];
        MFACE_TRY(mface_half_widen(plan, step->out[i].data, &wide));
        mface_mem_free(step->out[i].data);
        value->tensor = wide;
    }
    return MFACE_OK;
}

static enum mface_status fold(struct mface_plan *plan, struct mface_step *step)
{
    MFACE_TRY(mface_plan_spend(plan, step));
    MFACE_TRY(mface_plan_prepare_step(plan, step));
    for (int i = 0; i < step->n_out; i++) {
        if (step->core->out[i] < 0)
            continue;
        struct mface_plan_value *value = &plan->values[step->core->out[i]];
        value->tensor.data = mface_mem_alloc(mface_tensor_bytes(&value->tensor));
        if (!value->tensor.data)
            return mface_op_nomem(step);
        value->owned = true;
        value->storage = MFACE_STORAGE_CONST;
        step->out[i].data = value->tensor.data;
    }
    if (!all_empty(step))
        MFACE_TRY(run_once(step));
    return keep_folded(plan, step);
}

static enum mface_status compile_node(struct mface_plan *plan, const struct mface_node *node)
{
    struct mface_step *step = step_of_node(plan, node);
    if (!step)
        return fail_nomem(plan);
    MFACE_TRY(load_inputs(plan, step, EAGER_CONST_BYTES));
    MFACE_TRY(infer(step));
    const bool folds = can_fold(plan, step);
    if (!folds)
        mface_half_widen_step(step);
    declare_outputs(plan, step);
    if (!folds) {
        plan->steps[plan->n_steps++] = step;
        return MFACE_OK;
    }
    const enum mface_status status = fold(plan, step);
    mface_step_release(step);
    return status;
}

/* needed[v]: some wanted graph output depends on value v. */
static void mark_needed(const struct mface_plan *plan, bool *needed)
{
    const struct mface_onnx *onnx = plan->onnx;
    for (size_t i = 0; i < onnx->model.graph.n_outputs; i++)
        if (plan->output_values[i] >= 0)
            needed[plan->output_values[i]] = true;
    for (size_t n = onnx->n_nodes; n-- > 0;) {
        const struct mface_node *node = &onnx->nodes[n];
        bool live = false;
        for (int i = 0; i < node->n_out; i++)
            live |= node->out[i] >= 0 && needed[node->out[i]];
        for (int i = 0; live && i < node->n_in; i++)
            if (node->in[i] >= 0)
                needed[node->in[i]] = true;
    }
}

static bool node_is_needed(const struct mface_node *node, const bool *needed)
{
    for (int i = 0; i < node->n_out; i++)
        if (node->out[i] >= 0 && needed[node->out[i]])
            return true;
    return false;
}

enum mface_status mface_plan_compile(struct mface_plan *plan)
{
    const struct mface_onnx *onnx = plan->onnx;
    bool *needed = mface_arena_calloc(&plan->arena, onnx->n_values, sizeof *needed);
    plan->steps = mface_arena_calloc(&plan->arena,
        onnx->n_nodes + onnx->n_inputs + onnx->model.graph.n_outputs, sizeof *plan->steps);
    if (!needed || !plan->steps)
        return fail_nomem(plan);
    MFACE_TRY(mface_plan_add_graph_values(plan));
    MFACE_TRY(mface_half_widen_inputs(plan));
    mark_needed(plan, needed);
    for (size_t i = 0; i < onnx->n_nodes; i++)
        if (node_is_needed(&onnx->nodes[i], needed))
            MFACE_TRY(compile_node(plan, &onnx->nodes[i]));
    return mface_half_narrow_outputs(plan);
}
