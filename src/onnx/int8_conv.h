/* A convolution in bytes from the inside. */
#ifndef MFACE_ONNX_INT8_CONV_H
#define MFACE_ONNX_INT8_CONV_H

#include "onnx/int8.h"
#include "onnx/int8_kernel.h"
#include "onnx/packed.h"

/* The inner loops for this CPU. */
const struct mface_int8_loops *mface_int8_loops(void);

enum { MFACE_INT8_TOGETHER_MAX = 8 }; // bands

struct mface_int8_conv {
    const struct mface_int8_loops *loops;
    int batch, in_height, in_width, height, width, in_channels, out_channels;
    int stride;             // 1: 3×3; 2: 5×5
    int n_phases;           // of pixels whose rows and columns are even or odd
    int n_groups, n_panels; // of channels, see int8_kernel.h
    int threads;
    struct mface_space space; // of the destination
    bool sum;
    float slope;
    struct mface_taps taps[MFACE_INT8_PHASES_MAX];
    float *bias; // MFACE_INT8_PANEL for each panel, zeros beyond the last channel

    /* Packed: panels, then a step and a sum for each of their output channels. */
    struct mface_packed packed;
    const int8_t *weights;
    const float *units;
    const int32_t *sums;
    size_t panel_bytes;

    /* How a run is cut up: into bands of rows, and each band into parts, ranges of panels, where
     * there are more threads than bands. A thread rounds n_together bands into its planes, which
     * fit into its own cache, and takes each panel over all of them. */
    int band_rows, n_bands, n_parts, n_together;
    size_t plane_bytes, planes_bytes; // of one group, and of all in a band
};

/* mface_int8_conv_create() with inner loops of the caller's choice. */
MFACE_NODISCARD enum mface_status mface_int8_conv_create_with(const struct mface_dnnl_conv *conv,
    int threads, const struct mface_int8_loops *loops, struct mface_int8_conv **out);

/* Side of the window as the model has it, and where a phase's tap lies in it; see int8_kernel.h. */
int mface_int8_window_side(const struct mface_int8_conv *kernel);
int mface_int8_window_place(const struct mface_int8_conv *kernel, int phase, int tap);

/* int8_pack.c: sets what is packed. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_int8_conv_pack(
    struct mface_int8_conv *kernel, const struct mface_constant *from);

/* int8_cut.c: sets how a run is cut up. */
void mface_int8_conv_cut(struct mface_int8_conv *kernel);

#endif
