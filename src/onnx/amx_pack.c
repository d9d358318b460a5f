/* Weights on their way into panels: 16 output channels at a time are read from the model file into
 * a small buffer, and its pages are given back at once. */
#include "onnx/amx_conv.h"

#include "base/hash.h"
#include "base/mem.h"

enum { HALF = MFACE_AMX_PANEL / 2 };

struct packing {
    const struct mface_amx_conv *kernel;
    const struct mface_constant *from;
};

static size_t panel_bytes(const struct mface_amx_conv *kernel)
{
    return (size_t)kernel->n_groups * MFACE_AMX_TAPS * 2 * MFACE_AMX_TILE_BYTES;
}

/* An odd number of cache lines apart, so that a column of weights spreads over the cache. */
static size_t buffer_row_values(const struct mface_amx_conv *kernel)
{
    const size_t line = MFACE_ALIGN / sizeof(float);
    const size_t n_lines = (size_t)kernel->in_channels * MFACE_AMX_TAPS / line + 1;
    return (n_lines | 1) * line;
}

static void pack_half(const void *user, int64_t i, void *buffer, void *packed)
{
    const struct packing *packing = user;
    const struct mface_amx_conv *kernel = packing->kernel;
    const int64_t first = i * HALF, row_values = (int64_t)kernel->in_channels * MFACE_AMX_TAPS;
    const int64_t rest = kernel->out_channels - first;
    const int n = rest > HALF ? HALF : rest > 0 ? (int)rest : 0;
    const size_t distance = buffer_row_values(kernel);
    for (int k = 0; k < n; k++)
        mface_constant_read(
            packing->from, first + k, 1, row_values, (float *)buffer + (size_t)k * distance);
    if (n)
        mface_constant_forget(packing->from, first, n, row_values);
    mface_amx_pack_half(buffer, distance, kernel->in_channels, n, (int)(i % 2),
        (char *)packed + (size_t)(i / 2) * panel_bytes(kernel));
}

static struct mface_key layout_key(const struct mface_amx_conv *kernel)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, "3x3 tiles bf16");
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->in_channels);
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->out_channels);
    return mface_hasher_finish(&hasher);
}

enum mface_status mface_amx_conv_pack(
    struct mface_amx_conv *kernel, const struct mface_constant *from)
{
    const size_t bytes = panel_bytes(kernel) * (size_t)kernel->n_panels;
    const struct packing user = { kernel, from };
    const struct mface_packing packing = {
        .threads = kernel->threads,
        .n = 2 * (int64_t)kernel->n_panels,
        .work = (int64_t)bytes,
        .buffer_bytes = HALF * buffer_row_values(kernel) * sizeof(float),
        .pack = pack_half,
        .user = &user,
    };
    return mface_pack(from, layout_key(kernel), bytes, &packing, &kernel->packed);
}
