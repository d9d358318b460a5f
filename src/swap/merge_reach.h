/* Which pixels a mask can reach: what the two ways of merging share. */
#ifndef MFACE_SWAP_MERGE_REACH_H
#define MFACE_SWAP_MERGE_REACH_H

#include "swap/stages.h"

/* The smallest rectangle that holds every pixel of the mask above 0; l ≥ r when there is none. */
struct mface_rect mface_merge_nonzero(const struct mface_image *mask);

/* The part of an image, as a view. */
struct mface_image mface_merge_view(const struct mface_image *image, struct mface_rect part);

/* The part of `rect`, in frame pixels, that takes anything from the crop's pixels in `nonzero`,
 * relative to rect's corner; empty when none. */
struct mface_rect mface_merge_reached(
    const struct mface_affine *crop_to_frame, struct mface_rect nonzero, struct mface_rect rect);

/* Steps of colour compression: c of mface_merge_params, 0 for none. */
float mface_merge_steps(double color_compression);

#endif
