/* Sampling a picture for a network: scaled whole, or warped part, without aliasing.
 *
 * Frames are usually several times finer than what the networks see. Where more than two pixels
 * of the frame fall on one of the result, they are first averaged in whole blocks, then resampled;
 * sampling alone would let landmarks shimmer with the noise of single pixels. */
#ifndef MFACE_FACE_SAMPLE_H
#define MFACE_FACE_SAMPLE_H

#include "image/affine.h"
#include "image/kernels.h"
#include "image/picture.h"

/* A picture scaled down or up as a whole. */
struct mface_scaled {
    struct mface_image image; // U8 BGR, owned: mface_image_clear()
    double x_px, y_px;        // frame pixels per pixel of the image
};

/* Scales the picture so that its longer side is `longer_px` ≥ 1. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_sample_scaled(
    const struct mface_picture *picture, int longer_px, struct mface_scaled *out);

/* Warps into `crop` (c 3, U8 or F32 0..1), black outside the picture. `to_crop` is a similarity
 * and maps pixel centres to pixel centres, both at integers. Reads no more of the picture than
 * the crop covers. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_sample_warped(const struct mface_picture *picture,
    const struct mface_affine *to_crop, enum mface_interp interp, const struct mface_image *crop);

/* Writes (value − mean) × scale of a U8 BGR image as three planes, red, green, blue, of plane_w ×
 * plane_h ≥ the image's size; what the image does not cover is as if it were black. */
void mface_sample_to_planes(const struct mface_image *image, const float mean_rgb[3], float scale,
    int plane_w, int plane_h, float *planes);

#endif
