/* Blocks of a convolution in AMX tiles, for the sources of one kind of products each, which define
 * before they include this:
 *
 *   MULTIPLY(sums, pixels, weights)   the tile instruction
 *   struct writer                     sums on their way to the destination: `sums`, BLOCK rows of
 *                                     PANEL, and row, n_rows: the next row, how many there are
 *   write_row(writer)                 finishes the next row
 *
 * A block is 3×2 tiles of sums, 48 pixels × 32 output channels, which stay in registers over all
 * input channels and taps; two tiles pass through:
 *
 *   tiles 0, 3   1, 4   2, 5     sums of 16 pixels × 16 output channels each
 *   tile 6                       16 pixels × 64 bytes of channels
 *   tile 7                       64 bytes of channels × 16 output channels
 *
 * A block as large as that spares the second-level cache, from which weights come, and pixels for
 * the first of the three taps that read them. Its sums are then stored, and finished a row at a
 * time between the products of the next block: the tile unit is busy for 96 cycles a tap, in which
 * the vector units have nothing to do. */
#include "onnx/amx_tiles.h"
#include "onnx/taps.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>

enum { TILE = 16, PIXEL_BYTES = MFACE_AMX_LINE_BYTES };

/* What a panel is multiplied from. */
struct source {
    const char *planes; // one behind the other: of each phase, of each group of channels
    size_t plane_bytes;
    int n_pixels; // to compute
    int n_phases, n_groups;
    const struct mface_taps *taps; // of each phase
    const char *weights;           // of the panel: two tiles a tap
    const char *ahead;             // weights that will be needed later
    int ahead_lines;               // of them to fetch at each tap
    int tap_rows;                  // of the block before to write at each tap
};

/* Taps read a block's pixels and their two neighbours in each of three rows. Each tap fetches a
 * third of a row of what comes next. */
enum { FETCH_LINES = (MFACE_AMX_BLOCK + 2 + 2) / 3 };

static inline __attribute__((always_inline)) void fetch_pixels(
    const struct mface_taps *taps, const char *pixels, int tap)
{
    const char *row = pixels + taps->bytes[tap / 3 * 3];
    for (int i = 0; i < FETCH_LINES; i++)
        _mm_prefetch(row + (tap % 3 * FETCH_LINES + i) * PIXEL_BYTES, _MM_HINT_T0);
}

#define LOAD(tile, at) _tile_loadd(tile, at, MFACE_AMX_LINE_BYTES)

/* The products of one tap: n_tall×(1 + wide) of them. */
static inline __attribute__((always_inline)) void multiply_tap(
    const char *pixels, const char *weights, const int n_tall, const bool wide)
{
    LOAD(7, weights);
    LOAD(6, pixels);
    MULTIPLY(0, 6, 7);
    if (n_tall > 1) {
        LOAD(6, pixels + MFACE_AMX_TILE_BYTES);
        MULTIPLY(1, 6, 7);
    }
    if (n_tall > 2) {
        LOAD(6, pixels + 2 * MFACE_AMX_TILE_BYTES);
        MULTIPLY(2, 6, 7);
    }
    if (!wide)
        return;
    LOAD(7, weights + MFACE_AMX_TILE_BYTES);
    if (n_tall > 2)
        MULTIPLY(5, 6, 7);
    if (n_tall > 1) {
        if (n_tall > 2)
            LOAD(6, pixels + MFACE_AMX_TILE_BYTES);
        MULTIPLY(4, 6, 7);
        LOAD(6, pixels);
    }
    MULTIPLY(3, 6, 7);
}

static inline __attribute__((always_inline)) void multiply(const struct source *source, int first,
    const int n_tall, const bool wide, struct writer *writer)
{
    const char *plane = source->planes + (size_t)first * PIXEL_BYTES;
    const char *after = plane + (size_t)MFACE_AMX_BLOCK * PIXEL_BYTES; // of the next block
    const char *weights = source->weights, *ahead = source->ahead;
    const int n_planes = source->n_phases * source->n_groups;
    for (int i = 0; i < n_planes; i++) {
        const struct mface_taps *taps = &source->taps[i / source->n_groups];
        const char *next = i + 1 < n_planes ? plane + source->plane_bytes : after;
        for (int tap = 0; tap < taps->n; tap++, weights += 2 * MFACE_AMX_TILE_BYTES) {
            multiply_tap(plane + taps->bytes[tap], weights, n_tall, wide);
            fetch_pixels(taps, next, tap);
            for (int k = 0; k < source->ahead_lines; k++, ahead += MFACE_AMX_LINE_BYTES)
                _mm_prefetch(ahead, _MM_HINT_T1);
            for (int k = 0; k < source->tap_rows && writer->row < writer->n_rows; k++)
                write_row(writer);
        }
        plane = next;
    }
}

static inline void write_rest(struct writer *writer)
{
    while (writer->row < writer->n_rows)
        write_row(writer);
}

static void multiply_block(
    const struct source *source, int first, int n_tall, bool wide, struct writer *writer)
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
        multiply(source, first, 3, true, writer);
    else if (n_tall == 2 && wide)
        multiply(source, first, 2, true, writer);
    else if (wide)
        multiply(source, first, 1, true, writer);
    else if (n_tall == 3)
        multiply(source, first, 3, false, writer);
    else if (n_tall == 2)
        multiply(source, first, 2, false, writer);
    else
        multiply(source, first, 1, false, writer);
    write_rest(writer);
}

/* MFACE_AMX_BLOCK rows of MFACE_AMX_PANEL sums of four bytes. */
static void store_sums(char *sums)
{
    const int row_bytes = MFACE_AMX_PANEL * 4;
    _tile_stored(0, sums, row_bytes);
    _tile_stored(1, sums + TILE * row_bytes, row_bytes);
    _tile_stored(2, sums + 2 * TILE * row_bytes, row_bytes);
    _tile_stored(3, sums + row_bytes / 2, row_bytes);
    _tile_stored(4, sums + TILE * row_bytes + row_bytes / 2, row_bytes);
    _tile_stored(5, sums + 2 * TILE * row_bytes + row_bytes / 2, row_bytes);
}

static int count_taps(const struct source *source)
{
    int n = 0;
    for (int phase = 0; phase < source->n_phases; phase++)
        n += source->taps[phase].n * source->n_groups;
    return n;
}

/* n_channels: of the panel that there are. is_last: no panel comes after it. */
static void convolve_panel(
    struct source *source, int n_channels, bool is_last, struct writer *writer)
{
    char sums[2][MFACE_AMX_BLOCK * MFACE_AMX_PANEL * 4] __attribute__((aligned(64)));
    const int end = source->n_pixels, n_taps = count_taps(source);
    const int n_blocks = (end + MFACE_AMX_BLOCK - 1) / MFACE_AMX_BLOCK;
    const int tap_lines = 2 * MFACE_AMX_TILE_BYTES / MFACE_AMX_LINE_BYTES;
    source->ahead = source->weights + (size_t)n_taps * 2 * MFACE_AMX_TILE_BYTES;
    source->ahead_lines = is_last ? 0 : (tap_lines + n_blocks - 1) / n_blocks;
    source->tap_rows = (MFACE_AMX_BLOCK + n_taps - 1) / n_taps;
    for (int first = 0, i = 0; first < end; first += MFACE_AMX_BLOCK, i++) {
        const int n = end - first < MFACE_AMX_BLOCK ? end - first : MFACE_AMX_BLOCK;
        multiply_block(source, first, (n + TILE - 1) / TILE, n_channels > TILE, writer);
        store_sums(sums[i % 2]);
        writer->sums = (const void *)sums[i % 2];
        writer->row = 0;
        writer->n_rows = n;
        source->ahead += (size_t)(n_taps * source->ahead_lines) * MFACE_AMX_LINE_BYTES;
    }
    write_rest(writer);
}
