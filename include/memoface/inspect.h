/* Looking without swapping: faces in an image, facts about a model. */
#ifndef MEMOFACE_INSPECT_H
#define MEMOFACE_INSPECT_H

#include <memoface/settings.h>
#include <memoface/status.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_face_point {
    float x, y; // pixels of the upright image
};

struct mface_found_face {
    float left, top, right, bottom, score;
    /* Corners of the crop: top left, top right, bottom right, bottom left; all 0 if the landmarks
     * allow no alignment, in which case a swap leaves the face alone. */
    struct mface_face_point crop[4];
    int n_points; // 68 or 468
    struct mface_face_point points[468];
};

/* Finds faces in an image file as the settings say (detector, marker, threshold, sorting, number),
 * and, with `drawn` not NULL, writes a PNG or JPEG with boxes, points and crop outlines. *faces is
 * an array of *n_faces in the order of the settings; release with mface_found_faces_free(). Logs on
 * failure. */
MFACE_API MFACE_NODISCARD enum mface_status mface_detect_file(const char *image,
    const struct mface_settings *settings, const char *drawn, struct mface_found_face **faces,
    int *n_faces, int *image_w, int *image_h);
MFACE_API void mface_found_faces_free(struct mface_found_face **faces);

/* Prints what a model file is: DFM, detector, marker or other ONNX; sizes, operators, digest, and
 * what about it memoface cannot run. Logs on failure. */
MFACE_API MFACE_NODISCARD enum mface_status mface_model_print(
    const char *path, FILE *file, int as_json);

#ifdef __cplusplus
}
#endif
#endif
