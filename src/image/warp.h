/* The affine warp a run of pixels at a time, for passes that use the pixels at once. */
#ifndef MFACE_IMAGE_WARP_H
#define MFACE_IMAGE_WARP_H

#include "image/grid.h"
#include "image/interp.h"

/* A warp prepared: a view of the source, how to get back to it, and the weights of each position
 * between two pixels. */
struct mface_warp {
    struct mface_image src;
    struct mface_affine to_src;
    int n_taps;
    float weights[MFACE_GRID][MFACE_TAPS_MAX];
};

/* False when the matrix is singular. */
bool mface_warp_init(struct mface_warp *warp, const struct mface_image *src,
    const struct mface_affine *src_to_dst, enum mface_interp interp);

/* Output pixels x to x + n of row y into `out`, interleaved, as mface_warp_affine() would give
 * them. */
void mface_warp_run(
    const struct mface_warp *warp, int y, int x, int n, enum mface_sample to, void *out);

#endif
