/* Convert: f32 to bf16, rounded to the nearest, ties to even; and back. */
#include "onnx/ops/internal.h"

/* Elements from which a second thread pays for itself. */
enum { PARALLEL_MIN = 1 << 16 };

static uint16_t to_bf16(uint32_t bits)
{
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const uint32_t quiet_nan = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet_nan : rounded);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const int64_t n = mface_shape_count(&step->out[0].shape);
    const void *x = args->in[0].data;
    void *y = args->out[0].data;
    if (step->out[0].dtype == MFACE_DTYPE_BF16) {
#pragma omp parallel for num_threads(step->threads) if (n > PARALLEL_MIN)
        for (int64_t i = 0; i < n; i++)
            ((uint16_t *)y)[i] = to_bf16(((const uint32_t *)x)[i]);
    } else {
#pragma omp parallel for num_threads(step->threads) if (n > PARALLEL_MIN)
        for (int64_t i = 0; i < n; i++)
            ((uint32_t *)y)[i] = (uint32_t)((const uint16_t *)x)[i] << 16;
    }
    return MFACE_OK;
}

const struct mface_op mface_op_convert = {
    .name = "Convert",
    .in_min = 1,
    .in_max = 1,
    .run = run,
};
