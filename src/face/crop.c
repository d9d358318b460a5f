/* Sampling an aligned crop from a picture. Only the rectangle that the crop covers is converted to
 * BGR, with a margin for the sampling taps; the matrix is shifted to it by whole pixels, which does
 * not change a single weight. */
#include "face/align.h"
#include "image/kernels.h"

#include <math.h>
#include <string.h>

enum { MARGIN_PX = 2 }; // one for the second tap, one for rounding

static int clamp_to_side(double value, int side)
{
    return value > 0 ? (value < side ? (int)value : side) : 0;
}

/* The pixels of a frame that a crop of that size samples; empty where l ≥ r or t ≥ b. */
static struct mface_rect covered_rect(
    const struct mface_affine *to_frame, int crop_w, int crop_h, int frame_w, int frame_h)
{
    double l = INFINITY, t = INFINITY, r = -INFINITY, b = -INFINITY;
    for (int i = 0; i < 4; i++) {
        const struct mface_point corner = { i & 1 ? (float)crop_w : 0, i & 2 ? (float)crop_h : 0 };
        const struct mface_point at = mface_affine_apply(to_frame, corner);
        l = fmin(l, at.x);
        t = fmin(t, at.y);
        r = fmax(r, at.x);
        b = fmax(b, at.y);
    }
    return (struct mface_rect) {
        .l = clamp_to_side(floor(l) - MARGIN_PX, frame_w),
        .t = clamp_to_side(floor(t) - MARGIN_PX, frame_h),
        .r = clamp_to_side(ceil(r) + MARGIN_PX + 1, frame_w),
        .b = clamp_to_side(ceil(b) + MARGIN_PX + 1, frame_h),
    };
}

static void clear_crop(const struct mface_image *crop)
{
    for (int y = 0; y < crop->h; y++)
        memset(mface_image_row_u8(crop, y), 0, (size_t)crop->w * (size_t)crop->c);
}

enum mface_status mface_align_crop(const struct mface_picture *picture,
    const struct mface_alignment *alignment, const struct mface_image *crop)
{
    struct mface_affine to_frame;
    struct mface_rect rect = { 0 };
    if (mface_affine_invert(&alignment->to_crop, &to_frame))
        rect = covered_rect(&to_frame, crop->w, crop->h, picture->w, picture->h);
    if (mface_rect_is_empty(rect)) {
        clear_crop(crop);
        return MFACE_OK;
    }
    struct mface_image part;
    const enum mface_status status =
        mface_image_init(&part, rect.r - rect.l, rect.b - rect.t, 3, MFACE_SAMPLE_U8);
    if (status != MFACE_OK)
        return status;
    mface_picture_read_bgr(picture, rect, &part);
    const struct mface_affine from_part = { .m = { 1, 0, rect.l, 0, 1, rect.t } };
    const struct mface_affine to_crop = mface_affine_then(&from_part, &alignment->to_crop);
    mface_warp_affine(&part, crop, &to_crop, MFACE_INTERP_BILINEAR);
    mface_image_clear(&part);
    return MFACE_OK;
}
