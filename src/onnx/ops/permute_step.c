/* Permute: a transposition of input 0 seen under another shape, which covers Transpose and the
 * depth/space operators in any layout. */
#include "onnx/ops/internal.h"
#include "onnx/ops/permute.h"

#include <string.h>

static enum mface_status prepare(struct mface_step *step)
{
    struct mface_permute *permute = mface_op_state(step, sizeof *permute);
    if (!permute)
        return mface_op_nomem(step);
    const struct mface_fusion *how = &step->fusion;
    struct mface_shape view = { .rank = how->view_rank };
    memcpy(view.dim, how->view, sizeof view.dim);
    mface_permute_init(permute, &view, how->perm, mface_dtype_bytes(step->in[0].dtype));
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    mface_permute_run(step->state, args->in[0].data, args->out[0].data, step->threads);
    return MFACE_OK;
}

const struct mface_op mface_op_permute = {
    .name = "Permute",
    .in_min = 1,
    .in_max = 1,
    .prepare = prepare,
    .run = run,
};
