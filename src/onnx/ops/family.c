#include "onnx/ops/family.h"

#include "onnx/ops/elem.h"

#include <assert.h>
#include <string.h>

const struct mface_binary_kernels *mface_binary_kernels_find(
    const struct mface_binary_kernels *rows, size_t n_rows, const char *name)
{
    size_t i = 0;
    while (i < n_rows && strcmp(rows[i].name, name) != 0)
        i++;
    assert(i < n_rows);
    return &rows[i];
}

mface_binary_fn mface_binary_kernels_get(
    const struct mface_binary_kernels *kernels, enum mface_dtype compute)
{
    switch (compute) {
    case MFACE_DTYPE_F32:
        return kernels->f32;
    case MFACE_DTYPE_F64:
        return kernels->f64;
    default:
        return kernels->i64;
    }
}

enum mface_status mface_op_check_like_first(const struct mface_step *step, int i)
{
    return mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(step->in[0].dtype));
}

enum mface_status mface_infer_binary(struct mface_step *step, unsigned mask)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, mask));
    MFACE_TRY(mface_op_check_like_first(step, 1));
    return mface_op_infer_broadcast(step);
}

enum mface_status mface_prepare_binary(
    struct mface_step *step, const struct mface_binary_kernels *kernels)
{
    struct mface_binary_state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    state->compute = mface_elem_compute_dtype(step->in[0].dtype);
    state->fn = mface_binary_kernels_get(kernels, state->compute);
    if (!state->fn)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "is not supported on %s",
            mface_dtype_name(step->in[0].dtype));
    return MFACE_OK;
}

enum mface_status mface_run_binary(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_binary_state *state = step->state;
    mface_elementwise_binary(&args->in[0], &args->in[1], &args->out[0], state->compute,
        state->compute, state->fn, step->threads);
    return MFACE_OK;
}
