/* Alignment: from landmarks (or a box) to the square crop a DFM takes.
 *
 * DeepFaceLive's geometry (xlib/face/FLandmarks2D.py, FRect.py): a similarity transform (Umeyama
 * 1991) takes the landmarks to a mean face in the unit square; the square's centre and diagonals
 * are taken back to the frame and scaled by the coverage. */
#ifndef MFACE_FACE_ALIGN_H
#define MFACE_FACE_ALIGN_H

#include "face/face.h"
#include <stdbool.h>

enum mface_align_mode {
    MFACE_ALIGN_POINTS,
    MFACE_ALIGN_RECT,
    MFACE_ALIGN_STATIC_RECT, // a square of `resolution` pixels in the middle of the frame
};

struct mface_align_params {
    enum mface_align_mode mode;
    double coverage;           // 0.1..8, of the mean face's half diagonal; DeepFaceLive: 2.2
    int resolution;            // side of the crop in pixels, 16..1024
    double x_offset, y_offset; // of the mean face's side, right and down; -10..10
    bool exclude_moving_parts; // 468 points: leave out brows, mouth, jaw
    bool head_mode;            // coverage + 1, y offset - 0.5: the whole head
    bool freeze_z_rotation;    // centre the face but keep it as rotated as it is
};

struct mface_alignment {
    struct mface_affine to_crop;      // frame pixels → crop pixels
    struct mface_affine to_crop_unit; // frame in 0..1 → crop in 0..1
};

/* `y_offset` in the params is the user's; points mode adds DeepFaceLive's constant -0.08 itself.
 * MFACE_ERR_ARG when the landmarks are degenerate (all in one place); not logged. */
MFACE_NODISCARD enum mface_status mface_align_compute(const struct mface_align_params *params,
    const struct mface_box *box, const struct mface_landmarks *landmarks, int frame_w, int frame_h,
    struct mface_alignment *out);

/* Samples the crop (U8 BGR, resolution², bilinear, 0 outside) from the picture. Reads only the
 * part of the picture that the crop covers. MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_align_crop(const struct mface_picture *picture,
    const struct mface_alignment *alignment, const struct mface_image *crop);

/* The convex hull of the landmarks as a mask in crop space: U8, c 1, 255 inside. */
void mface_align_hull_mask(const struct mface_landmarks *landmarks,
    const struct mface_alignment *alignment, const struct mface_image *mask);

#endif
