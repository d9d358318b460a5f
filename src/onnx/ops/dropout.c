/* Dropout at inference: the input as it is, and a mask of all true. Training mode is refused. */
#include "onnx/ops/family.h"

#include <string.h>

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPES_ANY));
    if (step->opset < 10 && mface_op_has_out(step, 1))
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "a mask before operator set 10");
    step->out[1].dtype = MFACE_DTYPE_BOOL;
    step->out[1].shape = step->in[0].shape;
    return mface_op_infer_same(step);
}

static enum mface_status prepare(struct mface_step *step)
{
    if (!mface_op_has_in(step, 2))
        return MFACE_OK;
    const bool *training = step->in[2].data;
    if (step->in[2].dtype == MFACE_DTYPE_BOOL && training && !*training)
        return MFACE_OK;
    return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "training mode");
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    (void)step;
    const struct mface_tensor *x = &args->in[0], *y = &args->out[0], *mask = &args->out[1];
    if (y->data && y->data != x->data)
        memcpy(y->data, x->data, mface_tensor_bytes(x));
    if (mask->data)
        memset(mask->data, 1, mface_tensor_bytes(mask));
    return MFACE_OK;
}

const struct mface_op mface_op_dropout = {
    .name = "Dropout",
    .opset_min = 7,
    .in_min = 1,
    .in_max = 3,
    .out_max = 2,
    .flags = MFACE_OP_IN_PLACE,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
