/* Face detection: where faces are in a frame. */
#ifndef MFACE_FACE_DETECT_H
#define MFACE_FACE_DETECT_H

#include "face/face.h"
#include <memoface/key.h>

struct mface_onnx;

/* A detector model with its pre- and post-processing. Immutable, thread-safe. */
struct mface_detector;

/* Opens an ONNX file and recognises which detector it is by its inputs and outputs.
 * Logs on failure; MFACE_ERR_UNSUPPORTED: an ONNX that is no known detector. */
MFACE_NODISCARD enum mface_status mface_detector_open(
    const char *path, int threads, struct mface_detector **out);
void mface_detector_free(struct mface_detector **detector);
const char *mface_detector_kind(const struct mface_detector *detector); // "ssd-mobilenet", …
struct mface_key mface_detector_digest(
    const struct mface_detector *detector); // content of the file

/* The kind an ONNX file would be opened as, or NULL. */
const char *mface_detector_recognize(const struct mface_onnx *onnx);

struct mface_detect_params {
    int window_px;   // longer side the frame is scaled down to, 0..4096; 0: the detector's own
    float threshold; // 0.01..1
};

/* Finds faces, best score first, the candidates of each face merged (face/boxes.h). `boxes` has
 * room for MFACE_FACES_MAX. Boxes may reach beyond the frame by what the network says; scores ≥
 * threshold.
 * MFACE_OK (with *n_boxes 0 when there are none), MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_detector_run(struct mface_detector *detector,
    const struct mface_picture *picture, const struct mface_detect_params *params,
    struct mface_box *boxes, int *n_boxes);

enum mface_sort {
    MFACE_SORT_LARGEST,
    MFACE_SORT_CENTER, // nearest to the middle of the frame first
    MFACE_SORT_LEFT_RIGHT,
    MFACE_SORT_RIGHT_LEFT,
    MFACE_SORT_TOP_BOTTOM,
    MFACE_SORT_BOTTOM_TOP,
};

/* Sorts boxes (stable) and returns how many of them to keep: max_faces, or all when it is 0. */
int mface_boxes_select(
    struct mface_box *boxes, int n_boxes, enum mface_sort sort, int max_faces, int w, int h);

#endif
