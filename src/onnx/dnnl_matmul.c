/* Matrix products, everything plain. */
#include "onnx/dnnl_kernel.h"

static dnnl_status_t matmul_slots(struct mface_dnnl *kernel, const struct mface_dnnl_matmul *matmul)
{
    const int rank = matmul->rank, row = rank - 2, column = rank - 1;
    dnnl_dims_t a, b, dst, bias;
    for (int i = 0; i < rank; i++) {
        a[i] = matmul->a[i];
        b[i] = matmul->b[i];
        dst[i] = i == column ? b[i] : i == row || b[i] == 1 ? a[i] : b[i];
        bias[i] = i == column ? b[i] : 1;
    }
    struct mface_dnnl_slot *slot = kernel->slot;
    slot[MFACE_SLOT_SRC].used = slot[MFACE_SLOT_WEIGHTS].used = slot[MFACE_SLOT_DST].used = true;
    slot[MFACE_SLOT_BIAS].used = matmul->has_bias;
    const bool at = matmul->a_transposed, bt = matmul->b_transposed;
    dnnl_status_t status =
        mface_dnnl_plain_md(&slot[MFACE_SLOT_SRC].plain, rank, a, at ? row : 0, at ? column : 0);
    if (status == dnnl_success)
        status = mface_dnnl_plain_md(
            &slot[MFACE_SLOT_WEIGHTS].plain, rank, b, bt ? row : 0, bt ? column : 0);
    if (status == dnnl_success)
        status = mface_dnnl_plain_md(&slot[MFACE_SLOT_DST].plain, rank, dst, 0, 0);
    if (status == dnnl_success)
        status = mface_dnnl_plain_md(&slot[MFACE_SLOT_BIAS].plain, rank, bias, 0, 0);
    return status;
}

static enum mface_status matmul_complete(struct mface_dnnl *kernel,
    const struct mface_dnnl_matmul *matmul, const_dnnl_primitive_attr_t attr)
{
    const struct mface_dnnl_slot *slot = kernel->slot;
    const struct mface_constant constant[MFACE_SLOT_N] = { 0 };
    dnnl_matmul_desc_t op;
    MFACE_TRY_DNNL(
        dnnl_matmul_desc_init(&op, &slot[MFACE_SLOT_SRC].plain, &slot[MFACE_SLOT_WEIGHTS].plain,
            matmul->has_bias ? &slot[MFACE_SLOT_BIAS].plain : NULL, &slot[MFACE_SLOT_DST].plain));
    return mface_dnnl_complete(kernel, &op, attr, constant);
}

/* oneDNN 2.6 splits the sums of a product by the number of threads below AVX-512. */
enum mface_status mface_dnnl_matmul_create(
    const struct mface_dnnl_matmul *matmul, struct mface_dnnl **out)
{
    *out = NULL;
    enum mface_status status = mface_dnnl_begin(out);
    if (status != MFACE_OK)
        return status;
    (*out)->on_one_thread = true;
    dnnl_primitive_attr_t attr = NULL;
    status = mface_dnnl_status(
        mface_dnnl_create_attr(MFACE_ACTIVATION_NONE, 0.0f, 0.0f, matmul->scale, false, &attr));
    if (status == MFACE_OK)
        status = mface_dnnl_status(matmul_slots(*out, matmul));
    if (status == MFACE_OK)
        status = matmul_complete(*out, matmul, attr);
    dnnl_primitive_attr_destroy(attr);
    if (status != MFACE_OK)
        mface_dnnl_free(out);
    return status;
}
