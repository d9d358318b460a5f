/* The tiny face detector (a small YOLO v2), as tools/convert_face_models.py writes it.
 *
 * Output: 1×rows×columns×25, cells of 32 pixels with five anchors of (tx, ty, tw, th, logit).
 * centre = cell's corner + sigmoid(t) cells;  side = anchor side × exp(t). Anchor sides, mean
 * colour and overlap limit are those of face-api (src/tinyFaceDetector/const.ts, 1.7). */
#include "face/boxes.h"
#include "face/detect_kind.h"
#include "face/model.h"

#include <math.h>
#include <string.h>

enum { CELL_PX = 32, N_ANCHORS = 5, N_VALUES = 5 };

static const struct {
    float w, h; // cells
} anchors[N_ANCHORS] = {
    { 1.603231F, 2.094468F },
    { 6.041143F, 7.080126F },
    { 2.882459F, 3.518061F },
    { 4.266906F, 5.178857F },
    { 9.041765F, 10.66308F },
};

static bool matches(const struct mface_onnx *onnx)
{
    if (mface_onnx_n_inputs(onnx) != 1 || mface_onnx_n_outputs(onnx) != 1)
        return false;
    const struct mface_shape image = { 4, { 1, 3, -1, -1 } };
    const struct mface_shape cells = { 4, { 1, -1, -1, (int64_t)N_ANCHORS * N_VALUES } };
    return mface_value_fits(mface_onnx_input(onnx, 0), &image) &&
           mface_value_fits(mface_onnx_output(onnx, 0), &cells) &&
           strcmp(mface_onnx_output(onnx, 0)->name, "cells") == 0;
}

static size_t n_candidates_max(int w, int h)
{
    return (size_t)(w / CELL_PX) * (size_t)(h / CELL_PX) * N_ANCHORS;
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static bool decode_one(int x, int y, int anchor, const float *value, struct mface_box *box)
{
    const float score = sigmoid(value[4]);
    return score >= MFACE_CANDIDATE_SCORE_MIN &&
           mface_box_from_center(((float)x + sigmoid(value[0])) * CELL_PX,
               ((float)y + sigmoid(value[1])) * CELL_PX,
               expf(value[2]) * anchors[anchor].w * CELL_PX,
               expf(value[3]) * anchors[anchor].h * CELL_PX, score, box);
}

static int decode(const struct mface_tensor *outputs, int w, int h, struct mface_box *boxes)
{
    const int columns = w / CELL_PX, rows = h / CELL_PX;
    const struct mface_shape want = { 4, { 1, rows, columns, (int64_t)N_ANCHORS * N_VALUES } };
    if (!mface_shape_fits(&outputs[0].shape, &want))
        return -1;
    const float *value = outputs[0].data;
    int n_boxes = 0;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            for (int i = 0; i < N_ANCHORS; i++, value += N_VALUES)
                n_boxes += decode_one(x, y, i, value, &boxes[n_boxes]);
    return n_boxes;
}

const struct mface_detector_kind mface_detector_tiny = {
    .name = "tiny-face",
    .window_px = 416,
    .step_px = CELL_PX,
    .mean_rgb = { 117.001F, 114.697F, 97.404F },
    .scale = 1 / 255.0F,
    .iou_max = 0.4F,
    .matches = matches,
    .n_candidates_max = n_candidates_max,
    .decode = decode,
};
