/* What all kernels in AMX tiles have in common: sizes, and the tiles themselves, which are a
 * thread's. */
#ifndef MFACE_ONNX_AMX_TILES_H
#define MFACE_ONNX_AMX_TILES_H

enum {
    MFACE_AMX_LINE_BYTES = 64,   // of channels: a pixel of a plane, or an output channel's weights
    MFACE_AMX_TILE_BYTES = 1024, // 16 lines
    MFACE_AMX_PANEL = 32,        // output channels, two tiles of sums
    MFACE_AMX_BLOCK = 48,        // pixels, three tiles of sums
};

/* Begin before bands, end after them. */
void mface_amx_begin(void);
void mface_amx_end(void);

#endif
