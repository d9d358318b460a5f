/* libFuzzer target: a model file of any bytes must load, compile and run, or fail, and nothing
 * else.
 *
 * Free dimensions of the inputs are set to 2, so that damaged shapes get as far as the operators.
 * Small plans are run. Build with -Dfuzz=true and clang; tools/fuzz.sh does all of it. */
#include "base/log.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <stdint.h>
#include <string.h>

enum { INPUTS_MAX = 8, OUTPUTS_MAX = 16, MAX_BYTES = 16 << 20, MAX_FLOPS = 50000000 };

static void silence(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

/* Memory for a tensor, or false where it is too large to try. */
static bool allocate(const struct mface_value_info *info, struct mface_tensor *tensor)
{
    *tensor = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
    for (int k = 0; k < info->shape.rank; k++)
        if (info->shape.dim[k] < 0)
            tensor->shape.dim[k] = 2;
    if (!mface_shape_valid(&tensor->shape) || mface_tensor_bytes(tensor) > MAX_BYTES)
        return false;
    tensor->data = mface_mem_calloc(1, mface_tensor_bytes(tensor));
    return tensor->data != NULL;
}

static void run(
    const struct mface_onnx *onnx, struct mface_plan *plan, const struct mface_tensor *inputs)
{
    struct mface_tensor outputs[OUTPUTS_MAX] = { 0 };
    const size_t n = mface_onnx_n_outputs(onnx);
    bool good = n <= OUTPUTS_MAX && mface_plan_flops(plan) <= MAX_FLOPS;
    for (size_t i = 0; i < n && good; i++)
        good = allocate(mface_plan_output(plan, i), &outputs[i]);
    if (good && mface_plan_run(plan, inputs, outputs) != MFACE_OK)
        good = false; // a failed run is an answer too
    for (size_t i = 0; i < OUTPUTS_MAX; i++)
        mface_mem_free(outputs[i].data);
}

static void plan(const struct mface_onnx *onnx, enum mface_precision precision)
{
    struct mface_tensor inputs[INPUTS_MAX] = { 0 }, shapes[INPUTS_MAX];
    const size_t n = mface_onnx_n_inputs(onnx);
    bool good = n <= INPUTS_MAX;
    for (size_t i = 0; i < n && good; i++)
        good = allocate(mface_onnx_input(onnx, i), &inputs[i]);
    for (size_t i = 0; i < n && good; i++) {
        shapes[i] = inputs[i];
        shapes[i].data = strstr(mface_onnx_input(onnx, i)->name, "morph") ? inputs[i].data : NULL;
    }
    const struct mface_plan_params params = { .inputs = shapes,
        .n_inputs = n,
        .threads = 1,
        .precision = precision,
        .max_bytes = MAX_BYTES };
    struct mface_plan *out;
    if (good && mface_plan_create(onnx, &params, &out) == MFACE_OK) {
        run(onnx, out, inputs);
        mface_plan_free(&out);
    }
    for (size_t i = 0; i < INPUTS_MAX; i++)
        mface_mem_free(inputs[i].data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mface_onnx *onnx;
    mface_log_set(silence, NULL);
    if (mface_onnx_load_mem("fuzz", data, size, &onnx) == MFACE_OK) {
        for (int i = 0; i < MFACE_N_PRECISIONS; i++)
            plan(onnx, i);
        mface_onnx_free(&onnx);
    }
    return 0;
}
