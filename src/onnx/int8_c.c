/* The inner loops of convolutions in bytes in plain C: what the others must equal. */
#include "onnx/int8_kernel.h"

#include <math.h>

static void find_range(const float *values, size_t n, float range[2])
{
    for (size_t i = 0; i < n; i++) {
        range[0] = values[i] < range[0] ? values[i] : range[0];
        range[1] = values[i] > range[1] ? values[i] : range[1];
    }
}

/* Compared so that NaN becomes the least byte. */
static uint8_t round_value(float value, const struct mface_int8_grid *grid)
{
    const float least = (float)-grid->zero, greatest = (float)(255 - grid->zero);
    float steps = value * grid->per_unit;
    steps = steps > least ? steps : least;
    steps = steps < greatest ? steps : greatest;
    return (uint8_t)((int)rintf(steps) + grid->zero);
}

static void round_row(const struct mface_int8_row *row)
{
    for (int x = 0; x < row->n_pixels; x++) {
        const float *src = row->src + (size_t)x * row->distance;
        for (int c = 0; c < row->n_channels; c++)
            row->to[(size_t)(c / MFACE_INT8_GROUP) * row->plane_bytes +
                    (size_t)x * MFACE_INT8_GROUP + (size_t)(c % MFACE_INT8_GROUP)] =
                round_value(src[c], &row->grid);
    }
}

/* n_quads quads of one pixel with those of one output channel. */
static int32_t multiply_tap(const uint8_t *pixel, const int8_t *weights, int n_quads)
{
    int32_t sum = 0;
    for (int quad = 0; quad < n_quads; quad++, weights += MFACE_INT8_HALF * MFACE_INT8_QUAD)
        for (int i = 0; i < MFACE_INT8_QUAD; i++)
            sum += pixel[quad * MFACE_INT8_QUAD + i] * weights[i];
    return sum;
}

static int32_t multiply(
    const struct mface_int8_band *band, const uint8_t *pixel, const int8_t *weights)
{
    int32_t sum = 0;
    for (int phase = 0; phase < band->n_phases; phase++)
        for (int group = 0; group < band->n_groups; group++, pixel += band->plane_bytes) {
            const int n_quads = group + 1 < band->n_groups ? MFACE_INT8_QUADS : band->last_quads;
            const struct mface_taps *taps = &band->taps[phase];
            for (int tap = 0; tap < taps->n; tap++, weights += 2 * MFACE_INT8_TILE_BYTES)
                sum += multiply_tap(pixel + taps->bytes[tap], weights, n_quads);
        }
    return sum;
}

static void finish(const struct mface_int8_band *band, int channel, int32_t sum, float *dst)
{
    const int32_t steps = sum - band->grid.zero * band->sums[channel];
    float value = (float)steps * (band->grid.unit * band->units[channel]) + band->bias[channel];
    if (band->sum)
        value += *dst;
    *dst = value < 0.0f ? value * band->slope : value;
}

static void convolve(const struct mface_int8_band *band)
{
    const int channel = band->panel * MFACE_INT8_PANEL, rest = band->out_channels - channel;
    const int n_channels = rest < MFACE_INT8_PANEL ? rest : MFACE_INT8_PANEL;
    const int8_t *weights = band->weights + (size_t)band->panel * band->panel_bytes;
    for (int i = 0; i < band->n_rows * band->width; i++) {
        const int y = i / band->width, x = i % band->width;
        const uint8_t *pixel = band->planes + (size_t)(y * band->pitch + x) * MFACE_INT8_GROUP;
        float *dst = band->dst + (size_t)y * band->space.row + (size_t)(x * band->space.run);
        for (int k = 0; k < n_channels; k++)
            finish(band, channel + k,
                multiply(band, pixel,
                    weights + k / MFACE_INT8_HALF * MFACE_INT8_TILE_BYTES +
                        k % MFACE_INT8_HALF * MFACE_INT8_QUAD),
                dst + mface_space_channel(&band->space, channel + k));
    }
}

const struct mface_int8_loops mface_int8_c = {
    .find_range = find_range,
    .round_row = round_row,
    .convolve = convolve,
};
