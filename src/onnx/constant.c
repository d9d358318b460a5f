#include "onnx/constant.h"

#include "base/hash.h"
#include "onnx/ops/cast.h"
#include "onnx/plan.h"

#include <string.h>

/* A float in a model file. */
typedef float loose_float __attribute__((aligned(1)));

static int64_t n_copies(const struct mface_constant *constant)
{
    return constant->copies ? constant->copies : 1;
}

static size_t value_bytes(const struct mface_constant *constant)
{
    return mface_dtype_bytes(constant->is_half ? MFACE_DTYPE_F16 : MFACE_DTYPE_F32);
}

/* n values from the i-th on, as they lie. */
static void read_values(const struct mface_constant *constant, int64_t i, int64_t n, float *out)
{
    const char *data = (const char *)constant->data + (size_t)i * value_bytes(constant);
    const struct mface_shape shape = { .rank = 1, .dim = { n } };
    const struct mface_tensor from = { MFACE_DTYPE_F16, shape, (void *)data };
    const struct mface_tensor to = { MFACE_DTYPE_F32, shape, out };
    if (constant->is_half)
        mface_cast(&from, &to, 1);
    else
        memcpy(out, data, (size_t)n * sizeof *out);
}

static void add_floats(const loose_float *values, int64_t n, float *sum)
{
    for (int64_t i = 0; i < n; i++)
        sum[i] += values[i];
}

static void add_halves(const char *halves, int64_t n, float *sum)
{
    enum { CHUNK = 256 };
    float wide[CHUNK];
    const struct mface_constant chunk = { .data = halves, .is_half = true };
    for (int64_t i = 0; i < n; i += CHUNK) {
        const int64_t length = n - i < CHUNK ? n - i : CHUNK;
        read_values(&chunk, i, length, wide);
        add_floats(wide, length, sum + i);
    }
}

void mface_constant_set_scale(
    struct mface_constant *constant, const float *scale, int64_t n_scales, int64_t n_values)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_key(&hasher, constant->source.key);
    mface_hasher_add_bytes(&hasher, scale, (size_t)n_scales * sizeof *scale);
    constant->source.key = mface_hasher_finish(&hasher);
    constant->scale = scale;
    constant->values_per_scale = n_values / n_scales;
}

static void scale_values(const struct mface_constant *constant, int64_t i, int64_t n, float *values)
{
    for (int64_t k = 0; k < n; k++)
        values[k] *= constant->scale[(i + k) / constant->values_per_scale];
}

static void read_rows(const struct mface_constant *constant, int64_t row, int64_t n_rows,
    int64_t row_values, float *out)
{
    const int64_t copies = n_copies(constant);
    if (copies == 1) {
        read_values(constant, row * row_values, n_rows * row_values, out);
        return;
    }
    for (int64_t r = row; r < row + n_rows; r++, out += row_values) {
        read_values(constant, r * copies * row_values, row_values, out);
        for (int64_t k = 1; k < copies; k++) {
            const char *values = (const char *)constant->data +
                                 (size_t)((r * copies + k) * row_values) * value_bytes(constant);
            if (constant->is_half)
                add_halves(values, row_values, out);
            else
                add_floats((const void *)values, row_values, out);
        }
    }
}

void mface_constant_read(const struct mface_constant *constant, int64_t row, int64_t n_rows,
    int64_t row_values, float *out)
{
    read_rows(constant, row, n_rows, row_values, out);
    if (constant->scale)
        scale_values(constant, row * row_values, n_rows * row_values, out);
}

void mface_constant_forget(
    const struct mface_constant *constant, int64_t row, int64_t n_rows, int64_t row_values)
{
    const size_t row_bytes = (size_t)(n_copies(constant) * row_values) * value_bytes(constant);
    if (constant->file)
        mface_onnx_forget_pages(constant->file,
            (const char *)constant->data + (size_t)row * row_bytes, (size_t)n_rows * row_bytes);
}

/* An initialiser is known by its place in the model. What was folded may depend on the inputs that
 * were fixed, and what a pass made on how the plan was asked for: only the pass knows. */
static struct mface_weight_source source_of(const struct mface_plan *plan, int index)
{
    struct mface_key key = plan->values[index].source;
    if (!plan->weights)
        return (struct mface_weight_source) { 0 };
    if (!key.hi && !key.lo) {
        if ((size_t)index >= plan->onnx->n_values)
            return (struct mface_weight_source) { 0 };
        struct mface_hasher hasher;
        mface_hasher_init(&hasher);
        mface_hasher_add_u64(&hasher, (uint64_t)index);
        if (!plan->onnx->values[index].initializer)
            mface_hasher_add_key(&hasher, plan->fixed_inputs);
        key = mface_hasher_finish(&hasher);
    }
    return (struct mface_weight_source) { .store = plan->weights, .key = key };
}

struct mface_constant mface_op_packable(const struct mface_step *step, int i)
{
    const struct mface_plan *plan = step->core->plan;
    const int index = i < step->n_in ? step->core->in[i] : -1;
    if (index < 0 || plan->values[index].storage != MFACE_STORAGE_CONST)
        return (struct mface_constant) { 0 };
    const struct mface_plan_value *value = &plan->values[index];
    return (struct mface_constant) {
        .data = value->tensor.data,
        .is_half = !value->owned && value->stored == MFACE_DTYPE_F16,
        .file = value->owned ? NULL : plan->onnx,
        .source = source_of(plan, index),
    };
}
