/* Running a plan.
 *
 * A runner resolves every tensor of every step to an address once, when it is made; only tensors
 * in the caller's memory are filled in per run. A run is then a walk over the steps. Results are
 * copied out at the end: outputs are small beside the work, and may be views of anything. */
#include "onnx/exec.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/plan.h"
#include <omp.h>
#include <string.h>
#include <time.h>

/* A tensor whose memory is the caller's. */
struct borrowed {
    struct mface_tensor *tensor;
    int input;
};

struct mface_runner {
    const struct mface_plan *plan;
    struct mface_runner *next;  // in the free list
    char *memory;               // the arena the plan laid out
    struct mface_arena arena;   // of what follows
    struct mface_op_args *args; // per step
    struct borrowed *borrowed;
    size_t n_borrowed;
    struct mface_step_time *times; // per step, while profiling; else NULL
};

static void *address(const struct mface_runner *runner, int index)
{
    const struct mface_plan_value *root =
        &runner->plan->values[mface_plan_root(runner->plan, index)];
    switch (root->storage) {
    case MFACE_STORAGE_CONST:
        return root->tensor.data;
    case MFACE_STORAGE_ARENA:
        return runner->memory + root->offset;
    case MFACE_STORAGE_INPUT:
    case MFACE_STORAGE_NONE:
        break;
    }
    return NULL;
}

static void resolve(struct mface_runner *runner, struct mface_tensor *tensor, int index)
{
    if (index < 0)
        return;
    const struct mface_plan *plan = runner->plan;
    const struct mface_plan_value *root = &plan->values[mface_plan_root(plan, index)];
    tensor->data = address(runner, index);
    if (root->storage == MFACE_STORAGE_INPUT)
        runner->borrowed[runner->n_borrowed++] =
            (struct borrowed) { .tensor = tensor, .input = root->input };
}

static enum mface_status resolve_step(struct mface_runner *runner, int s)
{
    const struct mface_step *step = runner->plan->steps[s];
    const size_t n_in = step->core->n_in, n_out = step->core->n_out;
    struct mface_tensor *in = mface_arena_calloc(&runner->arena, n_in + n_out, sizeof *in);
    if (!in)
        return mface_op_nomem(step);
    memcpy(in, step->in, n_in * sizeof *in);
    memcpy(in + n_in, step->out, n_out * sizeof *in);
    for (int i = 0; i < step->n_in; i++)
        resolve(runner, &in[i], step->core->in[i]);
    for (int i = 0; i < step->n_out; i++)
        resolve(runner, &in[n_in + (size_t)i], step->core->out[i]);
    runner->args[s] = (struct mface_op_args) {
        .in = in, .out = in + n_in, .scratch = runner->memory + step->core->scratch_offset
    };
    return MFACE_OK;
}

static enum mface_status build(struct mface_runner *runner)
{
    const struct mface_plan *plan = runner->plan;
    size_t n_in = 0;
    for (int s = 0; s < plan->n_steps; s++)
        n_in += (size_t)plan->steps[s]->n_in;
    runner->memory = mface_mem_alloc_huge(plan->arena_bytes);
    runner->args = mface_arena_calloc(&runner->arena, (size_t)plan->n_steps, sizeof *runner->args);
    runner->borrowed = mface_arena_calloc(&runner->arena, n_in, sizeof *runner->borrowed);
    if (!runner->memory || !runner->args || !runner->borrowed)
        return mface_fail_nomem(plan->onnx->name);
    for (int s = 0; s < plan->n_steps; s++)
        MFACE_TRY(resolve_step(runner, s));
    return MFACE_OK;
}

enum mface_status mface_runner_create(const struct mface_plan *plan, struct mface_runner **out)
{
    *out = NULL;
    struct mface_runner *runner = mface_mem_calloc(1, sizeof *runner);
    if (!runner)
        return mface_fail_nomem(plan->onnx->name);
    runner->plan = plan;
    const enum mface_status status = build(runner);
    if (status != MFACE_OK)
        mface_runner_free(&runner);
    *out = runner;
    return status;
}

void mface_runner_free(struct mface_runner **runner_ptr)
{
    struct mface_runner *runner = *runner_ptr;
    if (!runner)
        return;
    mface_arena_clear(&runner->arena);
    mface_mem_free(runner->memory);
    mface_mem_free(runner);
    *runner_ptr = NULL;
}

static enum mface_status check_inputs(
    const struct mface_plan *plan, const struct mface_tensor *inputs)
{
    for (size_t i = 0; i < plan->onnx->n_inputs; i++) {
        const struct mface_tensor *want = &plan->inputs[i];
        const bool fixed = want->data != NULL;
        if (fixed || (inputs[i].data && inputs[i].dtype == want->dtype &&
                         mface_shape_equal(&inputs[i].shape, &want->shape)))
            continue;
        return mface_fail(MFACE_ERR_ARG,
            "%s: input '%s' is missing or not of the shape the plan was made for", plan->onnx->name,
            plan->onnx->inputs[i].name);
    }
    return MFACE_OK;
}

static enum mface_status check_outputs(
    const struct mface_plan *plan, const struct mface_tensor *outputs)
{
    for (size_t i = 0; i < plan->onnx->model.graph.n_outputs; i++)
        if (outputs[i].data && plan->output_values[i] < 0)
            return mface_fail(MFACE_ERR_ARG, "%s: the plan was made without output '%s'",
                plan->onnx->name, plan->onnx->model.graph.outputs[i].name);
    return MFACE_OK;
}

static bool is_empty(const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0 && mface_tensor_bytes(&step->out[i]))
            return false;
    return true;
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void note_time(struct mface_step_time *entry, int64_t ns)
{
    if (!entry->least_ns || ns < entry->least_ns)
        entry->least_ns = ns;
}

static enum mface_status run_steps(struct mface_runner *runner)
{
    const struct mface_plan *plan = runner->plan;
    for (int s = 0; s < plan->n_steps; s++) {
        if (is_empty(plan->steps[s]))
            continue;
        const int64_t start = runner->times ? now_ns() : 0;
        MFACE_TRY(plan->steps[s]->op->run(plan->steps[s], &runner->args[s]));
        if (runner->times)
            note_time(&runner->times[s], now_ns() - start);
    }
    return MFACE_OK;
}

static void copy_outputs(const struct mface_runner *runner, const struct mface_tensor *inputs,
    const struct mface_tensor *outputs)
{
    const struct mface_plan *plan = runner->plan;
    for (size_t i = 0; i < plan->onnx->model.graph.n_outputs; i++) {
        const int index = plan->output_values[i];
        if (index < 0)
            continue;
        const struct mface_plan_value *root = &plan->values[mface_plan_root(plan, index)];
        const size_t bytes = mface_tensor_bytes(&plan->values[index].tensor);
        const void *data = root->storage == MFACE_STORAGE_INPUT ? inputs[root->input].data
                                                                : address(runner, index);
        if (outputs[i].data && bytes)
            memcpy(outputs[i].data, data, bytes);
    }
}

enum mface_status mface_runner_run(struct mface_runner *runner, const struct mface_tensor *inputs,
    const struct mface_tensor *outputs)
{
    MFACE_TRY(check_inputs(runner->plan, inputs));
    MFACE_TRY(check_outputs(runner->plan, outputs));
    for (size_t i = 0; i < runner->n_borrowed; i++)
        runner->borrowed[i].tensor->data = inputs[runner->borrowed[i].input].data;
    const int threads_before = omp_get_max_threads();
    omp_set_num_threads(runner->plan->threads);
    const enum mface_status status = run_steps(runner);
    omp_set_num_threads(threads_before);
    if (status == MFACE_OK)
        copy_outputs(runner, inputs, outputs);
    return status;
}

static struct mface_runner *take_idle(struct mface_plan *plan)
{
    pthread_mutex_lock(&plan->lock);
    struct mface_runner *runner = plan->idle;
    if (runner)
        plan->idle = runner->next;
    pthread_mutex_unlock(&plan->lock);
    return runner;
}

static void put_idle(struct mface_plan *plan, struct mface_runner *runner)
{
    pthread_mutex_lock(&plan->lock);
    runner->next = plan->idle;
    plan->idle = runner;
    pthread_mutex_unlock(&plan->lock);
}

enum mface_status mface_plan_run(
    struct mface_plan *plan, const struct mface_tensor *inputs, const struct mface_tensor *outputs)
{
    struct mface_runner *runner = take_idle(plan);
    if (!runner)
        MFACE_TRY(mface_runner_create(plan, &runner));
    const enum mface_status status = mface_runner_run(runner, inputs, outputs);
    put_idle(plan, runner);
    return status;
}

static void describe_step(const struct mface_step *step, struct mface_step_time *entry)
{
    *entry = (struct mface_step_time) { .op = step->op->name,
        .node = step->node ? step->node->proto->name : "",
        .dtype = step->out[0].dtype,
        .shape = step->out[0].shape,
        .flops = step->flops };
}

enum mface_status mface_plan_profile(struct mface_plan *plan, const struct mface_tensor *inputs,
    const struct mface_tensor *outputs, int n_runs, struct mface_step_time *times)
{
    struct mface_runner *runner = take_idle(plan);
    if (!runner)
        MFACE_TRY(mface_runner_create(plan, &runner));
    for (int s = 0; s < plan->n_steps; s++)
        describe_step(plan->steps[s], &times[s]);
    runner->times = times;
    enum mface_status status = MFACE_OK;
    for (int i = 0; i < n_runs && status == MFACE_OK; i++)
        status = mface_runner_run(runner, inputs, outputs);
    runner->times = NULL;
    put_idle(plan, runner);
    return status;
}

void mface_plan_free_idle(struct mface_plan *plan)
{
    while (plan->idle) {
        struct mface_runner *runner = plan->idle;
        plan->idle = runner->next;
        mface_runner_free(&runner);
    }
}
