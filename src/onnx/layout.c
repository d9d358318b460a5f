/* Memory of one run, planned ahead.
 *
 * Every tensor is alive from the step that writes it to the last that reads it. Views share the
 * memory they view, elementwise steps write over an input that dies with them, and what remains is
 * packed into one arena: largest first, each at the lowest offset where it overlaps nothing that
 * is alive at the same time. (Greedy by size; Pisarchyk and Lee, "Efficient Memory Management for
 * Deep Neural Net Inference", 2020, found it within a few percent of the lower bound.) */
#include "onnx/plan.h"

#include "base/log.h"
#include "base/mem.h"
#include <stdlib.h>

void mface_plan_count_uses(struct mface_plan *plan)
{
    for (int i = 0; i < plan->n_values; i++)
        plan->values[i].n_uses = 0;
    for (int s = 0; s < plan->n_steps; s++)
        for (int i = 0; i < plan->steps[s]->n_in; i++)
            if (plan->steps[s]->core->in[i] >= 0)
                plan->values[plan->steps[s]->core->in[i]].n_uses++;
    for (size_t i = 0; i < plan->onnx->model.graph.n_outputs; i++)
        if (plan->output_values[i] >= 0)
            plan->values[plan->output_values[i]].n_uses++;
}

static bool is_used(const struct mface_plan *plan, const struct mface_step *step)
{
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0 && plan->values[step->core->out[i]].n_uses)
            return true;
    return false;
}

void mface_plan_prune(struct mface_plan *plan)
{
    mface_plan_count_uses(plan);
    int kept = plan->n_steps; // the kept steps gather at the end of the list
    for (int s = plan->n_steps - 1; s >= 0; s--) {
        struct mface_step *step = plan->steps[s];
        if (is_used(plan, step)) {
            plan->steps[--kept] = step;
            continue;
        }
        for (int i = 0; i < step->n_in; i++)
            if (step->core->in[i] >= 0)
                plan->values[step->core->in[i]].n_uses--;
        mface_step_release(step);
    }
    plan->n_steps -= kept;
    for (int s = 0; s < plan->n_steps; s++)
        plan->steps[s] = plan->steps[kept + s];
}

/* Views become aliases; their steps go. */
static void resolve_views(struct mface_plan *plan)
{
    int kept = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        struct mface_step *step = plan->steps[s];
        if (step->op->flags & MFACE_OP_VIEW) {
            plan->values[step->core->out[0]].root = mface_plan_root(plan, step->core->in[0]);
            mface_step_release(step);
        } else {
            plan->steps[kept++] = step;
        }
    }
    plan->n_steps = kept;
}

/* The neighbours of a step that are run picture by picture together, the step included. */
static void find_run(const struct mface_plan *plan, int s, int *first, int *last)
{
    *first = *last = s;
    if (!plan->steps[s]->core->is_for_one)
        return;
    while (*first > 0 && plan->steps[*first - 1]->core->is_for_one)
        --*first;
    while (*last + 1 < plan->n_steps && plan->steps[*last + 1]->core->is_for_one)
        ++*last;
}

/* A root that is in use beyond one such run holds all pictures, and throughout the run: the next
 * picture goes through it from its beginning. Expects first and last of every root. */
static void find_pictures(struct mface_plan *plan)
{
    for (int i = 0; i < plan->n_values; i++) {
        struct mface_plan_value *root = &plan->values[i];
        int first, last, unused;
        if (root->root != i || root->storage != MFACE_STORAGE_ARENA || root->first < 0)
            continue;
        find_run(plan, root->first, &first, &last);
        root->is_for_one = plan->steps[root->first]->core->is_for_one && root->last <= last;
        if (root->is_for_one)
            continue;
        root->first = first;
        if (root->last < plan->n_steps)
            find_run(plan, root->last, &unused, &root->last);
    }
}

/* Sets first and last of every root. An output nobody reads gets no memory. */
static void find_lifetimes(struct mface_plan *plan)
{
    for (int i = 0; i < plan->n_values; i++)
        plan->values[i].first = plan->values[i].last = -1;
    for (int s = 0; s < plan->n_steps; s++) {
        const struct mface_step *step = plan->steps[s];
        for (int i = 0; i < step->n_in; i++)
            if (step->core->in[i] >= 0)
                plan->values[mface_plan_root(plan, step->core->in[i])].last = s;
        for (int i = 0; i < step->n_out; i++)
            if (step->core->out[i] >= 0)
                plan->values[step->core->out[i]].first = plan->values[step->core->out[i]].last = s;
    }
    for (size_t i = 0; i < plan->onnx->model.graph.n_outputs; i++)
        if (plan->output_values[i] >= 0)
            plan->values[mface_plan_root(plan, plan->output_values[i])].last = plan->n_steps;
    for (int s = 0; s < plan->n_steps; s++)
        for (int i = 0; i < plan->steps[s]->n_out; i++) {
            const int out = plan->steps[s]->core->out[i];
            if (out >= 0 && !plan->values[out].n_uses)
                plan->values[out].storage = MFACE_STORAGE_NONE;
        }
}

static bool fits_in_place(const struct mface_plan *plan, int s, int in)
{
    const struct mface_step *step = plan->steps[s];
    const int root = mface_plan_root(plan, step->core->in[in]);
    if (plan->values[root].storage != MFACE_STORAGE_ARENA || plan->values[root].last != s ||
        plan->values[root].is_for_one != plan->values[step->core->out[0]].is_for_one)
        return false;
    if (mface_dtype_bytes(step->in[in].dtype) != mface_dtype_bytes(step->out[0].dtype))
        return false;
    for (int i = 0; i < step->n_in; i++) // all views of that memory must be read in step
        if (step->fusion.sum && i != in && step->core->in[i] >= 0 &&
            mface_plan_root(plan, step->core->in[i]) == root)
            return false;
        else if (step->core->in[i] >= 0 && mface_plan_root(plan, step->core->in[i]) == root &&
                 !mface_shape_equal(&step->in[i].shape, &step->out[0].shape))
            return false;
    return true;
}

static void share_in_place(struct mface_plan *plan)
{
    for (int s = 0; s < plan->n_steps; s++) {
        const struct mface_step *step = plan->steps[s];
        const int out = step->core->out[0];
        if (!(step->op->flags & MFACE_OP_IN_PLACE || step->fusion.sum) || out < 0 ||
            plan->values[out].storage != MFACE_STORAGE_ARENA)
            continue;
        for (int i = step->fusion.sum ? 3 : 0; i < step->n_in; i++) {
            if (step->core->in[i] < 0 || !fits_in_place(plan, s, i))
                continue;
            const int root = mface_plan_root(plan, step->core->in[i]);
            plan->values[root].last = plan->values[out].last;
            plan->values[out].root = root;
            break;
        }
    }
}

/* Something that needs a place: the memory of a root, or the scratch of a step. */
struct block {
    size_t bytes, *offset;
    int first, last;
};

static int by_size(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first)
                                : (x->offset > y->offset) - (x->offset < y->offset);
}

/* `placed` is in order of offset; returns where the new block went in it. */
static void place(struct block *block, struct block **placed, int n_placed)
{
    size_t at = 0;
    int i, insert = 0;
    for (i = 0; i < n_placed; i++) {
        if (placed[i]->last < block->first || placed[i]->first > block->last)
            continue;
        if (*placed[i]->offset >= at + block->bytes)
            break;
        if (*placed[i]->offset + placed[i]->bytes > at)
            at = *placed[i]->offset + placed[i]->bytes;
    }
    *block->offset = at;
    while (insert < n_placed && *placed[insert]->offset < at)
        insert++;
    for (i = n_placed; i > insert; i--)
        placed[i] = placed[i - 1];
    placed[insert] = block;
}

static struct block make_block(size_t bytes, size_t *offset, int first, int last)
{
    return (struct block) { mface_align_up(bytes, MFACE_ALIGN), offset, first, last };
}

static int list_blocks(struct mface_plan *plan, struct block *blocks)
{
    const size_t n_pictures = (size_t)plan->n_pictures;
    int n = 0;
    for (int i = 0; i < plan->n_values; i++) {
        struct mface_plan_value *value = &plan->values[i];
        if (value->storage == MFACE_STORAGE_ARENA && value->root == i && value->first >= 0)
            blocks[n++] = make_block(
                mface_tensor_bytes(&value->tensor) / (value->is_for_one ? n_pictures : 1),
                &value->offset, value->first, value->last);
    }
    for (int s = 0; s < plan->n_steps; s++)
        if (plan->steps[s]->scratch_bytes)
            blocks[n++] = make_block(
                plan->steps[s]->scratch_bytes, &plan->steps[s]->core->scratch_offset, s, s);
    return n;
}

static void pack(struct mface_plan *plan, struct block *blocks, struct block **placed)
{
    const int n = list_blocks(plan, blocks);
    qsort(blocks, (size_t)n, sizeof *blocks, by_size);
    plan->arena_bytes = 0;
    for (int i = 0; i < n; i++) {
        place(&blocks[i], placed, i);
        const size_t end = *blocks[i].offset + blocks[i].bytes;
        if (end > plan->arena_bytes)
            plan->arena_bytes = end;
    }
}

enum mface_status mface_plan_layout(struct mface_plan *plan)
{
    resolve_views(plan);
    find_lifetimes(plan);
    find_pictures(plan);
    share_in_place(plan);
    const size_t n_max = (size_t)plan->n_values + (size_t)plan->n_steps;
    struct block *blocks = mface_mem_calloc(n_max, sizeof *blocks);
    struct block **placed = mface_mem_calloc(n_max, sizeof *placed);
    if (blocks && placed)
        pack(plan, blocks, placed);
    const bool ok = blocks && placed;
    mface_mem_free(placed);
    mface_mem_free(blocks);
    return ok ? MFACE_OK : mface_fail_nomem(plan->onnx->name);
}
