/* Transpose, of any element type; without `perm` the dimensions are reversed. */
#include "onnx/ops/foldable.h"
#include "onnx/ops/permute.h"

enum mface_status mface_transpose_perm(
    const struct mface_step *step, int perm[MFACE_TENSOR_RANK_MAX])
{
    const int64_t *values;
    const int rank = step->in[0].shape.rank;
    const size_t n = mface_op_attr_ints(step, "perm", &values);
    unsigned seen = 0;
    for (int i = 0; i < rank; i++)
        perm[i] = rank - 1 - i;
    if (!n)
        return MFACE_OK;
    for (size_t i = 0; i < n && n == (size_t)rank; i++) {
        if (values[i] < 0 || values[i] >= rank)
            break;
        perm[i] = (int)values[i];
        seen |= 1u << values[i];
    }
    if (seen != (1u << rank) - 1)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "perm is no permutation of %d axes", rank);
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    int perm[MFACE_TENSOR_RANK_MAX];
    MFACE_TRY(mface_transpose_perm(step, perm));
    MFACE_TRY(mface_op_infer_same(step));
    for (int i = 0; i < step->in[0].shape.rank; i++)
        step->out[0].shape.dim[i] = step->in[0].shape.dim[perm[i]];
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    int perm[MFACE_TENSOR_RANK_MAX];
    struct mface_permute *permute = mface_op_state(step, sizeof *permute);
    if (!permute)
        return mface_op_nomem(step);
    MFACE_TRY(mface_transpose_perm(step, perm));
    mface_permute_init(permute, &step->in[0].shape, perm, mface_dtype_bytes(step->in[0].dtype));
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    mface_permute_run(step->state, args->in[0].data, args->out[0].data, step->threads);
    return MFACE_OK;
}

const struct mface_op mface_op_transpose = {
    .name = "Transpose",
    .in_min = 1,
    .in_max = 1,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};
