/* Weights on their way into panels: a panel's output channels at a time are read from the model
 * file into a small buffer, and its pages are given back at once. */
#include "onnx/wino_conv.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

struct packing {
    const struct mface_wino_conv *kernel;
    const struct mface_constant *from;
};

static size_t panel_values(const struct mface_wino_conv *kernel)
{
    return (size_t)(kernel->n_phases * kernel->in_channels) * MFACE_WINO_TAPS *
           (size_t)kernel->panel;
}

/* Of the window as the model has it. */
static int window_side(const struct mface_wino_conv *kernel)
{
    return kernel->stride == 1 ? 3 : 5;
}

/* Values of an output channel as the model has them. */
static int64_t row_length(const struct mface_wino_conv *kernel)
{
    return (int64_t)kernel->in_channels * window_side(kernel) * window_side(kernel);
}

/* An odd number of cache lines apart, so that a column of weights spreads over the cache. */
static size_t buffer_row_values(const struct mface_wino_conv *kernel)
{
    const size_t line = MFACE_ALIGN / sizeof(float);
    const size_t n_lines = (size_t)row_length(kernel) / line + 1;
    return (n_lines | 1) * line;
}

/* Where a phase's tap lies in a window; -1: beyond it, for a phase of odd rows or columns. */
static int place_of(const struct mface_wino_conv *kernel, int phase, int tap)
{
    const int stride = kernel->stride, side = window_side(kernel);
    const int y = tap / 3 * stride + phase / stride, x = tap % 3 * stride + phase % stride;
    return y < side && x < side ? y * side + x : -1;
}

/* Rows of one output channel each become columns. */
static void turn(const struct mface_wino_conv *kernel, const float *rows, float *to)
{
    const size_t row_values = buffer_row_values(kernel);
    const int window = window_side(kernel) * window_side(kernel);
    const int n = kernel->n_phases * kernel->in_channels * MFACE_WINO_TAPS;
    for (int i = 0; i < n; i++, to += kernel->panel) {
        const int channel = i / MFACE_WINO_TAPS, phase = channel / kernel->in_channels;
        const int place = place_of(kernel, phase, i % MFACE_WINO_TAPS);
        const float *from = rows + channel % kernel->in_channels * window + place;
        for (int k = 0; k < kernel->panel; k++)
            to[k] = place < 0 ? 0.0f : from[(size_t)k * row_values];
    }
}

static void pack_panel(const void *user, int64_t i, void *buffer, void *packed)
{
    const struct packing *packing = user;
    const struct mface_wino_conv *kernel = packing->kernel;
    const int64_t first = i * kernel->panel;
    const int64_t row_values = row_length(kernel);
    const int64_t rest = kernel->out_channels - first,
                  n = rest < kernel->panel ? rest : kernel->panel;
    float *row = buffer;
    for (int64_t k = 0; k < kernel->panel; k++, row += buffer_row_values(kernel))
        if (k < n)
            mface_constant_read(packing->from, first + k, 1, row_values, row);
        else
            memset(row, 0, (size_t)row_values * sizeof *row);
    mface_constant_forget(packing->from, first, n, row_values);
    turn(kernel, buffer, (float *)packed + (size_t)i * panel_values(kernel));
}

static struct mface_key layout_key(const struct mface_wino_conv *kernel)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, kernel->stride == 1 ? "3x3 winograd f32" : "5x5 winograd f32");
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->in_channels);
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->out_channels);
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->panel);
    return mface_hasher_finish(&hasher);
}

enum mface_status mface_wino_conv_pack(
    struct mface_wino_conv *kernel, const struct mface_constant *from)
{
    const size_t bytes = panel_values(kernel) * (size_t)kernel->n_panels * sizeof(float);
    const struct packing user = { kernel, from };
    const struct mface_packing packing = {
        .threads = kernel->threads,
        .n = kernel->n_panels,
        .work = (int64_t)bytes,
        .buffer_bytes = (size_t)kernel->panel * buffer_row_values(kernel) * sizeof(float),
        .pack = pack_panel,
        .user = &user,
    };
    return mface_pack(from, layout_key(kernel), bytes, &packing, &kernel->packed);
}
