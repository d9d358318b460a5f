/* The inner loops of amx_conv.c, for CPUs with AMX (bf16) and AVX512-BF16 only.
 *
 * They compute a 3×3 convolution over a band of rows that lies in planes of 32 channels:
 *
 *   plane of a group   0 p p p p 0 p p p p 0 …     p: a pixel, 32 bf16 values; 0: zeros
 *                      └─ pitch ─┘                 rows from one above the band to one below it
 *
 * One column of zeros between two rows is the right border of one and the left border of the
 * next. A tap is thus a constant distance, and any 16 pixels that follow each other, across the
 * ends of rows too, are the rows of a tile; what is computed on a column of zeros is dropped.
 *
 * Weights lie in panels of 32 output channels: [group][tap][half of the panel][pair of input
 * channels][16 output channels][2]. Every output is summed up in the order group, tap, pair. */
#ifndef MFACE_ONNX_AMX_KERNEL_H
#define MFACE_ONNX_AMX_KERNEL_H

#include "onnx/amx_tiles.h"
#include "onnx/space.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MFACE_AMX_PIXEL_BYTES = MFACE_AMX_LINE_BYTES,
    MFACE_AMX_GROUP = MFACE_AMX_PIXEL_BYTES / 2, // channels of a plane
    MFACE_AMX_TAPS = 9,
    MFACE_AMX_TAIL = MFACE_AMX_BLOCK, // pixels behind a plane that tiles may reach into
};

struct mface_amx_band {
    int width, pitch, n_rows; // pixels; pitch: width + 1
    int n_groups;             // of input channels
    const char *planes;
    size_t plane_bytes;
    const char *weights; // the first panel; they follow each other
    const float *bias;   // of the panels, MFACE_AMX_PANEL each
    int first_panel, end_panel;
    int out_channels; // of dst
    struct mface_space space;
    char *dst; // n_rows×width×out_channels, as `space` has them, bf16 or f32
    bool dst_bf16;
    bool sum;    // dst's former content is added before the activation
    float slope; // what negative results are multiplied by; 1: nothing
};

/* Computes first_panel..end_panel of the band. Between mface_amx_begin() and _end(). */
void mface_amx_conv3x3(const struct mface_amx_band *band);

/* Copies n_rows rows of width×channels bf16 pixels, of which `row` is the first and may be -1 of a
 * picture of `height`, into planes; rows outside of the picture become zeros. */
void mface_amx_fill_planes(const struct mface_amx_band *band, const uint16_t *src, int channels,
    int height, int row, int n_rows, char *planes);

/* Half a panel's worth of weights: 16 output channels, row_values floats between them, of
 * `channels`×9 each, into a panel's half. Channels beyond the last are zeros; `n` of the output
 * channels are there, the others become zeros. */
void mface_amx_pack_half(
    const float *rows, size_t row_values, int channels, int n, int half, char *panel);

#endif
