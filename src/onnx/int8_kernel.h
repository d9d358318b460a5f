/* The inner loops of int8_conv.c: a convolution over a band of rows that lies in planes of 64
 * channels, a byte each.
 *
 *   plane of a group   z p p p p z p p p p z …     p: a pixel, 64 bytes; z: what 0 is rounded to
 *                      └─ pitch ─┘                 rows from one above the band to one below it
 *
 * One column of zeros between two rows is the right border of one and the left border of the
 * next. A tap is thus a constant distance, whichever of the band's pixels it is for; what is
 * computed on a column of zeros is dropped.
 *
 * With stride 2 there are planes for each of four phases: the pixels of even or odd rows and
 * columns. A 5×5 window has 9, 6, 6 and 4 taps in them.
 *
 * Weights lie in panels of 32 output channels: [phase][group][tap][half of the panel][quad of input
 * channels][16 output channels][4]. */
#ifndef MFACE_ONNX_INT8_KERNEL_H
#define MFACE_ONNX_INT8_KERNEL_H

#include "onnx/space.h"
#include "onnx/taps.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MFACE_INT8_GROUP = 64, // channels of a plane, bytes of its pixels
    MFACE_INT8_PANEL = 32, // output channels
    MFACE_INT8_HALF = MFACE_INT8_PANEL / 2,
    MFACE_INT8_QUAD = 4, // input channels whose products are summed up by one instruction
    MFACE_INT8_QUADS = MFACE_INT8_GROUP / MFACE_INT8_QUAD,
    MFACE_INT8_TILE_BYTES = MFACE_INT8_GROUP * MFACE_INT8_HALF, // weights of a tap and a half
    MFACE_INT8_PHASES_MAX = 4,
    MFACE_INT8_TAIL = 64, // pixels behind a plane that may be read, not used
};

/* How values become bytes: byte = round(value · per_unit) + zero, within 0..255. */
struct mface_int8_grid {
    float per_unit, unit; // steps in 1; of a step
    int zero;             // the byte of 0
};

struct mface_int8_band {
    int width, pitch, n_rows; // pixels of results; pitch: width + 1
    int n_phases, n_groups;
    int last_quads;                // of the last group that hold channels
    const struct mface_taps *taps; // of each phase
    const uint8_t *planes;         // [phase][group]
    size_t plane_bytes;
    struct mface_int8_grid grid;
    const int8_t *weights; // the first panel; they follow each other
    size_t panel_bytes;
    /* Of the panels, MFACE_INT8_PANEL each: a step of the weights, their sum in steps, the bias. */
    const float *units, *bias;
    const int32_t *sums;
    int panel;        // to compute
    bool has_next;    // the panel behind it will be computed next
    int out_channels; // of dst
    struct mface_space space;
    float *dst;  // n_rows×width×out_channels, as `space` has them
    bool sum;    // dst's former content is added before the activation
    float slope; // what negative results are multiplied by; 1: nothing
};

/* A row of a picture, or every second pixel of it, on its way into planes. */
struct mface_int8_row {
    const float *src; // the first pixel
    size_t distance;  // between pixels that are taken, in floats
    int n_pixels, n_channels;
    struct mface_int8_grid grid;
    uint8_t *to; // in the plane of the first group
    size_t plane_bytes;
};

struct mface_int8_loops {
    bool is_fast; // there is an instruction for it
    /* Tiles are a thread's: begin before bands, end after them. NULL: nothing to do. */
    void (*begin)(void);
    void (*end)(void);
    /* Widens range[0]..range[1] to hold n values; NaN counts as nothing. */
    void (*find_range)(const float *values, size_t n, float range[2]);
    void (*round_row)(const struct mface_int8_row *row);
    /* Computes a panel of the band. */
    void (*convolve)(const struct mface_int8_band *band);
};

extern const struct mface_int8_loops mface_int8_c, mface_int8_avx2, mface_int8_avxvnni,
    mface_int8_vnni, mface_int8_amx;

/* Shared by those for AVX-512. */
void mface_int8_find_range_avx512(const float *values, size_t n, float range[2]);
void mface_int8_round_row_avx512(const struct mface_int8_row *row);

#endif
