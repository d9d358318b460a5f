/* DepthToSpace: channels become b×b blocks of pixels. DCR mode reads the channels as b, b, C; CRD
 * as C, b, b. Either is a transposition of a six-dimensional view. */
#include "onnx/ops/foldable.h"
#include "onnx/ops/permute.h"

#include <string.h>

void mface_depth_to_space_describe(const struct mface_step *step, struct mface_depth_to_space *how)
{
    *how = (struct mface_depth_to_space) { .block = step->fusion.block };
    if (how->block)
        return;
    how->block = mface_op_attr_int(step, "blocksize", 0);
    how->is_crd = strcmp(mface_op_attr_str(step, "mode", "DCR"), "CRD") == 0;
}

static enum mface_status infer(struct mface_step *step)
{
    const struct mface_shape *in = &step->in[0].shape;
    const int64_t b = mface_op_attr_int(step, "blocksize", 0);
    if (in->rank != 4 || b < 1 || b > 1 << 12 || in->dim[1] % (b * b))
        return mface_op_fail(
            step, MFACE_ERR_FORMAT, "blocks of %lld do not fit the input", (long long)b);
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = (struct mface_shape) { .rank = 4,
        .dim = { in->dim[0], in->dim[1] / (b * b), in->dim[2] * b, in->dim[3] * b } };
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    static const int dcr[] = { 0, 3, 4, 1, 5, 2 }, crd[] = { 0, 1, 4, 2, 5, 3 };
    struct mface_permute *permute = mface_op_state(step, sizeof *permute);
    if (!permute)
        return mface_op_nomem(step);
    const struct mface_shape *in = &step->in[0].shape;
    struct mface_depth_to_space how;
    mface_depth_to_space_describe(step, &how);
    const int64_t b = how.block, c = in->dim[1] / (b * b);
    const bool is_crd = how.is_crd;
    const struct mface_shape view = { .rank = 6,
        .dim = { in->dim[0], is_crd ? c : b, b, is_crd ? b : c, in->dim[2], in->dim[3] } };
    mface_permute_init(permute, &view, is_crd ? crd : dcr, mface_dtype_bytes(step->in[0].dtype));
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    mface_permute_run(step->state, args->in[0].data, args->out[0].data, step->threads);
    return MFACE_OK;
}

const struct mface_op mface_op_depth_to_space = {
    .name = "DepthToSpace",
    .in_min = 1,
    .in_max = 1,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
