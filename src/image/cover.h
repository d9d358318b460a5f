/* A face and its mask laid over a picture, a run of pixels at a time.
 *
 * The two are warped from the crop together, only where the mask reaches: each row of the picture
 * meets the crop in one run of columns, because a map that is affine takes lines to lines. Values
 * are those of mface_warp_affine(), bit for bit; U8 with bilinear weights, which is what swaps use
 * by default, goes through integers, where its sums are exact either way. */
#ifndef MFACE_IMAGE_COVER_H
#define MFACE_IMAGE_COVER_H

#include "image/grid.h"
#include "image/strip.h"

/* Warped masks up to this count as 0 (DeepFaceLive's FaceMerger.py). */
#define MFACE_COVER_MASK_FLOOR (1.0f / 255.0f)

struct mface_cover {
    struct mface_warp face, mask;
    struct mface_rect reach; // of the mask's pixels, those that may be other than 0
    bool is_exact_in_u8;     // the integer kernel applies
    const struct mface_strip_kernels *kernels;
};

/* face: U8 or F32 BGR; mask: U8 or F32, c 1, of the same size; views that must outlive the cover.
 * False when the matrix is singular: there is nothing to lay over. */
bool mface_cover_init(struct mface_cover *cover, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect reach,
    const struct mface_affine *crop_to_picture, enum mface_interp interp);

/* The columns 0 ≤ x < w of row y whose mask may be above 0; empty where l ≥ r. */
struct mface_range mface_cover_columns(const struct mface_cover *cover, int y, int w);

/* The n ≤ MFACE_STRIP_W pixels from x, y on: the mask, at most 1 and 0 where it is ≤ 1/255, and,
 * unless that is 0 everywhere, the face as R, G, B, valid where the mask is not 0. False when the
 * mask is 0 everywhere. The run should touch the row's columns or those of a row next to it. */
bool mface_cover_run(const struct mface_cover *cover, int y, int x, int n,
    float mask[MFACE_STRIP_W], float face[3][MFACE_STRIP_W]);

#endif
