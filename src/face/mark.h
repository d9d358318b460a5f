/* Face landmarks: where eyes, nose and mouth are within a box. */
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

/* MFACE_OK, MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_marker_run(struct mface_marker *marker,
    const struct mface_picture *picture, const struct mface_box *box,
    struct mface_landmarks *landmarks);

#endif
