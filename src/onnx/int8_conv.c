/* Convolutions in bytes: which ones there are, and what is made ready for runs. */
#include "onnx/int8_conv.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "onnx/amx.h"
#include "onnx/own_conv.h"

#if defined(__x86_64__)
const struct mface_int8_loops *mface_int8_loops(void)
{
    const unsigned flags = mface_cpu_flags(), vnni = MFACE_CPU_AVX512 | MFACE_CPU_AVX512_VNNI;
    if (flags & MFACE_CPU_AMX_INT8 && mface_amx_is_available())
        return &mface_int8_amx;
    if ((flags & vnni) == vnni)
        return &mface_int8_vnni;
    if (flags & MFACE_CPU_AVX_VNNI)
        return &mface_int8_avxvnni;
    return flags & MFACE_CPU_AVX2 ? &mface_int8_avx2 : &mface_int8_c;
}
#else
const struct mface_int8_loops *mface_int8_loops(void)
{
    return &mface_int8_c;
}
#endif

bool mface_int8_is_fast(void)
{
    return mface_int8_loops()->is_fast;
}

/* The greatest sum of products of a byte and a weight must fit into 32 bits. */
static bool can_overflow(const struct mface_dnnl_conv *conv)
{
    return conv->in_channels * conv->kernel[0] * conv->kernel[1] > INT32_MAX / (255 * 127);
}

bool mface_int8_conv_fits(const struct mface_dnnl_conv *conv)
{
    return mface_conv_is_plain(conv) && !conv->src_bf16 && !conv->dst_bf16 && !can_overflow(conv) &&
           (mface_conv_has_window(conv, 3, 1) || mface_conv_has_window(conv, 5, 2)) &&
           (conv->activation == MFACE_ACTIVATION_NONE || conv->activation == MFACE_ACTIVATION_RELU);
}

/* What a model begins and ends with has few channels: it takes little time, and its rounding would
 * be seen. */
bool mface_int8_conv_pays(const struct mface_dnnl_conv *conv)
{
    return conv->in_channels >= 16 && conv->out_channels >= 16;
}

int mface_int8_window_side(const struct mface_int8_conv *kernel)
{
    return 2 * kernel->stride + 1;
}

/* Taps of a phase, row by row, are those of a 3×3 window of its pixels that lie in the window. */
static int place_in_window(const struct mface_int8_conv *kernel, int phase, int y, int x)
{
    const int stride = kernel->stride, side = mface_int8_window_side(kernel);
    const int window_y = y * stride + phase / stride, window_x = x * stride + phase % stride;
    return window_y < side && window_x < side ? window_y * side + window_x : -1;
}

int mface_int8_window_place(const struct mface_int8_conv *kernel, int phase, int tap)
{
    for (int i = 0; i < MFACE_TAPS_MAX; i++) {
        const int place = place_in_window(kernel, phase, i / 3, i % 3);
        if (place >= 0 && tap-- == 0)
            return place;
    }
    return -1;
}

static void list_taps(struct mface_int8_conv *kernel)
{
    for (int phase = 0; phase < kernel->n_phases; phase++) {
        struct mface_taps *taps = &kernel->taps[phase];
        for (int i = 0; i < MFACE_TAPS_MAX; i++)
            if (place_in_window(kernel, phase, i / 3, i % 3) >= 0)
                taps->bytes[taps->n++] = (i / 3 * (kernel->width + 1) + i % 3) * MFACE_INT8_GROUP;
    }
}

static void describe(struct mface_int8_conv *kernel, const struct mface_dnnl_conv *conv)
{
    *kernel = (struct mface_int8_conv) {
        .batch = (int)conv->batch,
        .in_height = (int)conv->in[0],
        .in_width = (int)conv->in[1],
        .height = (int)conv->out[0],
        .width = (int)conv->out[1],
        .in_channels = (int)conv->in_channels,
        .out_channels = (int)conv->out_channels,
        .stride = (int)conv->stride[0],
        .n_phases = (int)(conv->stride[0] * conv->stride[0]),
        .n_groups = mface_divide_up((int)conv->in_channels, MFACE_INT8_GROUP),
        .n_panels = mface_divide_up((int)conv->out_channels, MFACE_INT8_PANEL),
        .space = mface_space_of((int)conv->out[1], (int)conv->out_channels, conv->to_space),
        .sum = conv->sum,
        .slope = conv->activation == MFACE_ACTIVATION_RELU ? conv->alpha : 1.0f,
    };
    list_taps(kernel);
}

static enum mface_status build(struct mface_int8_conv *kernel, const struct mface_dnnl_conv *conv)
{
    MFACE_TRY(mface_conv_copy_bias(conv, kernel->n_panels * MFACE_INT8_PANEL, &kernel->bias));
    return mface_int8_conv_pack(kernel, &conv->weights);
}

enum mface_status mface_int8_conv_create_with(const struct mface_dnnl_conv *conv, int threads,
    const struct mface_int8_loops *loops, struct mface_int8_conv **out)
{
    struct mface_int8_conv *kernel = *out = mface_mem_calloc(1, sizeof *kernel);
    if (!kernel)
        return MFACE_ERR_NOMEM;
    describe(kernel, conv);
    kernel->loops = loops;
    kernel->threads = threads;
    mface_int8_conv_cut(kernel);
    const enum mface_status status = build(kernel, conv);
    if (status != MFACE_OK)
        mface_int8_conv_free(out);
    return status;
}

enum mface_status mface_int8_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_int8_conv **out)
{
    return mface_int8_conv_create_with(conv, threads, mface_int8_loops(), out);
}

void mface_int8_conv_free(struct mface_int8_conv **kernel_ptr)
{
    struct mface_int8_conv *kernel = *kernel_ptr;
    if (!kernel)
        return;
    mface_packed_clear(&kernel->packed);
    mface_mem_free(kernel->bias);
    mface_mem_free(kernel);
    *kernel_ptr = NULL;
}

size_t mface_int8_conv_weight_bytes(const struct mface_int8_conv *kernel)
{
    return kernel->packed.bytes;
}
