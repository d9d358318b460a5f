/* Convolutions, plain and transposed: a primitive for one picture, since for another number of them
 * oneDNN may choose another algorithm, and with it other bits. It chooses every layout. */
#include "onnx/dnnl_kernel.h"

static dnnl_status_t data_md(
    const struct mface_dnnl_conv *conv, const dnnl_dims_t dims, bool bf16, dnnl_memory_desc_t *md)
{
    const int rank = 2 + conv->n_spatial;
    const dnnl_status_t status = conv->channels_last ? mface_dnnl_last_md(md, rank, dims)
                                                     : mface_dnnl_plain_md(md, rank, dims, 0, 0);
    mface_dnnl_set_bf16(md, bf16);
    return status;
}

static dnnl_status_t conv_slots(struct mface_dnnl *kernel, const struct mface_dnnl_conv *conv)
{
    const int n = conv->n_spatial;
    dnnl_dims_t src = { 1, conv->in_channels }, dst = { 1, conv->out_channels };
    dnnl_dims_t weights = { conv->groups, conv->out_channels / conv->groups,
        conv->in_channels / conv->groups };
    const dnnl_dims_t bias = { conv->out_channels };
    for (int i = 0; i < n; i++) {
        src[2 + i] = conv->in[i];
        dst[2 + i] = conv->out[i];
        weights[3 + i] = conv->kernel[i];
    }
    struct mface_dnnl_slot *slot = kernel->slot;
    kernel->n_runs = conv->batch;
    slot[MFACE_SLOT_SRC].used = slot[MFACE_SLOT_WEIGHTS].used = slot[MFACE_SLOT_DST].used = true;
    slot[MFACE_SLOT_BIAS].used = conv->has_bias;
    const bool grouped = conv->groups > 1; // ungrouped weights have no group dimension
    const int first = grouped ? 0 : 1, out_dim = grouped ? 1 : 0;
    const int in_dim = out_dim + 1;
    dnnl_status_t status = data_md(conv, src, conv->src_bf16, &slot[MFACE_SLOT_SRC].plain);
    if (status == dnnl_success)
        status = data_md(conv, dst, conv->dst_bf16, &slot[MFACE_SLOT_DST].plain);
    if (status == dnnl_success)
        status = mface_dnnl_plain_md(&slot[MFACE_SLOT_WEIGHTS].plain, 3 + n - first,
            weights + first, conv->transposed ? out_dim : 0, conv->transposed ? in_dim : 0);
    if (status == dnnl_success)
        status = mface_dnnl_plain_md(&slot[MFACE_SLOT_BIAS].plain, 1, bias, 0, 0);
    return status;
}

struct conv_layouts {
    dnnl_memory_desc_t src, weights, dst;
};

/* oneDNN declares these as arrays of its own maximum rank. */
struct conv_geometry {
    dnnl_dims_t stride, dilation, pad_begin, pad_end;
};

static void conv_geometry(const struct mface_dnnl_conv *conv, struct conv_geometry *geometry)
{
    for (int i = 0; i < conv->n_spatial; i++) {
        geometry->stride[i] = conv->stride[i];
        geometry->dilation[i] = conv->dilation[i] - 1;
        geometry->pad_begin[i] = conv->pad_begin[i];
        geometry->pad_end[i] = conv->pad_end[i];
    }
}

/* With channels last the plan has chosen, so that neighbours agree; else oneDNN may. */
static dnnl_status_t choose_layouts(const struct mface_dnnl_conv *conv,
    const struct mface_dnnl_slot *slot, struct conv_layouts *layouts)
{
    const dnnl_data_type_t src = conv->src_bf16 ? dnnl_bf16 : dnnl_f32;
    const dnnl_status_t status =
        mface_dnnl_any_md(&layouts->weights, &slot[MFACE_SLOT_WEIGHTS].plain, src);
    layouts->src = slot[MFACE_SLOT_SRC].plain;
    layouts->dst = slot[MFACE_SLOT_DST].plain;
    if (conv->channels_last || status != dnnl_success)
        return status;
    const dnnl_status_t src_status =
        mface_dnnl_any_md(&layouts->src, &slot[MFACE_SLOT_SRC].plain, src);
    return src_status == dnnl_success
               ? mface_dnnl_any_md(&layouts->dst, &slot[MFACE_SLOT_DST].plain, dnnl_f32)
               : src_status;
}

static enum mface_status conv_complete(
    struct mface_dnnl *kernel, const struct mface_dnnl_conv *conv, const_dnnl_primitive_attr_t attr)
{
    struct conv_layouts layouts;
    struct conv_geometry at;
    union {
        dnnl_convolution_desc_t conv;
        dnnl_deconvolution_desc_t deconv;
    } op;
    conv_geometry(conv, &at);
    MFACE_TRY_DNNL(choose_layouts(conv, kernel->slot, &layouts));
    const dnnl_memory_desc_t *bias = conv->has_bias ? &kernel->slot[MFACE_SLOT_BIAS].plain : NULL;
    if (conv->transposed)
        MFACE_TRY_DNNL(dnnl_dilated_deconvolution_forward_desc_init(&op.deconv,
            dnnl_forward_inference, dnnl_deconvolution_direct, &layouts.src, &layouts.weights, bias,
            &layouts.dst, at.stride, at.dilation, at.pad_begin, at.pad_end));
    else
        MFACE_TRY_DNNL(dnnl_dilated_convolution_forward_desc_init(&op.conv, dnnl_forward_inference,
            dnnl_convolution_direct, &layouts.src, &layouts.weights, bias, &layouts.dst, at.stride,
            at.dilation, at.pad_begin, at.pad_end));
    const struct mface_constant constant[MFACE_SLOT_N] = {
        [MFACE_SLOT_WEIGHTS] = conv->weights, [MFACE_SLOT_BIAS] = { .data = conv->bias }
    };
    return mface_dnnl_complete(kernel, &op, attr, constant);
}

enum mface_status mface_dnnl_conv_create(
    const struct mface_dnnl_conv *conv, struct mface_dnnl **out)
{
    *out = NULL;
    enum mface_status status = mface_dnnl_begin(out);
    if (status != MFACE_OK)
        return status;
    dnnl_primitive_attr_t attr = NULL;
    status = mface_dnnl_status(
        mface_dnnl_create_attr(conv->activation, conv->alpha, conv->beta, 1.0f, conv->sum, &attr));
    if (status == MFACE_OK)
        status = mface_dnnl_status(conv_slots(*out, conv));
    if (status == MFACE_OK)
        status = conv_complete(*out, conv, attr);
    dnnl_primitive_attr_destroy(attr);
    if (status != MFACE_OK)
        mface_dnnl_free(out);
    return status;
}
