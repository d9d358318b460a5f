/* What of a batch is done picture by picture.
 *
 * A batch pays where weights are read or transformed for few pixels: dense layers, and convolutions
 * of small pictures. Elsewhere four pictures' tensors only drive each other out of the caches. So
 * each other step that may be is made for one picture, and neighbours among them are run picture by
 * picture (exec.c), in memory for one (layout.c). What a picture becomes does not depend on it. */
#include "onnx/passes.h"

#include "onnx/ops/foldable.h"
#include "onnx/ops/internal.h"

/* Pixels of results for which a convolution's weights are not worth sharing: 28×28 is a whole
 * number of Winograd's blocks, and more than the pixels of a block in tiles. */
enum { LEAST_PIXELS = 512 };

static bool is_const(const struct mface_plan *plan, int value)
{
    return plan->values[value].storage == MFACE_STORAGE_CONST;
}

/* The first dimension of all inputs that are given at run time; 0: they differ. */
static int64_t count_pictures(const struct mface_plan *plan)
{
    int64_t n = 0;
    for (size_t i = 0; i < plan->onnx->n_inputs; i++) {
        const struct mface_tensor *input = &plan->inputs[i];
        if (input->data)
            continue;
        if (!input->shape.rank || (n && input->shape.dim[0] != n))
            return 0;
        n = input->shape.dim[0];
    }
    return n;
}

static bool holds_pictures(const struct mface_tensor *tensor, int64_t n)
{
    return tensor->shape.rank && tensor->shape.dim[0] == n && mface_shape_count(&tensor->shape);
}

/* Is the constant the same for each picture? */
static bool is_shared(const struct mface_step *step, const struct mface_tensor *constant)
{
    if (!(step->op->flags & MFACE_OP_POINTWISE))
        return step->op == &mface_op_conv;
    const int rank = constant->shape.rank, all = step->out[0].shape.rank;
    return rank < all || (rank == all && constant->shape.dim[0] == 1);
}

static bool input_splits(
    const struct mface_plan *plan, const struct mface_step *step, int i, int64_t n)
{
    const int value = step->core->in[i];
    if (value < 0)
        return true;
    if (is_const(plan, value))
        return is_shared(step, &step->in[i]);
    if (step->op == &mface_op_conv && (i == 1 || i == 2))
        return false; // weights and bias that are given at run time
    if (step->op->flags & MFACE_OP_POINTWISE && step->in[i].shape.rank != step->out[0].shape.rank)
        return false; // its first dimension may be another one
    return holds_pictures(&step->in[i], n);
}

/* An operator that makes each picture of the same one of its inputs. Views need not be told: no
 * step is left of them. */
static bool op_splits(const struct mface_step *step, int64_t n)
{
    const struct mface_fusion *how = &step->fusion;
    if (step->op == &mface_op_permute)
        return how->view_rank && how->view[0] == n && how->perm[0] == 0;
    return step->op == &mface_op_conv || step->op == &mface_op_concat ||
           step->op == &mface_op_convert || step->op->flags & MFACE_OP_POINTWISE;
}

static bool splits(const struct mface_plan *plan, const struct mface_step *step, int64_t n)
{
    if (!op_splits(step, n))
        return false;
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0 && !holds_pictures(&step->out[i], n))
            return false;
    for (int i = 0; i < step->n_in; i++)
        if (!input_splits(plan, step, i, n))
            return false;
    return true;
}

/* Convolutions of few pixels are better done for all pictures at once. */
static bool pays(const struct mface_step *step, int64_t n)
{
    if (step->op != &mface_op_conv)
        return true;
    const int64_t channels = step->in[1].shape.dim[0];
    return mface_shape_count(&step->out[0].shape) / (n * channels) >= LEAST_PIXELS;
}

static void split(const struct mface_plan *plan, struct mface_step *step)
{
    step->core->is_for_one = true;
    if (step->op == &mface_op_permute)
        step->fusion.view[0] = 1;
    for (int i = 0; i < step->n_in; i++)
        if (step->core->in[i] >= 0 && !is_const(plan, step->core->in[i]))
            step->in[i].shape.dim[0] = 1;
    for (int i = 0; i < step->n_out; i++)
        if (step->core->out[i] >= 0)
            step->out[i].shape.dim[0] = 1;
}

void mface_pass_split_pictures(struct mface_plan *plan)
{
    const int64_t n = count_pictures(plan);
    plan->n_pictures = 1;
    if (n < 2)
        return;
    plan->n_pictures = n;
    for (int s = 0; s < plan->n_steps; s++)
        if (splits(plan, plan->steps[s], n) && pays(plan->steps[s], n))
            split(plan, plan->steps[s]);
}
