/* Weights on their way into panels: a panel's output channels at a time are read from the model
 * file into a small buffer and rounded, and the file's pages are given back at once. */
#include "onnx/int8_conv.h"

#include "base/hash.h"
#include "base/mem.h"
#include "onnx/int8_weight.h"
#include "onnx/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

struct packing {
    const struct mface_int8_conv *kernel;
    const struct mface_constant *from;
    int8_t *panels;
    float *units;
    int32_t *sums;
    atomic_bool *failed;
};

static int64_t row_length(const struct mface_int8_conv *kernel)
{
    const int side = mface_int8_window_side(kernel);
    return (int64_t)kernel->in_channels * side * side;
}

static float greatest_of(const float *values, int64_t n)
{
    float greatest = 0.0f;
    for (int64_t i = 0; i < n; i++)
        greatest = fmaxf(greatest, fabsf(values[i]));
    return greatest;
}

/* One tap's weights for up to a group of channels, `window` values apart in the model; returns
 * their sum. */
static int32_t scatter_tap(const float *from, int window, int n, float steps, int8_t *to)
{
    int32_t sum = 0;
    for (int c = 0; c < n; c++) {
        const int8_t weight = mface_int8_round_weight(from[c * window], steps);
        to[c / MFACE_INT8_QUAD * MFACE_INT8_HALF * MFACE_INT8_QUAD + c % MFACE_INT8_QUAD] = weight;
        sum += weight;
    }
    return sum;
}

/* Spreads an output channel's weights over its panel; returns their sum. */
static int32_t scatter(
    const struct mface_int8_conv *kernel, const float *row, float steps, int channel, int8_t *to)
{
    const int window = mface_int8_window_side(kernel) * mface_int8_window_side(kernel);
    int32_t sum = 0;
    to += channel / MFACE_INT8_HALF * MFACE_INT8_TILE_BYTES +
          channel % MFACE_INT8_HALF * MFACE_INT8_QUAD;
    for (int plane = 0; plane < kernel->n_phases * kernel->n_groups; plane++) {
        const int phase = plane / kernel->n_groups;
        const int first = plane % kernel->n_groups * MFACE_INT8_GROUP;
        const int rest = kernel->in_channels - first;
        const int n = rest < MFACE_INT8_GROUP ? rest : MFACE_INT8_GROUP;
        for (int tap = 0; tap < kernel->taps[phase].n; tap++, to += 2 * MFACE_INT8_TILE_BYTES)
            sum += scatter_tap(row + first * window + mface_int8_window_place(kernel, phase, tap),
                window, n, steps, to);
    }
    return sum;
}

static void pack_panel(const struct packing *packing, int panel, float *row)
{
    const struct mface_int8_conv *kernel = packing->kernel;
    int8_t *to = packing->panels + (size_t)panel * kernel->panel_bytes;
    memset(to, 0, kernel->panel_bytes);
    for (int k = 0; k < MFACE_INT8_PANEL; k++) {
        const int channel = panel * MFACE_INT8_PANEL + k;
        packing->units[channel] = 0.0f;
        packing->sums[channel] = 0;
        if (channel >= kernel->out_channels)
            continue;
        mface_constant_read(packing->from, channel, 1, row_length(kernel), row);
        const float greatest = greatest_of(row, row_length(kernel));
        packing->units[channel] = greatest / MFACE_INT8_WEIGHT_MAX;
        packing->sums[channel] = scatter(kernel, row, mface_int8_steps_per_weight(greatest), k, to);
    }
    const int first = panel * MFACE_INT8_PANEL, rest = kernel->out_channels - first;
    mface_constant_forget(packing->from, first, rest < MFACE_INT8_PANEL ? rest : MFACE_INT8_PANEL,
        row_length(kernel));
}

static void pack_panels(const void *user, int64_t first, int64_t end)
{
    const struct packing *packing = user;
    float *row = mface_mem_alloc((size_t)row_length(packing->kernel) * sizeof *row);
    if (!row)
        atomic_store(packing->failed, true);
    for (int64_t i = first; i < end && row; i++)
        pack_panel(packing, (int)i, row);
    mface_mem_free(row);
}

static struct mface_key layout_key(const struct mface_int8_conv *kernel)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, kernel->stride == 1 ? "3x3 int8" : "5x5 int8");
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->in_channels);
    mface_hasher_add_u64(&hasher, (uint64_t)kernel->out_channels);
    return mface_hasher_finish(&hasher);
}

static void point_into(struct mface_int8_conv *kernel, const void *packed)
{
    const size_t n_channels = (size_t)kernel->n_panels * MFACE_INT8_PANEL;
    kernel->weights = packed;
    kernel->units =
        (const float *)(kernel->weights + (size_t)kernel->n_panels * kernel->panel_bytes);
    kernel->sums = (const int32_t *)(kernel->units + n_channels);
}

static enum mface_status fill(
    const struct mface_int8_conv *kernel, const struct mface_constant *from)
{
    atomic_bool failed = false;
    const struct packing packing = { kernel, from, (int8_t *)kernel->weights,
        (float *)kernel->units, (int32_t *)kernel->sums, &failed };
    mface_parallel(kernel->threads, kernel->n_panels, (int64_t)kernel->weight_bytes * 4,
        pack_panels, &packing);
    return failed ? MFACE_ERR_NOMEM : MFACE_OK;
}

static void measure(struct mface_int8_conv *kernel)
{
    const size_t n_channels = (size_t)kernel->n_panels * MFACE_INT8_PANEL;
    const size_t side = (size_t)mface_int8_window_side(kernel); // phases share its taps
    kernel->panel_bytes = (size_t)kernel->n_groups * side * side * 2 * MFACE_INT8_TILE_BYTES;
    kernel->weight_bytes = (size_t)kernel->n_panels * kernel->panel_bytes +
                           n_channels * (sizeof *kernel->units + sizeof *kernel->sums);
}

enum mface_status mface_int8_conv_pack(
    struct mface_int8_conv *kernel, const struct mface_constant *from)
{
    const struct mface_key layout = layout_key(kernel);
    measure(kernel);
    const void *found = mface_weights_find(&from->source, layout, kernel->weight_bytes);
    if (found) {
        point_into(kernel, found);
        return MFACE_OK;
    }
    void *packed = mface_mem_alloc_huge(kernel->weight_bytes);
    if (!packed)
        return MFACE_ERR_NOMEM;
    point_into(kernel, packed);
    kernel->owns_weights = true;
    const enum mface_status status = fill(kernel, from);
    if (status == MFACE_OK)
        kernel->owns_weights =
            !mface_weights_give(&from->source, layout, packed, kernel->weight_bytes);
    return status;
}
