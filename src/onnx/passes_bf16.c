/* bf16 storage.
 *
 * Every f32 value may have a twin in bf16. Convolutions with constant weights and dense layers read
 * twins, and write one where somebody downstream will read it, through steps that only move data;
 * else they write f32 at once, so that what ends a model (its last convolutions' sums, sigmoids)
 * and what lies between (pixel norm) is computed in f32. Sums are f32 everywhere. */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/foldable.h"
#include "onnx/ops/internal.h"
#include "onnx/rewrite.h"

static void describe_twin(const struct mface_tensor *plain, struct mface_tensor *twin)
{
    *twin = *plain;
    twin->dtype = MFACE_DTYPE_BF16;
}

static struct mface_step *convert(struct mface_plan *plan, int from, int to, bool back)
{
    (void)back; // the types tell
    struct mface_step *step = mface_step_create(plan, &mface_op_convert, NULL, 1, 1);
    if (!step)
        return NULL;
    step->core->in[0] = from;
    step->core->out[0] = to;
    step->in[0] = plan->values[from].tensor;
    step->out[0] = plan->values[to].tensor;
    return step;
}

static bool is_const(const struct mface_plan *plan, const struct mface_step *step, int i)
{
    return plan->values[step->core->in[i]].storage == MFACE_STORAGE_CONST;
}

/* A dense layer; the C of a Gemm is a plain bias, or absent. */
static bool is_dense(const struct mface_plan *plan, const struct mface_step *product)
{
    if (mface_op_has_in(product, 2) && !(is_const(plan, product, 2) && mface_gemm_is_bias(product)))
        return false;
    return mface_product_is_dense(product);
}

/* Does the step compute in bf16? */
static bool computes(const struct mface_plan *plan, const struct mface_step *step)
{
    if (step->op != &mface_op_conv && step->op != &mface_op_matmul && step->op != &mface_op_gemm)
        return false;
    if (!is_const(plan, step, 1) || !mface_shape_count(&step->in[0].shape) ||
        !mface_shape_count(&step->out[0].shape))
        return false;
    if (step->op == &mface_op_conv)
        return step->fusion.channels_last;
    return is_dense(plan, step);
}

/* Does the step only move what input 0, or every input, holds? */
static bool moves(const struct mface_step *step)
{
    return step->in[0].dtype == MFACE_DTYPE_F32 &&
           (step->op == &mface_op_permute || step->op == &mface_op_concat ||
               step->op == &mface_op_transpose || step->op->flags & MFACE_OP_VIEW);
}

static int n_moved(const struct mface_step *step)
{
    return step->op == &mface_op_concat ? step->n_in : 1;
}

/* wanted[v]: a twin of v would be read. */
static void find_wanted(const struct mface_plan *plan, bool *wanted)
{
    for (int s = plan->n_steps; s-- > 0;) {
        const struct mface_step *step = plan->steps[s];
        if (computes(plan, step))
            wanted[step->core->in[0]] = true;
        else if (moves(step) && wanted[step->core->out[0]])
            for (int i = 0; i < n_moved(step); i++)
                wanted[step->core->in[i]] = true;
    }
}

static enum mface_status take_twin(struct mface_rewrite *rewrite, struct mface_step *step, int i)
{
    int twin;
    MFACE_TRY(mface_rewrite_twin(rewrite, step->core->in[i], &twin));
    mface_rewrite_set_in(rewrite, step, i, twin);
    return MFACE_OK;
}

static enum mface_status rewrite_product(
    struct mface_rewrite *rewrite, struct mface_step *step, bool wanted)
{
    MFACE_TRY(take_twin(rewrite, step, 0));
    if (step->fusion.sum && wanted)
        MFACE_TRY(take_twin(rewrite, step, 3));
    if (wanted)
        MFACE_TRY(mface_rewrite_out(rewrite, step));
    return mface_rewrite_keep(rewrite, step);
}

static bool has_twins(const struct mface_rewrite *rewrite, const struct mface_step *step)
{
    for (int i = 0; i < n_moved(step); i++)
        if (rewrite->twin[step->core->in[i]] < 0)
            return false;
    return true;
}

static enum mface_status rewrite_move(struct mface_rewrite *rewrite, struct mface_step *step)
{
    for (int i = 0; i < n_moved(step); i++)
        MFACE_TRY(take_twin(rewrite, step, i));
    MFACE_TRY(mface_rewrite_out(rewrite, step));
    return mface_rewrite_keep(rewrite, step);
}

static enum mface_status rewrite_step(
    struct mface_rewrite *rewrite, struct mface_step *step, const bool *wanted)
{
    if (computes(rewrite->plan, step))
        return rewrite_product(rewrite, step, wanted[step->core->out[0]]);
    if (step->n_in && moves(step) && wanted[step->core->out[0]] && has_twins(rewrite, step))
        return rewrite_move(rewrite, step);
    return mface_rewrite_keep(rewrite, step);
}

enum mface_status mface_pass_bf16(struct mface_plan *plan)
{
    struct mface_rewrite rewrite = { .describe_twin = describe_twin, .convert = convert };
    bool *wanted = mface_mem_calloc((size_t)plan->n_values, sizeof *wanted);
    if (!wanted)
        return mface_fail_nomem(plan->onnx->name);
    find_wanted(plan, wanted);
    enum mface_status status = mface_rewrite_begin(&rewrite, plan);
    for (int s = 0; s < plan->n_steps && status == MFACE_OK; s++)
        status = rewrite_step(&rewrite, plan->steps[s], wanted);
    mface_mem_free(wanted);
    return mface_rewrite_end(&rewrite, status);
}
