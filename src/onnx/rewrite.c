/* Steps and values a rewrite adds are bounded by the edges of the graph: each value is converted
 * at most once in each direction. */
#include "onnx/rewrite.h"

#include "base/log.h"
#include "base/mem.h"
#include <string.h>

static size_t count_edges(const struct mface_plan *plan)
{
    size_t n = plan->onnx->model.graph.n_outputs;
    for (int s = 0; s < plan->n_steps; s++)
        n += (size_t)plan->steps[s]->n_in + (size_t)plan->steps[s]->n_out;
    return n;
}

enum mface_status mface_rewrite_begin(struct mface_rewrite *rewrite, struct mface_plan *plan)
{
    const size_t n_edges = count_edges(plan), n_values = (size_t)plan->n_values + 2 * n_edges;
    rewrite->plan = plan;
    rewrite->steps = mface_arena_calloc(
        &plan->arena, (size_t)plan->n_steps + 2 * n_edges, sizeof *rewrite->steps);
    rewrite->twin = mface_mem_alloc(n_values * sizeof *rewrite->twin);
    rewrite->made = mface_mem_calloc(n_values, sizeof *rewrite->made);
    if (!rewrite->steps || !rewrite->twin || !rewrite->made)
        return mface_fail_nomem(plan->onnx->name);
    memset(rewrite->twin, 0xff, n_values * sizeof *rewrite->twin); // -1
    for (int i = 0; i < plan->n_values; i++)
        rewrite->made[i] = plan->values[i].storage == MFACE_STORAGE_CONST ||
                           plan->values[i].storage == MFACE_STORAGE_INPUT;
    return MFACE_OK;
}

void mface_rewrite_emit(struct mface_rewrite *rewrite, struct mface_step *step)
{
    rewrite->steps[rewrite->n_steps++] = step;
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0)
            rewrite->made[step->core->out[i]] = true;
}

static enum mface_status convert(struct mface_rewrite *rewrite, int from, int to, bool back)
{
    struct mface_step *step = rewrite->convert(rewrite->plan, from, to, back);
    if (!step)
        return mface_fail_nomem(rewrite->plan->onnx->name);
    mface_rewrite_emit(rewrite, step);
    return MFACE_OK;
}

static enum mface_status add_twin(struct mface_rewrite *rewrite, int value)
{
    struct mface_tensor tensor;
    rewrite->describe_twin(&rewrite->plan->values[value].tensor, &tensor);
    tensor.data = NULL;
    rewrite->twin[value] = mface_plan_add_value(rewrite->plan, &tensor);
    return rewrite->twin[value] >= 0 ? MFACE_OK : mface_fail_nomem(rewrite->plan->onnx->name);
}

enum mface_status mface_rewrite_twin(struct mface_rewrite *rewrite, int value, int *out)
{
    *out = value;
    if (value < 0)
        return MFACE_OK;
    if (rewrite->twin[value] < 0) {
        MFACE_TRY(add_twin(rewrite, value));
        MFACE_TRY(convert(rewrite, value, rewrite->twin[value], false));
    }
    *out = rewrite->twin[value];
    return MFACE_OK;
}

static enum mface_status make_plain(struct mface_rewrite *rewrite, int value)
{
    if (value < 0 || rewrite->made[value])
        return MFACE_OK;
    return convert(rewrite, rewrite->twin[value], value, true);
}

enum mface_status mface_rewrite_keep(struct mface_rewrite *rewrite, struct mface_step *step)
{
    for (int i = 0; i < step->n_in; i++)
        MFACE_TRY(make_plain(rewrite, step->core->in[i]));
    mface_rewrite_emit(rewrite, step);
    return MFACE_OK;
}

void mface_rewrite_set_in(
    const struct mface_rewrite *rewrite, struct mface_step *step, int i, int value)
{
    step->core->in[i] = value;
    if (value >= 0)
        step->in[i] = rewrite->plan->values[value].tensor;
}

enum mface_status mface_rewrite_out(struct mface_rewrite *rewrite, struct mface_step *step)
{
    const int value = step->core->out[0];
    MFACE_TRY(add_twin(rewrite, value));
    step->core->out[0] = rewrite->twin[value];
    step->out[0] = rewrite->plan->values[step->core->out[0]].tensor;
    return MFACE_OK;
}

enum mface_status mface_rewrite_end(struct mface_rewrite *rewrite, enum mface_status status)
{
    struct mface_plan *plan = rewrite->plan;
    for (size_t i = 0; i < plan->onnx->model.graph.n_outputs && status == MFACE_OK; i++)
        status = make_plain(rewrite, plan->output_values[i]);
    if (status == MFACE_OK) {
        plan->steps = rewrite->steps;
        plan->n_steps = rewrite->n_steps;
        mface_plan_prune(plan);
    }
    mface_mem_free(rewrite->made);
    mface_mem_free(rewrite->twin);
    return status;
}
