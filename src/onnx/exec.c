/* Running a plan.
 *
 * Only tensors in the caller's memory are filled in per run, and those of steps that are run
 * picture by picture, for each picture; the runner knows the others. A run is then a walk over the
 * steps. Results are copied out at the end: outputs are small beside the work, and may be views of
 * anything.
 */
#include "onnx/exec.h"

#include "base/log.h"
#include "onnx/runner.h"
#include <omp.h>
#include <string.h>
#include <time.h>

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
        const struct mface_sliced *sliced = &runner->sliced[i];
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
        const void *data = root->storage == MFACE_STORAGE_INPUT
                               ? inputs[root->input].data
                               : mface_runner_address(runner, index);
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
