/* Winograd convolutions: which ones there are, and what is made ready for runs. */
#include "onnx/wino_conv.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/own_conv.h"

bool mface_wino_conv_fits(const struct mface_dnnl_conv *conv)
{
    return mface_conv_is_plain(conv) && !conv->src_bf16 && !conv->dst_bf16 &&
           (mface_conv_has_window(conv, 3, 1) || mface_conv_has_window(conv, 5, 2)) &&
           (conv->activation == MFACE_ACTIVATION_NONE ||
               conv->activation == MFACE_ACTIVATION_RELU ||
               conv->activation == MFACE_ACTIVATION_CLIP);
}

/* Measured on one and two cores (Zen 3), weights not in the cache. A tile or two do not pay for
 * transforming weights, of which a 5×5 window has four sets, and with few channels pixels and
 * results are transformed for too few products. */
bool mface_wino_conv_pays(const struct mface_dnnl_conv *conv)
{
    const int64_t least_pixels = conv->stride[0] == 1 ? 36 : 100;
    return conv->out[0] * conv->out[1] >= least_pixels && conv->in_channels >= 16 &&
           conv->in_channels * conv->out_channels >= 256;
}

static enum mface_wino_activation activation_of(const struct mface_dnnl_conv *conv)
{
    switch (conv->activation) {
    case MFACE_ACTIVATION_RELU:
        return MFACE_WINO_SLOPE;
    case MFACE_ACTIVATION_CLIP:
        return MFACE_WINO_CUT;
    default:
        return MFACE_WINO_NONE;
    }
}

static void describe(struct mface_wino_conv *kernel, const struct mface_dnnl_conv *conv,
    const struct mface_wino_kernels *loops)
{
    *kernel = (struct mface_wino_conv) {
        .loops = loops,
        .batch = (int)conv->batch,
        .in_height = (int)conv->in[0],
        .in_width = (int)conv->in[1],
        .height = (int)conv->out[0],
        .width = (int)conv->out[1],
        .stride = (int)conv->stride[0],
        .n_phases = (int)(conv->stride[0] * conv->stride[0]),
        .in_channels = (int)conv->in_channels,
        .out_channels = (int)conv->out_channels,
        .panel = MFACE_WINO_VECTORS * loops->lanes,
        .n_panels = mface_divide_up((int)conv->out_channels, MFACE_WINO_VECTORS * loops->lanes),
        .n_tiles_x = mface_divide_up((int)conv->out[1], MFACE_WINO_TILE),
        .n_tiles_y = mface_divide_up((int)conv->out[0], MFACE_WINO_TILE),
        .space = mface_space_of((int)conv->out[1], (int)conv->out_channels, conv->to_space),
        .sum = conv->sum,
        .activation = activation_of(conv),
        .alpha = conv->alpha,
        .beta = conv->beta,
    };
    kernel->n_tiles = kernel->batch * kernel->n_tiles_y * kernel->n_tiles_x;
}

static enum mface_status build(struct mface_wino_conv *kernel, const struct mface_dnnl_conv *conv)
{
    MFACE_TRY(mface_conv_copy_bias(conv, (kernel->n_panels + 1) * kernel->panel, &kernel->bias));
    kernel->zeros = mface_mem_calloc((size_t)kernel->in_channels, sizeof *kernel->zeros);
    if (!kernel->zeros)
        return MFACE_ERR_NOMEM;
    return mface_wino_conv_pack(kernel, &conv->weights);
}

enum mface_status mface_wino_conv_create_with(const struct mface_dnnl_conv *conv, int threads,
    const struct mface_wino_kernels *loops, struct mface_wino_conv **out)
{
    struct mface_wino_conv *kernel = *out = mface_mem_calloc(1, sizeof *kernel);
    if (!kernel)
        return MFACE_ERR_NOMEM;
    describe(kernel, conv, loops);
    kernel->threads = threads;
    mface_wino_conv_cut(kernel);
    const enum mface_status status = build(kernel, conv);
    if (status != MFACE_OK)
        mface_wino_conv_free(out);
    return status;
}

enum mface_status mface_wino_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_wino_conv **out)
{
    return mface_wino_conv_create_with(conv, threads, mface_wino_kernels(), out);
}

void mface_wino_conv_free(struct mface_wino_conv **kernel_ptr)
{
    struct mface_wino_conv *kernel = *kernel_ptr;
    if (!kernel)
        return;
    mface_packed_clear(&kernel->packed);
    mface_mem_free(kernel->bias);
    mface_mem_free(kernel->zeros);
    mface_mem_free(kernel);
    *kernel_ptr = NULL;
}

size_t mface_wino_conv_scratch_bytes(const struct mface_wino_conv *kernel)
{
    return kernel->scratch_values * (size_t)kernel->threads * sizeof(float);
}

size_t mface_wino_conv_weight_bytes(const struct mface_wino_conv *kernel)
{
    return kernel->packed.bytes;
}
