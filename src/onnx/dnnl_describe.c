/* Layouts and attributes: the words in which kernels are described to oneDNN. */
#include "onnx/dnnl_kernel.h"

static dnnl_status_t dense_md(
    dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims, const int *order)
{
    dnnl_dims_t stride = { 0 };
    dnnl_dim_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        stride[order[i]] = step;
        step *= dims[order[i]];
    }
    return dnnl_memory_desc_init_by_strides(md, rank, dims, dnnl_f32, stride);
}

dnnl_status_t mface_dnnl_plain_md(
    dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims, int swap_a, int swap_b)
{
    int order[DNNL_MAX_NDIMS]; // of dimensions in memory, outermost first
    for (int i = 0; i < rank; i++)
        order[i] = i;
    order[swap_a] = swap_b;
    order[swap_b] = swap_a;
    return dense_md(md, rank, dims, order);
}

dnnl_status_t mface_dnnl_last_md(dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims)
{
    int order[DNNL_MAX_NDIMS] = { 0 };
    for (int i = 1; i < rank - 1; i++)
        order[i] = i + 1;
    order[rank - 1] = 1;
    return dense_md(md, rank, dims, order);
}

dnnl_status_t mface_dnnl_any_md(
    dnnl_memory_desc_t *md, const dnnl_memory_desc_t *like, dnnl_data_type_t type)
{
    return dnnl_memory_desc_init_by_tag(md, like->ndims, like->dims, type, dnnl_format_tag_any);
}

dnnl_status_t mface_dnnl_create_attr(enum mface_activation activation, float alpha, float beta,
    float scale, bool sum, dnnl_primitive_attr_t *attr)
{
    static const dnnl_alg_kind_t alg[] = {
        [MFACE_ACTIVATION_RELU] = dnnl_eltwise_relu,
        [MFACE_ACTIVATION_SIGMOID] = dnnl_eltwise_logistic,
        [MFACE_ACTIVATION_TANH] = dnnl_eltwise_tanh,
        [MFACE_ACTIVATION_CLIP] = dnnl_eltwise_clip,
    };
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && scale != 1.0f)
        status = dnnl_primitive_attr_set_output_scales(*attr, 1, 0, &scale);
    if (status != dnnl_success || (activation == MFACE_ACTIVATION_NONE && !sum))
        return status;
    status = dnnl_post_ops_create(&ops);
    if (status == dnnl_success && sum)
        status = dnnl_post_ops_append_sum(ops, 1.0f);
    if (status == dnnl_success && activation != MFACE_ACTIVATION_NONE)
        status = dnnl_post_ops_append_eltwise(ops, 1.0f, alg[activation], alpha, beta);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return status;
}
