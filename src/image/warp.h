/* What the driver of a warp (warp.c) hands to its inner loops. */
#ifndef MFACE_IMAGE_WARP_H
#define MFACE_IMAGE_WARP_H

#include "image/interp.h"

#include <stdbool.h>

/* Positions are in 1/1024 pixel while they are summed up and in 1/32 when pixels are read. */
enum {
    MFACE_WARP_SUM_BITS = 10,
    MFACE_WARP_GRID_BITS = 5,
    MFACE_WARP_GRID = 1 << MFACE_WARP_GRID_BITS,
};

/* Pixels that vector code may read beyond the last tap of a U8 row: their loads take 16 bytes where
 * four taps are 12, 8 where two are 6, or 4 where two are 2. */
enum { MFACE_WARP_SLACK_PX = 2 };

struct mface_warp_weights {
    float tap[MFACE_WARP_GRID][MFACE_TAPS_MAX];
    float wide[MFACE_WARP_GRID][MFACE_TAPS_MAX][4]; // each weight four times
};

/* Neighbouring pixels of one output row, all of whose taps lie inside the source, with
 * MFACE_WARP_SLACK_PX to spare on the right when it is U8. Pixel i lies at
 * x = (dx[i] + x0) / 1024, y = (dy[i] + y0) / 1024 of the source, cut to 1/32. */
struct mface_warp_span {
    const struct mface_image *src;
    const struct mface_warp_weights *weights;
    const int32_t *dx, *dy;
    int32_t x0, y0;
    void *dst;
    int n;
};

typedef void (*mface_warp_fn)(const struct mface_warp_span *span);

enum mface_warp_kind {
    MFACE_WARP_U8_U8,
    MFACE_WARP_U8_F32,
    MFACE_WARP_F32_F32,
    MFACE_N_WARP_KINDS
};

/* A warp prepared: for passes that make a few pixels at a time and use them at once. */
struct mface_warp {
    struct mface_image src; // a view
    struct mface_affine to_src;
    enum mface_interp interp;
    int n_taps;
    struct mface_warp_weights weights;
};

/* False when the matrix is singular. */
bool mface_warp_init(struct mface_warp *warp, const struct mface_image *src,
    const struct mface_affine *src_to_dst, enum mface_interp interp);

/* The n ≤ MFACE_WARP_RUN_MAX output pixels from x, y on into `out`, interleaved, as
 * mface_warp_affine() gives them. */
enum { MFACE_WARP_RUN_MAX = 256 };
void mface_warp_run(
    const struct mface_warp *warp, int y, int x, int n, enum mface_sample to, void *out);

#endif
