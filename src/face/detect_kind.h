/* What tells one kind of detector from another. All of them take a U8 picture as three planes and
 * give candidate boxes in the pixels of their input. */
#ifndef MFACE_FACE_DETECT_KIND_H
#define MFACE_FACE_DETECT_KIND_H

#include "face/face.h"
#include "onnx/onnx.h"

struct mface_detector_kind {
    const char *name;
    int window_px;     // longer side it was trained with
    int step_px;       // input sides are multiples of it
    float mean_rgb[3]; // input = (value − mean) × scale
    float scale;
    float iou_max; // of two boxes that are two faces
    bool (*matches)(const struct mface_onnx *onnx);

    /* Most candidates an input of w × h can give. */
    size_t (*n_candidates_max)(int w, int h);

    /* Writes the candidates that score at least MFACE_CANDIDATE_SCORE_MIN; edges in the input's
     * pixels, 0 at the left edge of the first. Returns how many, or -1 when the outputs have not
     * the size that belongs to w × h. */
    int (*decode)(const struct mface_tensor *outputs, int w, int h, struct mface_box *boxes);
};

extern const struct mface_detector_kind mface_detector_ssd;  // face-api's SSD MobileNet v1
extern const struct mface_detector_kind mface_detector_tiny; // face-api's tiny face detector

/* A box from its centre and sides; false when that is no box (not finite, or empty). */
bool mface_box_from_center(float x, float y, float w, float h, float score, struct mface_box *box);

#endif
