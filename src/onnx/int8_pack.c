/* Weights on their way into panels: a panel's output channels at a time are read from the model
 * file into a small buffer and rounded, and the file's pages are given back at once. */
#include "onnx/int8_conv.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "onnx/int8_weight.h"

#include <math.h>
#include <string.h>

struct packing {
    const struct mface_int8_conv *kernel;
    const struct mface_constant *from;
};

/* What lies in packed memory: panels, then steps and sums of their output channels. */
struct parts {
    int8_t *panels;
    float *units;
    int32_t *sums;
};

static struct parts parts_of(const struct mface_int8_conv *kernel, const void *packed)
{
    struct parts parts = { .panels = (int8_t *)packed };
    parts.units = (float *)(parts.panels + (size_t)kernel->n_panels * kernel->panel_bytes);
    parts.sums = (int32_t *)(parts.units + (size_t)kernel->n_panels * MFACE_INT8_PANEL);
    return parts;
}

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

/* One of a panel's channels that there are. */
static void pack_channel(const struct packing *packing, int channel, float *row, struct parts *to)
{
    const struct mface_int8_conv *kernel = packing->kernel;
    const int panel = channel / MFACE_INT8_PANEL;
    mface_constant_read(packing->from, channel, 1, row_length(kernel), row);
    const float greatest = greatest_of(row, row_length(kernel));
    to->units[channel] = greatest / MFACE_INT8_WEIGHT_MAX;
    to->sums[channel] = scatter(kernel, row, mface_int8_steps_per_weight(greatest),
        channel % MFACE_INT8_PANEL, to->panels + (size_t)panel * kernel->panel_bytes);
}

static void pack_panel(const void *user, int64_t panel, void *row, void *packed)
{
    const struct packing *packing = user;
    const struct mface_int8_conv *kernel = packing->kernel;
    const int first = (int)panel * MFACE_INT8_PANEL, rest = kernel->out_channels - first;
    const int n = rest < MFACE_INT8_PANEL ? rest : MFACE_INT8_PANEL;
    struct parts to = parts_of(kernel, packed);
    memset(to.panels + (size_t)panel * kernel->panel_bytes, 0, kernel->panel_bytes);
    memset(to.units + first, 0, MFACE_INT8_PANEL * sizeof *to.units);
    memset(to.sums + first, 0, MFACE_INT8_PANEL * sizeof *to.sums);
    for (int k = 0; k < n; k++)
        pack_channel(packing, first + k, row, &to);
    mface_constant_forget(packing->from, first, n, row_length(kernel));
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

static size_t panel_bytes(const struct mface_int8_conv *kernel)
{
    const size_t side = (size_t)mface_int8_window_side(kernel); // phases share its taps
    return (size_t)kernel->n_groups * side * side * 2 * MFACE_INT8_TILE_BYTES;
}

static enum mface_status pack(struct mface_int8_conv *kernel, const struct mface_constant *from)
{
    const size_t bytes =
        (size_t)kernel->n_panels *
        (kernel->panel_bytes + MFACE_INT8_PANEL * (sizeof *kernel->units + sizeof *kernel->sums));
    const struct packing user = { kernel, from };
    const struct mface_packing packing = {
        .threads = kernel->threads,
        .n = kernel->n_panels,
        .work = (int64_t)bytes * 4,
        .buffer_bytes = (size_t)row_length(kernel) * sizeof(float),
        .pack = pack_panel,
        .user = &user,
    };
    return mface_pack(from, layout_key(kernel), bytes, &packing, &kernel->packed);
}

enum mface_status mface_int8_conv_pack(
    struct mface_int8_conv *kernel, const struct mface_constant *from)
{
    kernel->panel_bytes = panel_bytes(kernel);
    MFACE_TRY(pack(kernel, from));
    const struct parts parts = parts_of(kernel, kernel->packed.data);
    kernel->weights = parts.panels;
    kernel->units = parts.units;
    kernel->sums = parts.sums;
    return MFACE_OK;
}
