/* What tells one kind of landmark model from another: each looks at a square of the frame. */
#ifndef MFACE_FACE_MARK_KIND_H
#define MFACE_FACE_MARK_KIND_H

#include "face/face.h"
#include "face/mark.h"
#include "face/model.h"

struct mface_marker_kind {
    const char *name;
    double extent;   // side of the square over the extent of the landmarks in it
    int left_eye[2]; // landmarks about the middle of which that eye lies: first, last
    int right_eye[2];
    double (*box_side)(const struct mface_box *box); // side of the first square
    bool (*matches)(const struct mface_onnx *onnx);
    enum mface_status (*look)(struct mface_face_model *model, const struct mface_picture *picture,
        const struct mface_look *look, struct mface_landmarks *landmarks);
};

extern const struct mface_marker_kind mface_marker_68;  // face-api's 68-point network
extern const struct mface_marker_kind mface_marker_468; // MediaPipe's FaceMesh

/* The map from the frame to a crop that the square fills; its centre goes to (middle, middle). */
struct mface_affine mface_look_to_crop(const struct mface_look *look, int crop_px, double middle);

#endif
