/* Patches: the samples of some rectangles of a picture, in the picture's own format.
 *
 * What merging one face changes is a small part of a frame. A patch holds that part as it lies in
 * the picture, so that a repeated frame is finished by copying it in. Layout: the number of
 * rectangles, the rectangles, then the words of each component of each rectangle, row by row. */
#ifndef MFACE_PIPELINE_PATCH_H
#define MFACE_PIPELINE_PATCH_H

#include "image/picture.h"

/* Bytes of a patch of these rectangles, each within the picture or empty (l ≥ r or t ≥ b). */
size_t mface_patch_bytes(
    const struct mface_picture *picture, const struct mface_rect *rects, int n_rects);

/* Copies the rectangles' samples out of the picture; `patch` has mface_patch_bytes() bytes, aligned
 * as the allocators of this project align. */
void mface_patch_take(
    const struct mface_picture *picture, const struct mface_rect *rects, int n_rects, void *patch);

/* How many of its rectangles are empty. */
int mface_patch_n_empty(const void *patch);

/* Copies a patch into a picture of the format and size it was taken from. */
void mface_patch_apply(const struct mface_picture *picture, const void *patch);

#endif
