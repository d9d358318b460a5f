/* The pixel work of a face swap outside the model: pre, post, mask, merge, adjust.
 *
 * Pure functions over images, in DeepFaceLive's formulas (ImageProcessor.py, FaceMerger.py,
 * FrameAdjuster.py). All are thread-safe; those that need scratch memory return MFACE_ERR_NOMEM. */
#ifndef MFACE_SWAP_STAGES_H
#define MFACE_SWAP_STAGES_H

#include "image/affine.h"
#include "image/kernels.h"
#include "image/picture.h"
#include <memoface/image.h>
#include <stdbool.h>

struct mface_pre_params {
    double sharpen;      // 0..10: x·(1+s) − blur(σ=1)·s
    double gamma_bgr[3]; // 0.01..4, applied after sharpening as x^(1/g)
};

/* True when pre would return its input unchanged, so that it need not run. */
bool mface_pre_is_identity(const struct mface_pre_params *params);

/* U8 BGR → U8 BGR, same size; works in place. */
MFACE_NODISCARD enum mface_status mface_pre_run(const struct mface_pre_params *params,
    const struct mface_image *crop, const struct mface_image *out);

struct mface_mask_params {
    bool use_source, use_celeb, use_landmarks; // multiplied; none: all ones
    int erode_px;                              // -400..400; max(1, |e|/2) passes; negative dilates
    int blur_px; // 0..400; border cleared by blur/2, then σ = 0.25·blur
};

/* Combines the masks (U8, c 1, same size; those not used may be NULL), erodes and blurs, into `out`
 * (F32 0..1, c 1). Everything outside the crop counts as 0. */
MFACE_NODISCARD enum mface_status mface_mask_build(const struct mface_mask_params *params,
    const struct mface_image *source, const struct mface_image *celeb,
    const struct mface_image *landmarks, const struct mface_image *out);

/* Erode and blur alone: F32 0..1 in and out, in place allowed. */
MFACE_NODISCARD enum mface_status mface_mask_erode_blur(
    const struct mface_image *mask, int erode_px, int blur_px, const struct mface_image *out);

enum mface_color_transfer { MFACE_COLOR_NONE, MFACE_COLOR_RCT };

/* Reinhard's colour transfer in CIE LAB: gives `face` the mean and standard deviation that `like`
 * has under the mask (pixels with mask < 0.5 are zeroed but counted, as DeepFaceLive does). A
 * channel without variation in `face` only has its mean moved. face, like: U8 or F32 BGR; mask F32;
 * out F32 BGR 0..1, may be `face` itself. */
MFACE_NODISCARD enum mface_status mface_color_rct(const struct mface_image *face,
    const struct mface_image *like, const struct mface_image *mask, const struct mface_image *out);

/* The same, but only the pixels of `part` are written. It begins at a multiple of 8 columns, and no
 * pixel beyond it has a mask of 0.5 or more; the statistics are those of the whole. */
void mface_color_rct_part(const struct mface_image *face, const struct mface_image *like,
    const struct mface_image *mask, struct mface_rect part, const struct mface_image *out);

struct mface_post_params {
    double gamma_bgr[3]; // 0.01..4
    double sharpen;      // 0..10, gaussian as in pre
    enum mface_color_transfer color_transfer;
    struct mface_mask_params mask;
};

/* Post-processing: gamma, then sharpen, then colour transfer towards the crop under the mask.
 * Writes the face (U8 BGR) and the final mask (U8, c 1). Colours are transferred only as far as
 * merging can see the face: up to 4 pixels from the rectangle around the mask's pixels above 0. */
MFACE_NODISCARD enum mface_status mface_post_run(const struct mface_post_params *params,
    const struct mface_image *celeb_face, const struct mface_image *crop,
    const struct mface_image *source_mask, const struct mface_image *celeb_mask,
    const struct mface_image *landmarks_mask, const struct mface_image *face,
    const struct mface_image *mask);

struct mface_merge_params {
    double x_offset, y_offset; // ±0.5 of the crop's side
    double scale;              // 0.5..1.5
    double opacity;            // 0..1
    enum mface_interp interp;
    double color_compression; // 0..127, 0 off; c = max(4, 127 − value) steps, mixed by the mask
    // Quantise the whole region, floor(x·c)/c + 2/c as DeepFaceLive does, not the face only. Each
    // such call lifts the picture again: with several faces, only the last one is to compress.
    bool compress_frame;
};

/* Frame pixels ← crop pixels: the inverse alignment with offsets and scale applied as
 * DeepFaceLive's merger does (offset and scale in the crop's unit space): positive offsets move the
 * face right and down in the crop's axes. MFACE_ERR_ARG, logged, for a singular matrix. */
MFACE_NODISCARD enum mface_status mface_merge_matrix(const struct mface_merge_params *params,
    const struct mface_affine *frame_to_crop_unit, int resolution, int frame_w, int frame_h,
    struct mface_affine *crop_to_frame);

/* The part of a w×h frame that a crop of that side can touch; empty (l ≥ r) when none. */
struct mface_rect mface_merge_rect(
    const struct mface_affine *crop_to_frame, int resolution, int frame_w, int frame_h);

/* Blends one face into `region`, which is `rect` of the frame as F32 BGR, in place, and adds the
 * pixels it touched to `touched` (F32, c 1, max with the warped mask; mask ≤ 1/255 counts as 0;
 * all 1 where compress_frame quantised). All other pixels stay as they are, bit for bit.
 * face: U8 or F32 BGR, mask: U8 or F32, both of the crop's size. The result is not clamped: bicubic
 * and Lanczos overshoot, and compress_frame lifts white by 2/c. MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_merge_face(const struct mface_merge_params *params,
    const struct mface_affine *crop_to_frame, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect rect, const struct mface_image *region,
    const struct mface_image *touched);

/* Room that mface_merge_picture() needs for a crop of crop_w×crop_h. */
size_t mface_merge_room_bytes(int crop_w, int crop_h, int picture_w);

/* The same straight into a picture: blends one face into the pixels of `rect` (within the picture,
 * as mface_merge_rect() gives it, or empty) and returns the smallest rectangle around those it
 * changed, empty where none. All samples that belong to no changed pixel stay bit-identical. Not
 * for compress_frame. `room` is used meanwhile. Nothing can fail; a singular matrix changes
 * nothing.
 */
struct mface_rect mface_merge_picture(const struct mface_merge_params *params,
    const struct mface_affine *crop_to_frame, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect rect, void *room,
    const struct mface_picture *picture);

struct mface_adjust_params {
    int median_percent;  // 0..100: opacity of a 5×5 median over the frame
    int degrade_percent; // 0..100: shrink by this much and grow back, bicubic
};

bool mface_adjust_is_identity(const struct mface_adjust_params *params);

/* Frame adjustment of the background, U8 BGR whole frame, in place. */
MFACE_NODISCARD enum mface_status mface_adjust_run(
    const struct mface_adjust_params *params, const struct mface_image *frame);

#endif
