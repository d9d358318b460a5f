/* libFuzzer target: a model file of any bytes must load and compile, or fail, and nothing else.
 *
 * Free dimensions of the inputs are set to 2, so that damaged shapes get as far as the operators.
 * Build with -Dfuzz=true and clang; start it with small models as the corpus. */
#include "base/log.h"
#include "onnx/onnx.h"

#include <stdint.h>

enum { INPUTS_MAX = 8 };

static void silence(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

static void plan(const struct mface_onnx *onnx)
{
    struct mface_tensor inputs[INPUTS_MAX];
    const size_t n = mface_onnx_n_inputs(onnx);
    for (size_t i = 0; i < n && i < INPUTS_MAX; i++) {
        const struct mface_value_info *info = mface_onnx_input(onnx, i);
        inputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        for (int k = 0; k < info->shape.rank; k++)
            if (info->shape.dim[k] < 0)
                inputs[i].shape.dim[k] = 2;
    }
    const struct mface_plan_params params = { .inputs = inputs, .n_inputs = n, .threads = 1 };
    struct mface_plan *out;
    if (n <= INPUTS_MAX && mface_plan_create(onnx, &params, &out) == MFACE_OK)
        mface_plan_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mface_onnx *onnx;
    mface_log_set(silence, NULL);
    if (mface_onnx_load_mem("fuzz", data, size, &onnx) == MFACE_OK) {
        plan(onnx);
        mface_onnx_free(&onnx);
    }
    return 0;
}
