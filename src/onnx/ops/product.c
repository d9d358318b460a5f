#include "onnx/ops/product.h"

#include "onnx/ops/foldable.h"

/* Leading dimensions of the first factor are rows like any other, where the second has none. */
static int64_t count_rows(const struct mface_dnnl_matmul *matmul)
{
    int64_t rows = 1;
    for (int i = 0; i < matmul->rank - 1; i++)
        rows *= matmul->a[i];
    return rows;
}

bool mface_product_is_dense(const struct mface_step *step)
{
    const struct mface_shape *b = &step->in[1].shape;
    for (int i = 0; i < b->rank - 2; i++)
        if (b->dim[i] != 1)
            return false;
    return !mface_op_attr_int(step, "transA", 0);
}

static enum mface_precision precision_of(const struct mface_step *step)
{
    if (step->in[0].dtype == MFACE_DTYPE_BF16)
        return MFACE_PRECISION_BF16;
    return step->fusion.int8 ? MFACE_PRECISION_INT8 : MFACE_PRECISION_F32;
}

static enum mface_status create_dense(
    struct mface_step *step, const struct mface_dnnl_matmul *matmul, struct mface_product *product)
{
    const struct mface_dense_params params = {
        .rows = count_rows(matmul),
        .in = matmul->b[matmul->rank - 2],
        .out = matmul->b[matmul->rank - 1],
        .weights = mface_op_packable(step, 1),
        .transposed = matmul->b_transposed,
        .precision = precision_of(step),
        .src_bf16 = step->in[0].dtype == MFACE_DTYPE_BF16,
        .dst_bf16 = step->out[0].dtype == MFACE_DTYPE_BF16,
        .scale = matmul->scale,
        .bias = matmul->has_bias ? step->in[2].data : NULL,
        .threads = step->threads,
    };
    if (mface_dense_create(&params, &product->dense) != MFACE_OK)
        return mface_op_nomem(step);
    step->weight_bytes = (int64_t)mface_dense_weight_bytes(product->dense);
    step->in_unused = 1u << 1 | (params.bias ? 1u << 2 : 0);
    return MFACE_OK;
}

static enum mface_status create_kernel(
    struct mface_step *step, const struct mface_dnnl_matmul *matmul, struct mface_product *product)
{
    const enum mface_status status = mface_dnnl_matmul_create(matmul, &product->kernel);
    if (status != MFACE_OK)
        return mface_op_fail(step, status, "oneDNN has no kernel for these shapes");
    step->scratch_bytes = mface_dnnl_scratch_bytes(product->kernel);
    return MFACE_OK;
}

enum mface_status mface_product_create(
    struct mface_step *step, const struct mface_dnnl_matmul *matmul, struct mface_product *product)
{
    const bool is_constant =
        mface_op_packable(step, 1).data && (!matmul->has_bias || step->in[2].data);
    MFACE_TRY(is_constant && mface_product_is_dense(step) ? create_dense(step, matmul, product)
                                                          : create_kernel(step, matmul, product));
    step->flops = 2 * mface_shape_count(&step->out[0].shape) * matmul->b[matmul->rank - 2];
    return MFACE_OK;
}

void mface_product_clear(struct mface_product *product)
{
    mface_dense_free(&product->dense);
    mface_dnnl_free(&product->kernel);
}

enum mface_status mface_product_run(const struct mface_step *step,
    const struct mface_product *product, const struct mface_op_args *args)
{
    const struct mface_tensor *in = args->in;
    if (product->dense)
        mface_dense_run(product->dense, in[0].data, args->out[0].data);
    if (!product->kernel)
        return MFACE_OK;
    const enum mface_status status = mface_dnnl_run(product->kernel, in[0].data, in[1].data,
        step->n_in > 2 ? in[2].data : NULL, args->out[0].data, args->scratch);
    return status == MFACE_OK ? MFACE_OK : mface_op_fail(step, status, "oneDNN failed");
}
