/* Where there is no AMX to compile for, no convolution fits. */
#include "onnx/amx.h"

bool mface_amx_conv_fits(const struct mface_dnnl_conv *conv)
{
    (void)conv;
    return false;
}

bool mface_amx_conv_pays(const struct mface_dnnl_conv *conv)
{
    (void)conv;
    return false;
}

enum mface_status mface_amx_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_amx_conv **out)
{
    (void)conv;
    (void)threads;
    *out = NULL;
    return MFACE_ERR_UNSUPPORTED;
}

void mface_amx_conv_free(struct mface_amx_conv **kernel)
{
    *kernel = NULL;
}

size_t mface_amx_conv_scratch_bytes(const struct mface_amx_conv *kernel)
{
    (void)kernel;
    return 0;
}

size_t mface_amx_conv_weight_bytes(const struct mface_amx_conv *kernel)
{
    (void)kernel;
    return 0;
}

void mface_amx_conv_run(
    const struct mface_amx_conv *kernel, const void *src, void *dst, void *scratch)
{
    (void)kernel;
    (void)src;
    (void)dst;
    (void)scratch;
}
