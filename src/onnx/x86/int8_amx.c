/* Convolutions in bytes in AMX tiles: tdpbusd does in 16 cycles what takes VNNI 128. Planes and
 * panels are as they are for VNNI; of a last group that has fewer channels the rest is multiplied
 * too, by weights that are 0. */
#include "onnx/amx_tiles.h"
#include "onnx/x86/int8_finish.h"

/* Sums on their way to the destination. */
struct writer {
    const int32_t *sums; // MFACE_AMX_BLOCK rows of MFACE_AMX_PANEL
    int row, n_rows;     // the next row, and how many there are
    int x;               // of the next row; width: a column of zeros
    int width;
    float *dst; // of the next pixel that is no column of zeros
    size_t pixel_values;
    size_t gap_values; // from a row's last pixel to the next row, beyond pixel_values
    struct finish finish;
};

static inline void write_row(struct writer *writer)
{
    const int32_t *sums = writer->sums + writer->row++ * MFACE_AMX_PANEL;
    if (writer->x == writer->width) {
        writer->x = 0;
        writer->dst += writer->gap_values;
        return;
    }
    for (int half = 0; half < 2; half++)
        finish_lanes(&writer->finish, half, _mm512_load_si512(sums + half * LANES), writer->dst);
    writer->dst += writer->pixel_values;
    writer->x++;
}

#define MULTIPLY(sums, pixels, weights) _tile_dpbusd(sums, pixels, weights)
#include "onnx/x86/amx_block.h"

static void convolve(const struct mface_int8_band *band)
{
    struct source source = {
        .planes = (const char *)band->planes,
        .plane_bytes = band->plane_bytes,
        .n_pixels = band->n_rows * band->pitch - 1, // the last column of zeros leads nowhere
        .n_phases = band->n_phases,
        .n_groups = band->n_groups,
        .taps = band->taps,
        .weights = (const char *)band->weights + (size_t)band->panel * band->panel_bytes,
    };
    struct writer writer = {
        .width = band->width,
        .dst = band->dst,
        .pixel_values = (size_t)band->space.run,
        .gap_values = band->space.row - (size_t)(band->width * band->space.run),
        .finish = finish_of(band),
    };
    convolve_panel(
        &source, band->out_channels - band->panel * MFACE_AMX_PANEL, !band->has_next, &writer);
}

const struct mface_int8_loops mface_int8_amx = {
    .is_fast = true,
    .begin = mface_amx_begin,
    .end = mface_amx_end,
    .find_range = mface_int8_find_range_avx512,
    .round_row = mface_int8_round_row_avx512,
    .convolve = convolve,
};
