/* 3×3 convolutions of bf16 in AMX tiles. */
#include "onnx/amx_kernel.h"

#include <immintrin.h>

/* Sums on their way to the destination. */
struct writer {
    const float *sums; // MFACE_AMX_BLOCK rows of MFACE_AMX_PANEL
    int row, n_rows;   // the next row, and how many there are
    int x;             // of the next row; width: a column of zeros
    int width;
    char *dst; // of the next pixel that is no column of zeros, at the panel's first channel
    size_t pixel_bytes;
    size_t gap_bytes;    // from a row's last pixel to the next row, beyond pixel_bytes
    size_t beyond_bytes; // from dst to lane 0 of the panel's second run
    __m512 bias[2], slope;
    __mmask32 mask, beyond; // channels there are: of a first run, of a second
    bool dst_bf16, sum;
};

enum { HALF = MFACE_AMX_PANEL / 2 };

static inline __m512 widen(__m256i halves)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

static inline void add_former(const struct writer *writer, __m512 value[2])
{
    const __mmask32 mask = writer->mask;
    if (writer->dst_bf16) {
        const __m512i former = _mm512_maskz_loadu_epi16(mask, writer->dst);
        value[0] = _mm512_add_ps(value[0], widen(_mm512_castsi512_si256(former)));
        value[1] = _mm512_add_ps(value[1], widen(_mm512_extracti64x4_epi64(former, 1)));
        return;
    }
    const float *dst = (const float *)writer->dst;
    value[0] = _mm512_add_ps(value[0], _mm512_maskz_loadu_ps((__mmask16)mask, dst));
    value[1] = _mm512_add_ps(value[1], _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), dst + HALF));
}

static inline __m512 activate(__m512 value, __m512 slope)
{
    const __mmask16 is_negative = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_mul_ps(value, is_negative, value, slope);
}

static inline void store(char *dst, bool is_bf16, __mmask32 mask, const __m512 value[2])
{
    if (is_bf16) {
        const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh(value[1], value[0]);
        _mm512_mask_storeu_epi16(dst, mask, halves);
        return;
    }
    float *values = (float *)dst;
    _mm512_mask_storeu_ps(values, (__mmask16)mask, value[0]);
    _mm512_mask_storeu_ps(values + HALF, (__mmask16)(mask >> 16), value[1]);
}

static inline void write_row(struct writer *writer)
{
    const float *sums = writer->sums + writer->row++ * MFACE_AMX_PANEL;
    if (writer->x == writer->width) {
        writer->x = 0;
        writer->dst += writer->gap_bytes;
        return;
    }
    __m512 value[2] = { _mm512_add_ps(_mm512_load_ps(sums), writer->bias[0]),
        _mm512_add_ps(_mm512_load_ps(sums + HALF), writer->bias[1]) };
    if (writer->sum)
        add_former(writer, value);
    value[0] = activate(value[0], writer->slope);
    value[1] = activate(value[1], writer->slope);
    store(writer->dst, writer->dst_bf16, writer->mask, value);
    if (writer->beyond)
        store(writer->dst + writer->beyond_bytes, writer->dst_bf16, writer->beyond, value);
    writer->dst += writer->pixel_bytes;
    writer->x++;
}

#define MULTIPLY(sums, pixels, weights) _tile_dpbf16ps(sums, pixels, weights)
#include "onnx/x86/amx_block.h"

static struct writer writer_of(const struct mface_amx_band *band, int panel)
{
    const int channel = panel * MFACE_AMX_PANEL, rest = band->out_channels - channel;
    const size_t value_bytes = band->dst_bf16 ? sizeof(uint16_t) : sizeof(float);
    const struct mface_space *space = &band->space;
    const struct mface_space_lanes lanes =
        mface_space_lanes_of(space, channel, rest < MFACE_AMX_PANEL ? rest : MFACE_AMX_PANEL);
    return (struct writer) {
        .width = band->width,
        .dst = band->dst + lanes.at[0] * value_bytes,
        .pixel_bytes = (size_t)space->run * value_bytes,
        .gap_bytes = (space->row - (size_t)(band->width * space->run)) * value_bytes,
        .beyond_bytes = (lanes.at[1] - lanes.at[0]) * value_bytes,
        .bias = { _mm512_loadu_ps(band->bias + channel),
            _mm512_loadu_ps(band->bias + channel + HALF) },
        .slope = _mm512_set1_ps(band->slope),
        .mask = lanes.mask[0],
        .beyond = lanes.mask[1],
        .dst_bf16 = band->dst_bf16,
        .sum = band->sum,
    };
}

void mface_amx_conv3x3(const struct mface_amx_band *band)
{
    const size_t panel_bytes = (size_t)band->n_groups * MFACE_AMX_TAPS * 2 * MFACE_AMX_TILE_BYTES;
    struct mface_taps taps = { .n = MFACE_AMX_TAPS };
    for (int tap = 0; tap < MFACE_AMX_TAPS; tap++)
        taps.bytes[tap] = (tap / 3 * band->pitch + tap % 3) * MFACE_AMX_PIXEL_BYTES;
    struct source source = {
        .planes = band->planes,
        .plane_bytes = band->plane_bytes,
        .n_pixels = band->n_rows * band->pitch - 1, // the last column of zeros leads nowhere
        .n_phases = 1,
        .n_groups = band->n_groups,
        .taps = &taps,
    };
    for (int panel = band->first_panel; panel < band->end_panel; panel++) {
        struct writer writer = writer_of(band, panel);
        source.weights = band->weights + (size_t)panel * panel_bytes;
        convolve_panel(&source, band->out_channels - panel * MFACE_AMX_PANEL,
            panel + 1 == band->end_panel, &writer);
    }
}
