/* What tells one kind of landmark model from another: each looks at a square of the frame. */
#ifndef MFACE_FACE_MARK_KIND_H
#define MFACE_FACE_MARK_KIND_H

#include "face/face.h"
#include "face/model.h"

struct mface_marker_kind {
    const char *name;
    bool (*matches)(const struct mface_onnx *onnx);
    enum mface_status (*run)(struct mface_face_model *model, const struct mface_picture *picture,
        const struct mface_box *box, struct mface_landmarks *landmarks);
};

extern const struct mface_marker_kind mface_marker_68;  // face-api's 68-point network
extern const struct mface_marker_kind mface_marker_468; // MediaPipe's FaceMesh

/* A square in the frame: centre and side in pixels, turned by `angle` (radians, clockwise). */
struct mface_square {
    double x, y, side, angle;
};

/* The map from the frame to a crop of `crop_px`² that the square fills. */
struct mface_affine mface_square_to_crop(const struct mface_square *square, int crop_px);

#endif
