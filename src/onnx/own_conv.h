/* What the convolutions that are not oneDNN's have in common: those in tiles (amx.h), Winograd's
 * (wino.h) and those in bytes (int8.h). */
#ifndef MFACE_ONNX_OWN_CONV_H
#define MFACE_ONNX_OWN_CONV_H

#include "base/mem.h"
#include "onnx/dnnl.h"

#include <string.h>

static inline int mface_divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

static inline int mface_gcd(int a, int b)
{
    return b ? mface_gcd(b, a % b) : a;
}

/* A square window whose results lie in the middle of it. */
static inline bool mface_conv_has_window(
    const struct mface_dnnl_conv *conv, int64_t side, int64_t stride)
{
    for (int i = 0; i < 2; i++)
        if (conv->kernel[i] != side || conv->stride[i] != stride || conv->dilation[i] != 1 ||
            conv->pad_begin[i] != side / 2 || conv->pad_end[i] != side / 2)
            return false;
    return true;
}

/* Of pictures, channels last, with weights and bias that are constant; small enough for indices of
 * a row, a picture's rows and a panel to be ints. Window, types and activation apart. */
static inline bool mface_conv_is_plain(const struct mface_dnnl_conv *conv)
{
    const int64_t limit = 1 << 14;
    return !conv->transposed && conv->n_spatial == 2 && conv->groups == 1 && conv->channels_last &&
           conv->weights.data && (!conv->has_bias || conv->bias) && conv->in[0] <= limit &&
           conv->in[1] <= limit && conv->in_channels <= limit && conv->out_channels <= limit &&
           conv->batch <= limit;
}

/* The bias, zeros where there is none and beyond the last channel, for mface_mem_free();
 * MFACE_ERR_NOMEM. */
MFACE_NODISCARD static inline enum mface_status mface_conv_copy_bias(
    const struct mface_dnnl_conv *conv, int n_values, float **bias)
{
    *bias = mface_mem_calloc((size_t)n_values, sizeof **bias);
    if (!*bias)
        return MFACE_ERR_NOMEM;
    if (conv->bias)
        memcpy(*bias, conv->bias, (size_t)conv->out_channels * sizeof **bias);
    return MFACE_OK;
}

#endif
