/* A face and its mask laid over a picture, a run of pixels at a time.
 *
 * The two are warped from the crop together, only where the mask reaches: each row of the picture
 * meets the crop in one run of columns, because a map that is affine takes lines to lines. Values
 * are those of mface_warp_affine(), bit for bit.
 *
 * U8 with bilinear weights, which is what swaps use by default, goes through integers, where sums
 * are exact. For that the part of the crop that the mask reaches is packed first: four bytes a
 * pixel, so that one load has all that a tap needs, with a border whose mask is 0, so that no tap
 * lies outside. What a column adds to a position is the same in every row, and computed once. */
#ifndef MFACE_IMAGE_COVER_H
#define MFACE_IMAGE_COVER_H

#include "image/strip.h"

/* Warped masks up to this count as 0 (DeepFaceLive's FaceMerger.py). */
#define MFACE_COVER_MASK_FLOOR (1.0f / 255.0f)

/* Sums of bilinear weights are in 1/1024; this makes 255 of them 1. */
#define MFACE_COVER_SCALE (1.0f / 255.0f / 1024.0f)

struct mface_cover {
    struct mface_warp face, mask;
    struct mface_rect reach;       // of the mask's pixels, those that may be other than 0
    bool is_packed;                // the integer kernel applies, and `packed` is set
    struct mface_cover_run packed; // but for the run; dx and dy are those of column 0
    const struct mface_strip_kernels *kernels;
};

/* Room for the packed part of a w×h crop over a picture at most picture_w wide. */
size_t mface_cover_room_bytes(int w, int h, int picture_w);

/* face: U8 or F32 BGR; mask: U8 or F32, c 1, of the same size; views that must outlive the cover,
 * as must the room. The runs to come lie within 0 ≤ x < n_columns, or up to 3 pixels before that.
 * False when the matrix is singular: there is nothing to lay over. */
bool mface_cover_init(struct mface_cover *cover, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect reach,
    const struct mface_affine *crop_to_picture, enum mface_interp interp, int n_columns,
    void *room);

/* The columns 0 ≤ x < w of row y whose mask may be above 0; empty where l ≥ r. */
struct mface_range mface_cover_columns(const struct mface_cover *cover, int y, int w);

/* The n ≤ MFACE_STRIP_W pixels from x, y on: the mask, at most 1 and 0 where it is ≤ 1/255, and,
 * unless that is 0 everywhere, the face as R, G, B, valid where the mask is not 0. Returns the
 * first and last pixels, from x on, whose mask is not 0. The run should touch the row's columns or
 * those of a row next to it. */
struct mface_range mface_cover_run(const struct mface_cover *cover, int y, int x, int n,
    float mask[MFACE_STRIP_W], float face[3][MFACE_STRIP_W]);

#endif
