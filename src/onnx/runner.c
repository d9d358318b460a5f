/* Making runners. */
#include "onnx/runner.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

void *mface_runner_address(const struct mface_runner *runner, int value)
{
    const struct mface_plan_value *root =
        &runner->plan->values[mface_plan_root(runner->plan, value)];
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
    tensor->data = mface_runner_address(runner, index);
    if (plan->steps[s]->core->is_for_one && !root->is_for_one &&
        (is_input || root->storage == MFACE_STORAGE_ARENA))
        runner->sliced[runner->n_sliced++] = (struct mface_sliced) {
            .tensor = tensor, .first = tensor->data, .input = is_input ? root->input : -1, .step = s
        };
    else if (is_input)
        runner->borrowed[runner->n_borrowed++] =
            (struct mface_borrowed) { .tensor = tensor, .input = root->input };
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
