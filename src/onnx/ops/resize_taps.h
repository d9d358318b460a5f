/* Which input elements make an output element of a resized axis, and with which weights.
 *
 * Source of the formulas: the operator Resize in ONNX's operator reference (1.12, set 13). */
#ifndef MFACE_ONNX_OPS_RESIZE_TAPS_H
#define MFACE_ONNX_OPS_RESIZE_TAPS_H

#include <stdbool.h>
#include <stdint.h>

enum mface_resize_coord {
    MFACE_RESIZE_HALF_PIXEL,
    MFACE_RESIZE_PYTORCH_HALF_PIXEL,
    MFACE_RESIZE_ALIGN_CORNERS,
    MFACE_RESIZE_ASYMMETRIC,
    MFACE_RESIZE_TF_HALF_PIXEL_FOR_NN,
    MFACE_RESIZE_TF_CROP_AND_RESIZE,
    MFACE_RESIZE_HALF_PIXEL_SYMMETRIC,
    MFACE_RESIZE_N_COORDS,
};

enum mface_resize_mode {
    MFACE_RESIZE_NEAREST,
    MFACE_RESIZE_LINEAR,
    MFACE_RESIZE_CUBIC,
    MFACE_RESIZE_N_MODES,
};

enum mface_resize_round {
    MFACE_RESIZE_ROUND_PREFER_FLOOR,
    MFACE_RESIZE_ROUND_PREFER_CEIL,
    MFACE_RESIZE_FLOOR,
    MFACE_RESIZE_CEIL,
    MFACE_RESIZE_N_ROUNDS,
};

enum { MFACE_RESIZE_TAPS_MAX = 4 };

/* One output element: Σ weight[k] · input[index[k]], n_taps of the axis. */
struct mface_resize_taps {
    bool outside; // crop: beyond the input, takes the extrapolation value
    int64_t index[MFACE_RESIZE_TAPS_MAX];
    float weight[MFACE_RESIZE_TAPS_MAX];
};

struct mface_resize_axis {
    enum mface_resize_coord coord;
    enum mface_resize_mode mode;
    enum mface_resize_round round; // nearest
    bool exclude_outside;          // cubic: taps beyond the input weigh nothing
    double cubic_a;                // cubic: Keys' coefficient, -0.75 or -0.5
    int64_t n_in, n_out;           // both ≥ 1
    double scale;                  // output / input, as given
    double roi_start, roi_end;     // crop: in units of the input's length - 1
};

int mface_resize_n_taps(enum mface_resize_mode mode); // 1, 2 or 4

/* Fills taps[0..n_out). */
void mface_resize_taps_init(const struct mface_resize_axis *axis, struct mface_resize_taps *taps);

#endif
