/* Channels last.
 *
 * Convolutions want N×H×W×C, and DFM models have it at their borders already. Every value of rank
 * 4 may have a twin in that order, with a shape that says so: a twin is a dense row-major tensor
 * like any other, so that operators which only look at shapes need not know. A convolution always
 * works on twins; what can follow does where its input has one. Transpositions of a twin are
 * composed with its own and vanish where nothing is left of them. */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/foldable.h"
#include "onnx/ops/internal.h"
#include "onnx/ops/permute.h"
#include "onnx/rewrite.h"
#include <string.h>

static const int to_last[] = { 0, 2, 3, 1 }, to_first[] = { 0, 3, 1, 2 };

static void permute_shape(const struct mface_shape *from, const int *perm, struct mface_shape *to)
{
    *to = *from;
    for (int i = 0; i < from->rank; i++)
        to->dim[i] = from->dim[perm[i]];
}

static void describe_twin(const struct mface_tensor *plain, struct mface_tensor *twin)
{
    *twin = *plain;
    permute_shape(&plain->shape, to_last, &twin->shape);
}

/* Do the elements stay where they are in memory? */
static bool moves_nothing(const struct mface_shape *view, const int *perm)
{
    int last = -1;
    for (int i = 0; i < view->rank; i++) {
        if (view->dim[perm[i]] == 1)
            continue;
        if (perm[i] < last)
            return false;
        last = perm[i];
    }
    return true;
}

/* A step that permutes `from`, seen as `view`, into `to`. */
static struct mface_step *create_permute(
    struct mface_plan *plan, int from, int to, const struct mface_shape *view, const int *perm)
{
    const bool still = moves_nothing(view, perm);
    struct mface_step *step =
        mface_step_create(plan, still ? &mface_op_identity : &mface_op_permute, NULL, 1, 1);
    if (!step)
        return NULL;
    step->fusion.view_rank = view->rank;
    memcpy(step->fusion.view, view->dim, sizeof step->fusion.view);
    memcpy(step->fusion.perm, perm, (size_t)view->rank * sizeof *perm);
    step->core->in[0] = from;
    step->core->out[0] = to;
    step->in[0] = plan->values[from].tensor;
    step->out[0] = plan->values[to].tensor;
    step->in[0].data = step->out[0].data = NULL;
    return step;
}

static struct mface_step *convert(struct mface_plan *plan, int from, int to, bool back)
{
    return create_permute(
        plan, from, to, &plan->values[from].tensor.shape, back ? to_first : to_last);
}

static bool has_twin(const struct mface_rewrite *rewrite, int value)
{
    return value >= 0 && rewrite->twin[value] >= 0;
}

static bool any_twin(const struct mface_rewrite *rewrite, const struct mface_step *step)
{
    for (int i = 0; i < step->n_in; i++)
        if (has_twin(rewrite, step->core->in[i]))
            return true;
    return false;
}

static enum mface_status take_twin(struct mface_rewrite *rewrite, struct mface_step *step, int i)
{
    int twin;
    MFACE_TRY(mface_rewrite_twin(rewrite, step->core->in[i], &twin));
    mface_rewrite_set_in(rewrite, step, i, twin);
    return MFACE_OK;
}

static enum mface_status rewrite_conv(struct mface_rewrite *rewrite, struct mface_step *conv)
{
    MFACE_TRY(take_twin(rewrite, conv, 0));
    if (conv->fusion.sum)
        MFACE_TRY(take_twin(rewrite, conv, 3));
    MFACE_TRY(mface_rewrite_out(rewrite, conv));
    conv->fusion.channels_last = true;
    mface_rewrite_emit(rewrite, conv);
    return MFACE_OK;
}

static enum mface_status rewrite_pool(
    struct mface_rewrite *rewrite, struct mface_step *pool, const struct mface_op *op)
{
    pool->op = op;
    MFACE_TRY(take_twin(rewrite, pool, 0));
    MFACE_TRY(mface_rewrite_out(rewrite, pool));
    mface_rewrite_emit(rewrite, pool);
    return MFACE_OK;
}

/* A constant under the twin's order; the caller's rank may be below 4. */
static enum mface_status take_const(struct mface_rewrite *rewrite, struct mface_step *step, int i)
{
    struct mface_plan *plan = rewrite->plan;
    MFACE_TRY(mface_plan_hold_const(plan, step->core->in[i])); // it may be of halves in the file
    const struct mface_tensor tensor = plan->values[step->core->in[i]].tensor;
    const size_t bytes = mface_tensor_bytes(&tensor);
    struct mface_tensor wide = { .dtype = tensor.dtype, .shape = { .rank = 4 } }, twin;
    for (int d = 0; d < 4; d++) {
        const int from = d - (4 - tensor.shape.rank);
        wide.shape.dim[d] = from < 0 ? 1 : tensor.shape.dim[from];
    }
    describe_twin(&wide, &twin);
    const int value = mface_plan_add_value(plan, &twin);
    void *copy = mface_mem_alloc(bytes), *data = mface_mem_alloc(bytes);
    if (value >= 0 && copy && data) {
        struct mface_permute permute;
        memcpy(copy, tensor.data, bytes); // it may lie in the file, unaligned
        mface_permute_init(&permute, &wide.shape, to_last, mface_dtype_bytes(tensor.dtype));
        mface_permute_run(&permute, copy, data, 1);
        plan->values[value].tensor.data = data;
        plan->values[value].owned = true;
        plan->values[value].storage = MFACE_STORAGE_CONST;
        data = NULL;
    }
    const bool ok = value >= 0 && copy && !data;
    mface_mem_free(copy);
    mface_mem_free(data);
    if (!ok)
        return mface_fail_nomem(plan->onnx->name);
    mface_rewrite_set_in(rewrite, step, i, value);
    return MFACE_OK;
}

static bool is_scalar(const struct mface_tensor *tensor)
{
    return tensor->shape.rank <= 1 && mface_shape_count(&tensor->shape) == 1;
}

/* Can every input be had in the twin's order? */
static bool is_pointwise(const struct mface_rewrite *rewrite, const struct mface_step *step)
{
    if (!(step->op->flags & MFACE_OP_POINTWISE) || step->out[0].shape.rank != 4 || step->n_out > 1)
        return false;
    for (int i = 0; i < step->n_in; i++) {
        const int value = step->core->in[i];
        if (value < 0 || is_scalar(&step->in[i]))
            continue;
        const bool is_const = rewrite->plan->values[value].storage == MFACE_STORAGE_CONST;
        if (step->in[i].shape.rank != 4 && !is_const)
            return false;
        if (is_const && !mface_tensor_bytes(&step->in[i]))
            return false;
    }
    return any_twin(rewrite, step);
}

static enum mface_status rewrite_pointwise(struct mface_rewrite *rewrite, struct mface_step *step)
{
    for (int i = 0; i < step->n_in; i++) {
        const int value = step->core->in[i];
        if (value < 0 || is_scalar(&step->in[i]))
            continue;
        if (rewrite->plan->values[value].storage == MFACE_STORAGE_CONST)
            MFACE_TRY(take_const(rewrite, step, i));
        else
            MFACE_TRY(take_twin(rewrite, step, i));
    }
    MFACE_TRY(mface_rewrite_out(rewrite, step));
    mface_rewrite_emit(rewrite, step);
    return MFACE_OK;
}

static enum mface_status rewrite_concat(struct mface_rewrite *rewrite, struct mface_step *concat)
{
    for (int i = 0; i < concat->n_in; i++)
        MFACE_TRY(take_twin(rewrite, concat, i));
    MFACE_TRY(mface_rewrite_out(rewrite, concat));
    concat->fusion.channels_last = true;
    mface_rewrite_emit(rewrite, concat);
    return MFACE_OK;
}

static enum mface_status emit_permute(struct mface_rewrite *rewrite, int from, int to,
    const struct mface_shape *view, const int *perm)
{
    struct mface_step *step = create_permute(rewrite->plan, from, to, view, perm);
    if (!step)
        return mface_fail_nomem(rewrite->plan->onnx->name);
    mface_rewrite_emit(rewrite, step);
    return MFACE_OK;
}

/* A transposition of what has a twin is one of the twin. */
static enum mface_status rewrite_transpose(struct mface_rewrite *rewrite, struct mface_step *step)
{
    static const int place[] = { 0, 3, 1, 2 }; // of each plain dimension in the twin
    const int twin = rewrite->twin[step->core->in[0]];
    int perm[MFACE_TENSOR_RANK_MAX], composed[4];
    MFACE_TRY(mface_transpose_perm(step, perm));
    for (int i = 0; i < 4; i++)
        composed[i] = place[perm[i]];
    return emit_permute(
        rewrite, twin, step->core->out[0], &rewrite->plan->values[twin].tensor.shape, composed);
}

/* A transposition from N×H×W×C makes a value whose twin is there already. */
static bool adopts_twin(
    const struct mface_rewrite *rewrite, const struct mface_step *step, bool *failed)
{
    int perm[MFACE_TENSOR_RANK_MAX];
    const int in = step->core->in[0];
    if (step->in[0].shape.rank != 4 || !rewrite->made[in])
        return false;
    *failed = mface_transpose_perm(step, perm) != MFACE_OK;
    if (*failed || memcmp(perm, to_first, sizeof to_first) != 0)
        return false;
    rewrite->twin[step->core->out[0]] = in;
    return true;
}

static enum mface_status rewrite_depth_to_space(
    struct mface_rewrite *rewrite, struct mface_step *step)
{
    static const int dcr[] = { 0, 1, 3, 2, 4, 5 }, crd[] = { 0, 1, 4, 2, 5, 3 };
    struct mface_depth_to_space how;
    mface_depth_to_space_describe(step, &how);
    const struct mface_shape *in = &step->in[0].shape;
    const int64_t b = how.block, c = in->dim[1] / (b * b);
    const struct mface_shape view = { .rank = 6,
        .dim = { in->dim[0], in->dim[2], in->dim[3], how.is_crd ? c : b, b, how.is_crd ? b : c } };
    int from;
    MFACE_TRY(mface_rewrite_twin(rewrite, step->core->in[0], &from));
    MFACE_TRY(mface_rewrite_out(rewrite, step));
    return emit_permute(rewrite, from, step->core->out[0], &view, how.is_crd ? crd : dcr);
}

static enum mface_status rewrite_step(struct mface_rewrite *rewrite, struct mface_step *step)
{
    const struct mface_op *op = step->op;
    const bool flat = step->in && step->n_in && step->in[0].shape.rank == 4;
    if (op == &mface_op_conv && flat && mface_shape_count(&step->in[0].shape))
        return rewrite_conv(rewrite, step);
    bool failed = false;
    if (op == &mface_op_transpose && adopts_twin(rewrite, step, &failed))
        return MFACE_OK;
    if (failed)
        return MFACE_ERR_FORMAT;
    if (!flat || !mface_shape_count(&step->in[0].shape) || !any_twin(rewrite, step))
        return mface_rewrite_keep(rewrite, step);
    if (op == &mface_op_max_pool && step->n_out == 1 && step->in[0].dtype == MFACE_DTYPE_F32)
        return rewrite_pool(rewrite, step, &mface_op_max_pool_last);
    if (op == &mface_op_average_pool)
        return rewrite_pool(rewrite, step, &mface_op_average_pool_last);
    if (op == &mface_op_concat)
        return rewrite_concat(rewrite, step);
    if (op == &mface_op_transpose)
        return rewrite_transpose(rewrite, step);
    if (op == &mface_op_depth_to_space)
        return rewrite_depth_to_space(rewrite, step);
    if (is_pointwise(rewrite, step))
        return rewrite_pointwise(rewrite, step);
    return mface_rewrite_keep(rewrite, step);
}

enum mface_status mface_pass_channels_last(struct mface_plan *plan)
{
    struct mface_rewrite rewrite = { .describe_twin = describe_twin, .convert = convert };
    enum mface_status status = mface_rewrite_begin(&rewrite, plan);
    for (int s = 0; s < plan->n_steps && status == MFACE_OK; s++)
        status = rewrite_step(&rewrite, plan->steps[s]);
    return mface_rewrite_end(&rewrite, status);
}
