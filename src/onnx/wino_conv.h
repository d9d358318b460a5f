/* A Winograd convolution from the inside. */
#ifndef MFACE_ONNX_WINO_CONV_H
#define MFACE_ONNX_WINO_CONV_H

#include "onnx/packed.h"
#include "onnx/space.h"
#include "onnx/wino.h"
#include "onnx/wino_kernel.h"

/* The inner loops for this CPU; NULL: there are none. */
const struct mface_wino_kernels *mface_wino_kernels(void);

struct mface_wino_conv {
    const struct mface_wino_kernels *loops;
    int batch, in_height, in_width, height, width, in_channels, out_channels;
    int stride;                        // 1: 3×3; 2: 5×5, a sum of n_phases 3×3 convolutions
    int n_phases;                      // of pixels whose rows and columns are even or odd
    int panel, n_panels;               // output channels of a panel
    int chunk, n_chunks;               // input channels of a chunk
    int n_tiles_x, n_tiles_y, n_tiles; // of a picture; of all
    int threads;
    struct mface_space space; // of the destination
    bool sum;
    enum mface_wino_activation activation;
    float alpha, beta;
    float *bias;  // a panel's worth for each panel and one more, zeros beyond the last channel
    float *zeros; // a pixel outside of the picture

    /* Weights: [panel][phase][input channel][tap][output channel]. They are transformed in each
     * run, chunk by chunk: that costs less than to fetch four times as much from memory. */
    struct mface_packed packed;

    /* How a run is cut up: into blocks of tiles, and each block into parts, ranges of panels. */
    int n_blocks, n_parts;
    size_t v_plane, m_plane;                   // floats
    size_t v_values, m_values, scratch_values; // of a thread
};

/* mface_wino_conv_create() with inner loops of the caller's choice. */
MFACE_NODISCARD enum mface_status mface_wino_conv_create_with(const struct mface_dnnl_conv *conv,
    int threads, const struct mface_wino_kernels *loops, struct mface_wino_conv **out);

/* wino_pack.c: sets packed. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_wino_conv_pack(
    struct mface_wino_conv *kernel, const struct mface_constant *from);

/* wino_cut.c: sets chunk, n_chunks, n_blocks, n_parts and the sizes that follow from them. */
void mface_wino_conv_cut(struct mface_wino_conv *kernel);

#endif
