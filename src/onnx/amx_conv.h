/* A 3×3 convolution in tiles, from the inside. */
#ifndef MFACE_ONNX_AMX_CONV_H
#define MFACE_ONNX_AMX_CONV_H

#include "onnx/amx.h"
#include "onnx/amx_kernel.h"
#include "onnx/packed.h"

struct mface_amx_conv {
    int batch, height, width, in_channels, out_channels;
    int n_groups, n_panels; // of channels, see amx_kernel.h
    int threads;
    struct mface_space space; // of the destination
    bool dst_bf16, sum;
    float slope;
    float *bias;                // MFACE_AMX_PANEL for each panel, zeros beyond the last channel
    struct mface_packed packed; // weights

    /* How a run is cut up: into bands of rows, whose planes fit into a core's own cache, and each
     * band into parts, ranges of panels, where there are more threads than bands. */
    int band_rows, n_bands, n_parts;
    size_t plane_bytes, planes_bytes; // of one group, and of all
};

/* amx_pack.c: sets packed. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_amx_conv_pack(
    struct mface_amx_conv *kernel, const struct mface_constant *from);

#endif
