/* Making a plan: check the inputs asked for, compile, prepare, lay out memory. */
#include "onnx/plan.h"

#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "onnx/exec.h"
#include "onnx/passes.h"
#include <omp.h>
#include <string.h>

static bool fits_declared(const struct mface_tensor *input, const struct mface_value_info *info)
{
    if (input->dtype != info->dtype || !mface_shape_valid(&input->shape))
        return false;
    if (info->shape.rank < 0)
        return true;
    if (info->shape.rank != input->shape.rank)
        return false;
    for (int i = 0; i < info->shape.rank; i++)
        if (info->shape.dim[i] >= 0 && info->shape.dim[i] != input->shape.dim[i])
            return false;
    return true;
}

static enum mface_status fail_input(const struct mface_plan *plan,
    const struct mface_value_info *info, const struct mface_tensor *input)
{
    char given[MFACE_SHAPE_TEXT_BYTES], declared[MFACE_SHAPE_TEXT_BYTES];
    return mface_fail(MFACE_ERR_ARG, "%s: input '%s' is %s %s, not %s %s", plan->onnx->name,
        info->name, mface_dtype_name(info->dtype), mface_shape_print(&info->shape, declared),
        mface_dtype_name(input->dtype), mface_shape_print(&input->shape, given));
}

static enum mface_status set_inputs(struct mface_plan *plan, const struct mface_plan_params *params)
{
    const struct mface_onnx *onnx = plan->onnx;
    if (params->n_inputs != onnx->n_inputs)
        return mface_fail(MFACE_ERR_ARG, "%s: takes %zu inputs, not %zu", onnx->name,
            onnx->n_inputs, params->n_inputs);
    plan->inputs = mface_arena_calloc(&plan->arena, onnx->n_inputs, sizeof *plan->inputs);
    if (!plan->inputs)
        return mface_fail_nomem(onnx->name);
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    for (size_t i = 0; i < onnx->n_inputs; i++) {
        const struct mface_tensor *input = &params->inputs[i];
        plan->inputs[i] = *input;
        if (!fits_declared(input, &onnx->inputs[i]))
            return fail_input(plan, &onnx->inputs[i], input);
        mface_hasher_add_bytes(&hasher, input->shape.dim, sizeof input->shape.dim);
        if (input->data)
            mface_hasher_add_bytes(&hasher, input->data, mface_tensor_bytes(input));
    }
    plan->fixed_inputs = mface_hasher_finish(&hasher);
    return MFACE_OK;
}

static enum mface_status select_outputs(
    struct mface_plan *plan, const struct mface_plan_params *params)
{
    const size_t n = plan->onnx->model.graph.n_outputs;
    size_t n_wanted = 0;
    plan->output_values = mface_arena_calloc(&plan->arena, n, sizeof *plan->output_values);
    if (!plan->output_values)
        return mface_fail_nomem(plan->onnx->name);
    for (size_t i = 0; i < n; i++) {
        const bool wanted = !params->wanted || params->wanted[i];
        plan->output_values[i] = wanted ? plan->onnx->output_values[i] : -1;
        n_wanted += wanted;
    }
    if (n && !n_wanted)
        return mface_fail(MFACE_ERR_ARG, "%s: no output is wanted", plan->onnx->name);
    return MFACE_OK;
}

/* Frees a constant once the last step that needed its source is prepared. */
static void drop_const_use(struct mface_plan *plan, int index)
{
    struct mface_plan_value *value = &plan->values[index];
    if (value->storage != MFACE_STORAGE_CONST || --value->n_uses || !value->owned)
        return;
    mface_mem_free(value->tensor.data);
    value->tensor.data = NULL;
    value->owned = false;
}

static enum mface_status prepare_steps(struct mface_plan *plan)
{
    for (int s = 0; s < plan->n_steps; s++) {
        struct mface_step *step = plan->steps[s];
        MFACE_TRY(mface_plan_prepare_step(plan, step));
        if (step->core->is_for_one &&
            __builtin_mul_overflow(step->flops, plan->n_pictures, &step->flops))
            step->flops = INT64_MAX;
        if (__builtin_add_overflow(plan->flops, step->flops, &plan->flops))
            plan->flops = INT64_MAX;
        plan->weight_bytes += step->weight_bytes;
        for (int i = 0; i < step->n_in && i < 64; i++)
            if (step->in_unused >> i & 1 && step->core->in[i] >= 0)
                drop_const_use(plan, step->core->in[i]);
    }
    return MFACE_OK;
}

/* Drops constants that were needed for folding only; counts the rest. */
static void sweep_consts(struct mface_plan *plan)
{
    for (int i = 0; i < plan->n_values; i++) {
        struct mface_plan_value *value = &plan->values[i];
        if (value->storage != MFACE_STORAGE_CONST || !value->owned)
            continue;
        if (value->n_uses) {
            plan->weight_bytes += (int64_t)mface_tensor_bytes(&value->tensor);
            continue;
        }
        mface_mem_free(value->tensor.data);
        value->tensor.data = NULL;
        value->owned = false;
    }
}

static enum mface_status set_outputs(struct mface_plan *plan)
{
    const struct mface_proto_graph *graph = &plan->onnx->model.graph;
    plan->outputs = mface_arena_calloc(&plan->arena, graph->n_outputs, sizeof *plan->outputs);
    if (!plan->outputs)
        return mface_fail_nomem(plan->onnx->name);
    for (size_t i = 0; i < graph->n_outputs; i++) {
        plan->outputs[i] = (struct mface_value_info) { .name = graph->outputs[i].name };
        if (plan->output_values[i] < 0)
            continue;
        const struct mface_tensor *tensor = &plan->values[plan->output_values[i]].tensor;
        plan->outputs[i].dtype = tensor->dtype;
        plan->outputs[i].shape = tensor->shape;
    }
    return MFACE_OK;
}

static enum mface_status build(struct mface_plan *plan, const struct mface_plan_params *params)
{
    MFACE_TRY(set_inputs(plan, params));
    MFACE_TRY(select_outputs(plan, params));
    MFACE_TRY(mface_plan_compile(plan));
    mface_plan_prune(plan);
    MFACE_TRY(mface_pass_fold_norm(plan));
    MFACE_TRY(mface_pass_fold_conv(plan));
    MFACE_TRY(mface_pass_fold_copies(plan));
    MFACE_TRY(mface_pass_find_depth_to_space(plan));
    MFACE_TRY(mface_pass_merge_siblings(plan));
    MFACE_TRY(mface_pass_channels_last(plan));
    if (plan->precision == MFACE_PRECISION_BF16)
        MFACE_TRY(mface_pass_bf16(plan));
    if (plan->precision == MFACE_PRECISION_INT8)
        mface_pass_int8(plan);
    MFACE_TRY(mface_pass_fold_depth_to_space(plan));
    mface_pass_split_pictures(plan);
    plan->weights = params->weights; // constants folded above are not worth keeping
    MFACE_TRY(prepare_steps(plan));
    sweep_consts(plan);
    MFACE_TRY(set_outputs(plan));
    MFACE_TRY(mface_plan_layout(plan));
    return mface_plan_check_arena(plan);
}

enum mface_status mface_plan_create(
    const struct mface_onnx *onnx, const struct mface_plan_params *params, struct mface_plan **out)
{
    *out = NULL;
    struct mface_plan *plan = mface_mem_calloc(1, sizeof *plan);
    if (!plan)
        return mface_fail_nomem(onnx->name);
    plan->onnx = onnx;
    plan->precision = params->precision;
    plan->max_bytes = (size_t)(params->max_bytes > 0 ? params->max_bytes : MFACE_PLAN_MAX_BYTES);
    plan->threads = params->threads > 0 ? params->threads : mface_cpu_count();
    pthread_mutex_init(&plan->lock, NULL);
    const int threads_before = omp_get_max_threads();
    omp_set_num_threads(plan->threads);
    const enum mface_status status = build(plan, params);
    omp_set_num_threads(threads_before);
    if (status != MFACE_OK)
        mface_plan_free(&plan);
    *out = plan;
    return status;
}

void mface_plan_free(struct mface_plan **plan_ptr)
{
    struct mface_plan *plan = *plan_ptr;
    if (!plan)
        return;
    mface_plan_free_idle(plan);
    for (int s = 0; s < plan->n_steps; s++)
        mface_step_release(plan->steps[s]);
    for (int i = 0; i < plan->n_values; i++)
        if (plan->values[i].owned)
            mface_mem_free(plan->values[i].tensor.data);
    mface_mem_free(plan->values);
    mface_arena_clear(&plan->arena);
    pthread_mutex_destroy(&plan->lock);
    mface_mem_free(plan);
    *plan_ptr = NULL;
}

const struct mface_value_info *mface_plan_output(const struct mface_plan *plan, size_t i)
{
    return &plan->outputs[i];
}

enum mface_precision mface_plan_precision(const struct mface_plan *plan)
{
    return plan->precision;
}

const char *mface_precision_name(enum mface_precision precision)
{
    static const char *const names[] = {
        [MFACE_PRECISION_F32] = "f32",
        [MFACE_PRECISION_BF16] = "bf16",
        [MFACE_PRECISION_INT8] = "int8",
    };
    return names[precision];
}

size_t mface_plan_n_steps(const struct mface_plan *plan)
{
    return (size_t)plan->n_steps;
}

int64_t mface_plan_flops(const struct mface_plan *plan)
{
    return plan->flops;
}

int64_t mface_plan_arena_bytes(const struct mface_plan *plan)
{
    return (int64_t)plan->arena_bytes;
}

int64_t mface_plan_weight_bytes(const struct mface_plan *plan)
{
    return plan->weight_bytes;
}
