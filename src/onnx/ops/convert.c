/* Convert: f32 to bf16, rounded to the nearest, ties to even; and back. */
#include "onnx/bf16.h"
#include "onnx/ops/internal.h"
#include "onnx/parallel.h"

static void narrow(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    (void)step;
    const uint32_t *x = args->in[0].data;
    uint16_t *y = args->out[0].data;
    for (int64_t i = first; i < end; i++)
        y[i] = mface_bf16_narrow(x[i]);
}

static void widen(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    (void)step;
    const uint16_t *x = args->in[0].data;
    uint32_t *y = args->out[0].data;
    for (int64_t i = first; i < end; i++)
        y[i] = mface_bf16_widen(x[i]);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    mface_op_parallel(step, args, n, n, step->out[0].dtype == MFACE_DTYPE_BF16 ? narrow : widen);
    return MFACE_OK;
}

const struct mface_op mface_op_convert = {
    .name = "Convert",
    .in_min = 1,
    .in_max = 1,
    .run = run,
};
