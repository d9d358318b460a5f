/* SSD MobileNet v1, as tools/convert_face_models.py writes it.
 *
 * Outputs: codes 1×N×4 (ty, tx, th, tw) and scores 1×N, a row per anchor, for six grids of cells of
 * 16, 32, … 512 pixels, each grid row by row, each cell with its anchors in the order below. Anchor
 * shapes are those of TensorFlow's object detection API (ssd_mobilenet_v1: scales 0.2 to 0.95 of
 * 512 pixels; face-api stores the same numbers as a table). They are kept in pixels, whatever the
 * size of the input: what the network has learned is what a face of so many pixels looks like.
 *
 * centre = anchor centre + t / 10 × anchor side;  side = anchor side × exp(t / 5). */
#include "face/boxes.h"
#include "face/detect_kind.h"
#include "face/model.h"

#include <math.h>
#include <string.h>

enum { N_LEVELS = 6, STRIDE_PX = 16, N_ANCHORS_MAX = 6 };

struct anchor {
    float scale;  // of 512 pixels: the side of a square of the same area
    float aspect; // width over height
};

static const struct level {
    int n_anchors;
    struct anchor anchors[N_ANCHORS_MAX];
} levels[N_LEVELS] = {
#define LEVEL(s, between)                                                                          \
    {                                                                                              \
        6,                                                                                         \
        {                                                                                          \
            { s, 1 }, { between, 1 }, { s, 2 }, { s, 0.5F }, { s, 3 },                             \
            {                                                                                      \
                s, 0.3333F                                                                         \
            }                                                                                      \
        }                                                                                          \
    }
    // The second square lies between this scale and the next: the root of their product.
    { 3, { { 0.1F, 1 }, { 0.2F, 2 }, { 0.2F, 0.5F } } },
    LEVEL(0.35F, 0.41833F),
    LEVEL(0.5F, 0.570088F),
    LEVEL(0.65F, 0.72111F),
    LEVEL(0.8F, 0.87178F),
    LEVEL(0.95F, 0.974679F),
#undef LEVEL
};

static bool matches(const struct mface_onnx *onnx)
{
    if (mface_onnx_n_inputs(onnx) != 1 || mface_onnx_n_outputs(onnx) != 2)
        return false;
    const struct mface_shape image = { 4, { 1, 3, -1, -1 } };
    const struct mface_shape codes = { 3, { 1, -1, 4 } }, scores = { 2, { 1, -1 } };
    return mface_value_fits(mface_onnx_input(onnx, 0), &image) &&
           mface_value_fits(mface_onnx_output(onnx, 0), &codes) &&
           mface_value_fits(mface_onnx_output(onnx, 1), &scores) &&
           strcmp(mface_onnx_output(onnx, 0)->name, "boxes") == 0 &&
           strcmp(mface_onnx_output(onnx, 1)->name, "scores") == 0;
}

static size_t n_candidates_max(int w, int h)
{
    size_t n = 0;
    int columns = w / STRIDE_PX, rows = h / STRIDE_PX;
    for (int i = 0; i < N_LEVELS; i++) {
        n += (size_t)columns * (size_t)rows * (size_t)levels[i].n_anchors;
        columns = (columns + 1) / 2;
        rows = (rows + 1) / 2;
    }
    return n;
}

static bool decode_one(
    struct anchor anchor, float x, float y, const float code[4], float score, struct mface_box *box)
{
    const float w = 512 * anchor.scale * sqrtf(anchor.aspect);
    const float h = 512 * anchor.scale / sqrtf(anchor.aspect);
    return mface_box_from_center(x + code[1] / 10 * w, y + code[0] / 10 * h, w * expf(code[3] / 5),
        h * expf(code[2] / 5), score, box);
}

struct cursor {
    const float *codes, *scores;
    struct mface_box *boxes;
    int n_boxes;
};

static void decode_level(
    const struct level *level, int columns, int rows, float stride, struct cursor *at)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            for (int i = 0; i < level->n_anchors; i++, at->codes += 4, at->scores++)
                if (*at->scores >= MFACE_CANDIDATE_SCORE_MIN &&
                    decode_one(level->anchors[i], ((float)x + 0.5F) * stride,
                        ((float)y + 0.5F) * stride, at->codes, *at->scores,
                        &at->boxes[at->n_boxes]))
                    at->n_boxes++;
}

static int decode(const struct mface_tensor *outputs, int w, int h, struct mface_box *boxes)
{
    const int64_t n = (int64_t)n_candidates_max(w, h);
    const struct mface_shape codes = { 3, { 1, n, 4 } }, scores = { 2, { 1, n } };
    if (!mface_shape_fits(&outputs[0].shape, &codes) ||
        !mface_shape_fits(&outputs[1].shape, &scores))
        return -1;
    struct cursor at = { .codes = outputs[0].data, .scores = outputs[1].data, .boxes = boxes };
    int columns = w / STRIDE_PX, rows = h / STRIDE_PX;
    for (int i = 0; i < N_LEVELS; i++) {
        decode_level(&levels[i], columns, rows, (float)(STRIDE_PX << i), &at);
        columns = (columns + 1) / 2;
        rows = (rows + 1) / 2;
    }
    return at.n_boxes;
}

const struct mface_detector_kind mface_detector_ssd = {
    .name = "ssd-mobilenet",
    .window_px = 512,
    .step_px = 32,
    .mean_rgb = { 127.5F, 127.5F, 127.5F },
    .scale = 1 / 127.5F,
    .iou_max = 0.5F,
    .matches = matches,
    .n_candidates_max = n_candidates_max,
    .decode = decode,
};
