/* 3×3 convolutions in AMX tiles.
 *
 * A block is 3×2 tiles of sums, 48 pixels × 32 output channels, which stay in registers over all
 * input channels and taps; two tiles pass through:
 *
 *   tiles 0, 3   1, 4   2, 5     sums of 16 pixels × 16 output channels each
 *   tile 6                       16 pixels × 32 channels
 *   tile 7                       32 channels × 16 output channels
 *
 * A block as large as that spares the second-level cache, from which weights come, and pixels for
 * the first of the three taps that read them. Its sums are then stored, and finished a row at a
 * time between the products of the next block: the tile unit is busy for 96 cycles a tap, in which
 * the vector units have nothing to do. */
#include "onnx/amx_kernel.h"

#include <immintrin.h>

enum { TILE = 16, BLOCK = 3 * TILE, LINE_BYTES = 64 };

/* static const: the compiler believes that only eight bytes are read. */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config = {
    .palette = 1,
    .row_bytes = { 64, 64, 64, 64, 64, 64, 64, 64 },
    .rows = { TILE, TILE, TILE, TILE, TILE, TILE, TILE, TILE },
};

void mface_amx_begin(void)
{
    _tile_loadconfig(&tile_config);
}

void mface_amx_end(void)
{
    _tile_release();
}

/* Sums on their way to the destination. */
struct writer {
    const float *sums; // BLOCK rows of MFACE_AMX_PANEL
    int row, n_rows;   // the next row, and how many there are
    int x;             // of the next row; width: a column of zeros
    int width;
    char *dst; // of the next pixel that is no column of zeros, at the panel's first channel
    size_t pixel_bytes;
    __m512 bias[2], slope;
    __mmask32 mask; // channels there are
    bool dst_bf16, sum;
};

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
    value[1] = _mm512_add_ps(value[1], _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), dst + TILE));
}

static inline __m512 activate(__m512 value, __m512 slope)
{
    const __mmask16 is_negative = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mask_mul_ps(value, is_negative, value, slope);
}

static inline void store(const struct writer *writer, const __m512 value[2])
{
    if (writer->dst_bf16) {
        const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh(value[1], value[0]);
        _mm512_mask_storeu_epi16(writer->dst, writer->mask, halves);
        return;
    }
    float *dst = (float *)writer->dst;
    _mm512_mask_storeu_ps(dst, (__mmask16)writer->mask, value[0]);
    _mm512_mask_storeu_ps(dst + TILE, (__mmask16)(writer->mask >> 16), value[1]);
}

static inline void write_row(struct writer *writer)
{
    const float *sums = writer->sums + writer->row++ * MFACE_AMX_PANEL;
    if (writer->x == writer->width) {
        writer->x = 0;
        return;
    }
    __m512 value[2] = { _mm512_add_ps(_mm512_load_ps(sums), writer->bias[0]),
        _mm512_add_ps(_mm512_load_ps(sums + TILE), writer->bias[1]) };
    if (writer->sum)
        add_former(writer, value);
    value[0] = activate(value[0], writer->slope);
    value[1] = activate(value[1], writer->slope);
    store(writer, value);
    writer->dst += writer->pixel_bytes;
    writer->x++;
}

static void write_rest(struct writer *writer)
{
    while (writer->row < writer->n_rows)
        write_row(writer);
}

/* What a block is multiplied from. */
struct source {
    const char *pixels; // of the first tap, in the first plane
    size_t plane_bytes;
    const char *weights;
    const char *ahead; // weights that will be needed later
    int ahead_lines;   // of them to fetch at each tap
    int n_groups;
    int tap_rows;                  // of the block before to write at each tap
    int tap_bytes[MFACE_AMX_TAPS]; // from the first
};

/* Taps read BLOCK pixels and their two neighbours in each of three rows. Each tap fetches a third
 * of a row of what comes next. */
enum { FETCH_LINES = (BLOCK + 2 + 2) / 3 };

static inline __attribute__((always_inline)) void fetch_pixels(
    const struct source *source, const char *pixels, int tap)
{
    const char *row = pixels + source->tap_bytes[tap / 3 * 3];
    for (int i = 0; i < FETCH_LINES; i++)
        _mm_prefetch(row + (tap % 3 * FETCH_LINES + i) * LINE_BYTES, _MM_HINT_T0);
}

#define PIXELS(tile, at)  _tile_loadd(tile, at, MFACE_AMX_PIXEL_BYTES)
#define WEIGHTS(tile, at) _tile_loadd(tile, at, LINE_BYTES)

/* The products of one tap: n_tall×(1 + wide) of them. */
static inline __attribute__((always_inline)) void multiply_tap(
    const char *pixels, const char *weights, const int n_tall, const bool wide)
{
    const size_t tile_pixels = (size_t)TILE * MFACE_AMX_PIXEL_BYTES;
    WEIGHTS(7, weights);
    PIXELS(6, pixels);
    _tile_dpbf16ps(0, 6, 7);
    if (n_tall > 1) {
        PIXELS(6, pixels + tile_pixels);
        _tile_dpbf16ps(1, 6, 7);
    }
    if (n_tall > 2) {
        PIXELS(6, pixels + 2 * tile_pixels);
        _tile_dpbf16ps(2, 6, 7);
    }
    if (!wide)
        return;
    WEIGHTS(7, weights + MFACE_AMX_TILE_BYTES);
    if (n_tall > 2)
        _tile_dpbf16ps(5, 6, 7);
    if (n_tall > 1) {
        if (n_tall > 2)
            PIXELS(6, pixels + tile_pixels);
        _tile_dpbf16ps(4, 6, 7);
        PIXELS(6, pixels);
    }
    _tile_dpbf16ps(3, 6, 7);
}

static inline __attribute__((always_inline)) void multiply(
    const struct source *source, const int n_tall, const bool wide, struct writer *writer)
{
    const char *plane = source->pixels, *weights = source->weights, *ahead = source->ahead;
    for (int group = 0; group < source->n_groups; group++) {
        const char *next = group + 1 < source->n_groups
                               ? plane + source->plane_bytes
                               : source->pixels + BLOCK * MFACE_AMX_PIXEL_BYTES;
        for (int tap = 0; tap < MFACE_AMX_TAPS; tap++, weights += 2 * MFACE_AMX_TILE_BYTES) {
            multiply_tap(plane + source->tap_bytes[tap], weights, n_tall, wide);
            fetch_pixels(source, next, tap);
            for (int i = 0; i < source->ahead_lines; i++, ahead += LINE_BYTES)
                _mm_prefetch(ahead, _MM_HINT_T1);
            for (int i = 0; i < source->tap_rows && writer->row < writer->n_rows; i++)
                write_row(writer);
        }
        plane = next;
    }
}

static void multiply_block(
    const struct source *source, int n_tall, bool wide, struct writer *writer)
{
    /* What was written before is there for the tiles, whatever the compiler knows of them. */
    __asm__ volatile("" ::: "memory");
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    if (n_tall == 3 && wide)
        multiply(source, 3, true, writer);
    else if (n_tall == 2 && wide)
        multiply(source, 2, true, writer);
    else if (wide)
        multiply(source, 1, true, writer);
    else if (n_tall == 3)
        multiply(source, 3, false, writer);
    else if (n_tall == 2)
        multiply(source, 2, false, writer);
    else
        multiply(source, 1, false, writer);
    write_rest(writer);
}

static void store_sums(float *sums)
{
    const int row_bytes = MFACE_AMX_PANEL * (int)sizeof *sums;
    _tile_stored(0, sums, row_bytes);
    _tile_stored(1, sums + TILE * MFACE_AMX_PANEL, row_bytes);
    _tile_stored(2, sums + 2 * TILE * MFACE_AMX_PANEL, row_bytes);
    _tile_stored(3, sums + TILE, row_bytes);
    _tile_stored(4, sums + TILE * MFACE_AMX_PANEL + TILE, row_bytes);
    _tile_stored(5, sums + 2 * TILE * MFACE_AMX_PANEL + TILE, row_bytes);
}

static struct writer writer_of(const struct mface_amx_band *band, int panel)
{
    const int channel = panel * MFACE_AMX_PANEL, n = band->out_channels - channel;
    const size_t value_bytes = band->dst_bf16 ? sizeof(uint16_t) : sizeof(float);
    return (struct writer) {
        .width = band->width,
        .dst = band->dst + (size_t)channel * value_bytes,
        .pixel_bytes = (size_t)band->out_channels * value_bytes,
        .bias = { _mm512_loadu_ps(band->bias + channel),
            _mm512_loadu_ps(band->bias + channel + TILE) },
        .slope = _mm512_set1_ps(band->slope),
        .mask = n >= MFACE_AMX_PANEL ? ~0u : (1u << n) - 1,
        .dst_bf16 = band->dst_bf16,
        .sum = band->sum,
    };
}

/* Pixels to compute: the last column of zeros leads nowhere. */
static int n_pixels(const struct mface_amx_band *band)
{
    return band->n_rows * band->pitch - 1;
}

static void convolve_panel(const struct mface_amx_band *band, int panel, struct source *source)
{
    static const int n_buffers = 2;
    float sums[2][BLOCK * MFACE_AMX_PANEL] __attribute__((aligned(64)));
    struct writer writer = writer_of(band, panel);
    const bool wide = band->out_channels - panel * MFACE_AMX_PANEL > TILE;
    const int end = n_pixels(band);
    for (int first = 0, i = 0; first < end; first += BLOCK, i++) {
        const int n = end - first < BLOCK ? end - first : BLOCK;
        source->pixels = band->planes + (size_t)first * MFACE_AMX_PIXEL_BYTES;
        multiply_block(source, (n + TILE - 1) / TILE, wide, &writer);
        writer.sums = sums[i % n_buffers];
        store_sums(sums[i % n_buffers]);
        writer.row = 0;
        writer.n_rows = n;
        source->ahead +=
            (size_t)source->n_groups * MFACE_AMX_TAPS * LINE_BYTES * (size_t)source->ahead_lines;
    }
    write_rest(&writer);
}

void mface_amx_conv3x3(const struct mface_amx_band *band)
{
    const size_t panel_bytes = (size_t)band->n_groups * MFACE_AMX_TAPS * 2 * MFACE_AMX_TILE_BYTES;
    const int panel_lines = 2 * MFACE_AMX_TILE_BYTES / LINE_BYTES;
    const int n_blocks = (n_pixels(band) + BLOCK - 1) / BLOCK;
    const int n_taps = band->n_groups * MFACE_AMX_TAPS;
    struct source source = {
        .plane_bytes = band->plane_bytes,
        .n_groups = band->n_groups,
        .tap_rows = (BLOCK + n_taps - 1) / n_taps,
    };
    for (int tap = 0; tap < MFACE_AMX_TAPS; tap++)
        source.tap_bytes[tap] = (tap / 3 * band->pitch + tap % 3) * MFACE_AMX_PIXEL_BYTES;
    for (int panel = band->first_panel; panel < band->end_panel; panel++) {
        source.weights = band->weights + (size_t)panel * panel_bytes;
        source.ahead = source.weights + panel_bytes;
        source.ahead_lines =
            panel + 1 < band->end_panel ? (panel_lines + n_blocks - 1) / n_blocks : 0;
        convolve_panel(band, panel, &source);
    }
}
