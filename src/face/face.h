/* Faces: boxes, landmarks, and the records that pass between the stages. Coordinates are pixels of
 * the upright frame, x right, y down; pixel centres at integers. */
#ifndef MFACE_FACE_FACE_H
#define MFACE_FACE_FACE_H

#include "image/affine.h"
#include "image/picture.h"
#include <memoface/image.h>
#include <memoface/status.h>

enum { MFACE_FACES_MAX = 256, MFACE_LANDMARKS_MAX = 468 };

struct mface_box {
    float l, t, r, b;
    float score; // 0..1
};

/* n says the scheme: 68 (iBUG) or 468 (MediaPipe FaceMesh). */
struct mface_landmarks {
    int n;
    struct mface_point p[MFACE_LANDMARKS_MAX];
};

#endif
