/* Where: elements of X where the condition holds, of Y elsewhere; all three are broadcast. */
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"
#include "onnx/ops/walk.h"

#include <string.h>

static enum mface_status infer(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_BOOL)));
    MFACE_TRY(mface_op_check_dtype(step, 1, MFACE_DTYPES_ANY));
    MFACE_TRY(mface_op_check_dtype(step, 2, MFACE_DTYPE_BIT(step->in[1].dtype)));
    MFACE_TRY(mface_op_infer_broadcast(step));
    step->out[0].dtype = step->in[1].dtype;
    return MFACE_OK;
}

/* One row; operand 0 is the condition, 1 and 2 the choices, 3 the output. */
static void choose(
    const struct mface_walk *walk, const struct mface_tensor *in, char *y, size_t bytes)
{
    const int64_t size = (int64_t)bytes;
    const uint8_t *condition = (const uint8_t *)in[0].data + walk->offset[0];
    const char *choice[2] = { (const char *)in[2].data + walk->offset[2] * size,
        (const char *)in[1].data + walk->offset[1] * size };
    const int64_t step[2] = { walk->step[2] * size, walk->step[1] * size };
    for (int64_t i = 0; i < walk->n; i++) {
        const int pick = condition[i * walk->step[0]] != 0;
        memcpy(y + i * size, choice[pick] + i * step[pick], bytes);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    (void)step;
    const struct mface_tensor *y = &args->out[0];
    struct mface_walk walk;
    mface_walk_init(&walk, &y->shape);
    for (int i = 0; i < 3; i++)
        mface_walk_add_broadcast(&walk, &args->in[i].shape);
    mface_walk_add_broadcast(&walk, &y->shape);
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
        choose(&walk, args->in, mface_elem_at(y->data, y->dtype, walk.offset[3]),
            mface_dtype_bytes(y->dtype));
    return MFACE_OK;
}

const struct mface_op mface_op_where = {
    .name = "Where",
    .opset_min = 9,
    .in_min = 3,
    .in_max = 3,
    .infer = infer,
    .run = run,
};
