/* Running a plan.
 *
 * A runner resolves every tensor of every step to an address once, when it is made; only tensors
 * in the caller's memory are filled in per run, and those of steps that are run picture by picture,
 * for each picture. A run is then a walk over the steps. Results are copied out at the end: outputs
 * are small beside the work, and may be views of anything. */
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

/* A tensor of one picture in memory that holds all of them. */
struct sliced {
    struct mface_tensor *tensor;
    char *first; // picture; where the caller's memory is, set per run
    int input;   // -1: memory of the runner
    int step;
};

struct mface_runner {
    const struct mface_plan *plan;
    struct mface_runner *next;  // in the free list
    char *memory;               // the arena the plan laid out
    struct mface_arena arena;   // of what follows
    struct mface_op_args *args; // per step
    struct borrowed *borrowed;
    size_t n_borrowed;
    struct sliced *sliced; // in order of steps
    size_t n_sliced;
    int64_t *spent_ns;             // per step, of the run
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

static void resolve(struct mface_runner *runner, struct mface_tensor *tensor, int index, int s)
{
    if (index < 0)
        return;
    const struct mface_plan *plan = runner->plan;
    const struct mface_plan_value *root = &plan->values[mface_plan_root(plan, index)];
    const bool is_input = root->storage == MFACE_STORAGE_INPUT;
    tensor->data = address(runner, index);
    if (plan->steps[s]->core->is_for_one && !root->is_for_one &&
        (is_input || root->storage == MFACE_STORAGE_ARENA))
        runner->sliced[runner->n_sliced++] = (struct sliced) {
            .tensor = tensor, .first = tensor->data, .input = is_input ? root->input : -1, .step = s
        };
    else if (is_input)
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
        resolve(runner, &in[i], step->core->in[i], s);
    for (int i = 0; i < step->n_out; i++)
        resolve(runner, &in[n_in + (size_t)i], step->core->out[i], s);
    runner->args[s] = (struct mface_op_args) {
        .in = in, .out = in + n_in, .scratch = runner->memory + step->core->scratch_offset
    };
    return MFACE_OK;
}

static enum mface_status build(struct mface_runner *runner)
{
    const struct mface_plan *plan = runner->plan;
    size_t n_in = 0, n_out = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        n_in += (size_t)plan->steps[s]->n_in;
        n_out += (size_t)plan->steps[s]->n_out;
    }
    runner->memory = mface_mem_alloc_huge(plan->arena_bytes);
    runner->args = mface_arena_calloc(&runner->arena, (size_t)plan->n_steps, sizeof *runner->args);
    runner->borrowed = mface_arena_calloc(&runner->arena, n_in, sizeof *runner->borrowed);
    runner->sliced = mface_arena_calloc(&runner->arena, n_in + n_out, sizeof *runner->sliced);
    runner->spent_ns =
        mface_arena_calloc(&runner->arena, (size_t)plan->n_steps, sizeof *runner->spent_ns);
    if (!runner->memory || !runner->args || !runner->borrowed || !runner->sliced ||
        !runner->spent_ns)
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

static enum mface_status run_step(struct mface_runner *runner, int s)
{
    const struct mface_step *step = runner->plan->steps[s];
    if (is_empty(step))
        return MFACE_OK;
    const int64_t start = runner->times ? now_ns() : 0;
    MFACE_TRY(step->op->run(step, &runner->args[s]));
    if (runner->times)
        runner->spent_ns[s] += now_ns() - start;
    return MFACE_OK;
}

/* Lets a step, whose first sliced tensor is `i`, look at a picture; returns the next one's. */
static size_t point_at_picture(struct mface_runner *runner, int s, size_t i, int64_t picture)
{
    for (; i < runner->n_sliced && runner->sliced[i].step == s; i++) {
        const struct sliced *sliced = &runner->sliced[i];
        sliced->tensor->data =
            sliced->first ? sliced->first + (size_t)picture * mface_tensor_bytes(sliced->tensor)
                          : NULL;
    }
    return i;
}

static int run_end(const struct mface_plan *plan, int s)
{
    while (s < plan->n_steps && plan->steps[s]->core->is_for_one)
        s++;
    return s;
}

/* Steps first..end for one picture after the other; `sliced` as above. */
static enum mface_status run_pictures(
    struct mface_runner *runner, int first, int end, size_t *sliced)
{
    size_t next = *sliced;
    for (int64_t picture = 0; picture < runner->plan->n_pictures; picture++) {
        next = *sliced;
        for (int s = first; s < end; s++) {
            next = point_at_picture(runner, s, next, picture);
            MFACE_TRY(run_step(runner, s));
        }
    }
    *sliced = next;
    return MFACE_OK;
}

static enum mface_status run_steps(struct mface_runner *runner)
{
    const struct mface_plan *plan = runner->plan;
    size_t sliced = 0;
    for (int s = 0, end; s < plan->n_steps; s = end) {
        end = run_end(plan, s);
        if (end > s) {
            MFACE_TRY(run_pictures(runner, s, end, &sliced));
        } else {
            end = s + 1;
            MFACE_TRY(run_step(runner, s));
        }
    }
    return MFACE_OK;
}

static void borrow(struct mface_runner *runner, const struct mface_tensor *inputs)
{
    for (size_t i = 0; i < runner->n_borrowed; i++)
        runner->borrowed[i].tensor->data = inputs[runner->borrowed[i].input].data;
    for (size_t i = 0; i < runner->n_sliced; i++)
        if (runner->sliced[i].input >= 0)
            runner->sliced[i].first = inputs[runner->sliced[i].input].data;
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
    borrow(runner, inputs);
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

static void note_times(struct mface_runner *runner)
{
    for (int s = 0; s < runner->plan->n_steps; s++) {
        int64_t *least_ns = &runner->times[s].least_ns;
        if (!*least_ns || runner->spent_ns[s] < *least_ns)
            *least_ns = runner->spent_ns[s];
        runner->spent_ns[s] = 0;
    }
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
    for (int i = 0; i < n_runs && status == MFACE_OK; i++) {
        status = mface_runner_run(runner, inputs, outputs);
        note_times(runner);
    }
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
