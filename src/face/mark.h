/* Face landmarks: where eyes, nose and mouth are in a part of the frame. */
#ifndef MFACE_FACE_MARK_H
#define MFACE_FACE_MARK_H

#include "face/face.h"
#include <memoface/key.h>

struct mface_onnx;

/* A landmark model with its pre- and post-processing. Immutable, thread-safe. */
struct mface_marker;

MFACE_NODISCARD enum mface_status mface_marker_open(
    const char *path, int threads, struct mface_marker **out);
void mface_marker_free(struct mface_marker **marker);
const char *mface_marker_kind(const struct mface_marker *marker); // "face-api-68", "facemesh-468"
struct mface_key mface_marker_digest(const struct mface_marker *marker);

/* The kind an ONNX file would be opened as, or NULL. */
const char *mface_marker_recognize(const struct mface_onnx *onnx);

/* Where a marker looks: a square in the frame. Centre and side in pixels, turned by `angle`
 * (radians, clockwise). No padding: it is hashed as bytes. */
struct mface_look {
    double x, y, side, angle;
};

/* Where to look first for the face in a box. */
struct mface_look mface_marker_look_at(
    const struct mface_marker *marker, const struct mface_box *box);

/* Where to look for a face whose landmarks were these a frame ago; false when they say nothing
 * (all in one place). The square is one of a coarse grid of places, sizes and angles, so that all
 * landmarks near to each other lead to the same look, which then gives the same landmarks to the
 * last bit: however a frame was come to, by detection or from either side in time. */
bool mface_marker_look_again(const struct mface_marker *marker,
    const struct mface_landmarks *landmarks, struct mface_look *look);

/* Landmarks found by looking there, and again where those say the face is, until that is the same
 * square (at most three times).
 * MFACE_OK, MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_marker_run(struct mface_marker *marker,
    const struct mface_picture *picture, const struct mface_look *look,
    struct mface_landmarks *landmarks);

#endif
