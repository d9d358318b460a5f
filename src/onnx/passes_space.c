/* DepthToSpace by its longer spelling, as tf2onnx writes it for TensorFlow's NCHW:
 *
 *   N×bbC×H×W ─Reshape─▶ N×b×b×C×H×W ─Transpose 0,3,4,1,5,2─▶ N×C×H×b×W×b ─Reshape─▶ N×C×Hb×Wb */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/foldable.h"
#include <string.h>

static bool is_reshape(const struct mface_step *step)
{
    return step && (step->op == &mface_op_reshape || step->op == &mface_op_reshape_1);
}

/* The block size of the spelling that ends with `last`, or 0. */
static int64_t find_block(const struct mface_step *first, const struct mface_step *transpose,
    const struct mface_step *last)
{
    static const int dcr[] = { 0, 3, 4, 1, 5, 2 };
    const struct mface_shape *in = &first->in[0].shape, *six = &first->out[0].shape;
    const struct mface_shape *out = &last->out[0].shape;
    int perm[MFACE_TENSOR_RANK_MAX];
    if (in->rank != 4 || six->rank != 6 || out->rank != 4 ||
        mface_transpose_perm(transpose, perm) != MFACE_OK || memcmp(perm, dcr, sizeof dcr) != 0)
        return 0;
    const int64_t b = six->dim[1], c = six->dim[3];
    const struct mface_shape want_six = { .rank = 6,
        .dim = { in->dim[0], b, b, c, in->dim[2], in->dim[3] } };
    const struct mface_shape want_out = { .rank = 4,
        .dim = { in->dim[0], c, in->dim[2] * b, in->dim[3] * b } };
    return mface_shape_equal(six, &want_six) && mface_shape_equal(out, &want_out) ? b : 0;
}

static void replace(struct mface_step **maker, struct mface_step *last)
{
    const struct mface_step *transpose = is_reshape(last) ? maker[last->core->in[0]] : NULL;
    if (!transpose || transpose->op != &mface_op_transpose)
        return;
    const struct mface_step *first = maker[transpose->core->in[0]];
    const int64_t block = is_reshape(first) ? find_block(first, transpose, last) : 0;
    if (!block)
        return;
    last->op = &mface_op_depth_to_space;
    last->fusion.block = block;
    last->n_in = 1;
    last->core->in[0] = first->core->in[0];
    last->in[0] = first->in[0];
}

static enum mface_status visit(
    struct mface_plan *plan, struct mface_step **maker, struct mface_step *step)
{
    (void)plan;
    replace(maker, step);
    return MFACE_OK;
}

enum mface_status mface_pass_find_depth_to_space(struct mface_plan *plan)
{
    return mface_pass_visit(plan, visit);
}
