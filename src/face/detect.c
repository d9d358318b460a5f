/* Detection: the picture scaled to the window, through the network, candidates merged, and the
 * boxes taken back to the frame. The network sees the picture in the top left corner of an input
 * whose sides are rounded up to what it needs; the rest is black, as in its training. */
#include "face/detect.h"

#include "base/log.h"
#include "base/mem.h"
#include "face/boxes.h"
#include "face/detect_kind.h"
#include "face/model.h"
#include "face/sample.h"

#include <math.h>
#include <string.h>

static const struct mface_detector_kind *const kinds[] = {
    &mface_detector_ssd,
    &mface_detector_tiny,
};

struct mface_detector {
    struct mface_face_model *model;
    const struct mface_detector_kind *kind;
};

static const struct mface_detector_kind *recognize(const struct mface_onnx *onnx)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i]->matches(onnx))
            return kinds[i];
    return NULL;
}

const char *mface_detector_recognize(const struct mface_onnx *onnx)
{
    const struct mface_detector_kind *kind = recognize(onnx);
    return kind ? kind->name : NULL;
}

enum mface_status mface_detector_open(const char *path, int threads, struct mface_detector **out)
{
    struct mface_detector *detector = mface_mem_calloc(1, sizeof *detector);
    if (!detector)
        return mface_fail_nomem(path);
    enum mface_status status = mface_face_model_open(path, threads, &detector->model);
    if (status == MFACE_OK) {
        detector->kind = recognize(mface_face_model_onnx(detector->model));
        if (!detector->kind)
            status = mface_fail(MFACE_ERR_UNSUPPORTED,
                "%s: not a known face detector (known: SSD MobileNet and tiny of face-api)", path);
    }
    if (status != MFACE_OK)
        mface_detector_free(&detector);
    *out = detector;
    return status;
}

void mface_detector_free(struct mface_detector **detector)
{
    if (!*detector)
        return;
    mface_face_model_free(&(*detector)->model);
    mface_mem_free(*detector);
    *detector = NULL;
}

const char *mface_detector_kind(const struct mface_detector *detector)
{
    return detector->kind->name;
}

struct mface_key mface_detector_digest(const struct mface_detector *detector)
{
    return mface_face_model_digest(detector->model);
}

bool mface_box_from_center(float x, float y, float w, float h, float score, struct mface_box *box)
{
    *box = (struct mface_box) { x - w / 2, y - h / 2, x + w / 2, y + h / 2, score };
    return isfinite(x) && isfinite(y) && isfinite(w) && isfinite(h) && w > 0 && h > 0;
}

/* The longer side of what the network sees. Frames are not blown up to a window the user set:
 * that adds work and no detail. */
static int window_of(
    const struct mface_detector_kind *kind, const struct mface_picture *picture, int window_px)
{
    const int longer = picture->w > picture->h ? picture->w : picture->h;
    if (window_px == 0)
        return kind->window_px;
    return window_px < longer ? window_px : longer;
}

static int round_up(int value, int step)
{
    return (value + step - 1) / step * step;
}

static enum mface_status run_network(struct mface_detector *detector,
    const struct mface_image *image, int w, int h, struct mface_face_outputs *outputs)
{
    const struct mface_detector_kind *kind = detector->kind;
    struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, 3, h, w } } };
    input.data = mface_mem_alloc((size_t)w * (size_t)h * 3 * sizeof(float));
    if (!input.data)
        return mface_fail_nomem("detector's input");
    mface_sample_to_planes(image, kind->mean_rgb, kind->scale, w, h, input.data);
    const enum mface_status status = mface_face_model_run(detector->model, &input, outputs);
    mface_mem_free(input.data);
    return status;
}

/* Merged boxes in the pixels of the network's input. */
static enum mface_status find_boxes(const struct mface_detector_kind *kind,
    const struct mface_face_outputs *outputs, int w, int h, struct mface_box *boxes, int *n_boxes)
{
    struct mface_box *candidates =
        mface_mem_calloc(kind->n_candidates_max(w, h) + 1, sizeof *candidates);
    if (!candidates)
        return mface_fail_nomem("detector's candidates");
    enum mface_status status = MFACE_OK;
    const int n = kind->decode(outputs->tensor, w, h, candidates);
    if (n < 0) {
        status = mface_fail(MFACE_ERR_INTERNAL,
            "%s: the network's outputs do not belong to an input of %d×%d", kind->name, w, h);
    } else {
        *n_boxes = mface_boxes_merge(candidates, n, kind->iou_max, MFACE_FACES_MAX);
        memcpy(boxes, candidates, (size_t)*n_boxes * sizeof *boxes);
    }
    mface_mem_free(candidates);
    return status;
}

/* Keeps what passes the threshold, which is a head of the list: boxes come best first. Edges in
 * the image count from its left edge, those of the frame from the centre of its first pixel. */
static int keep_and_rescale(
    struct mface_box *boxes, int n, float threshold, const struct mface_scaled *scaled)
{
    const float x_px = (float)scaled->x_px, y_px = (float)scaled->y_px;
    int n_kept = 0;
    for (; n_kept < n && boxes[n_kept].score >= threshold; n_kept++) {
        struct mface_box *box = &boxes[n_kept];
        box->l = box->l * x_px - 0.5F, box->r = box->r * x_px - 0.5F;
        box->t = box->t * y_px - 0.5F, box->b = box->b * y_px - 0.5F;
    }
    return n_kept;
}

static enum mface_status detect_scaled(struct mface_detector *detector,
    const struct mface_scaled *scaled, float threshold, struct mface_box *boxes, int *n_boxes)
{
    const int w = round_up(scaled->image.w, detector->kind->step_px);
    const int h = round_up(scaled->image.h, detector->kind->step_px);
    struct mface_face_outputs outputs;
    MFACE_TRY(run_network(detector, &scaled->image, w, h, &outputs));
    const enum mface_status status = find_boxes(detector->kind, &outputs, w, h, boxes, n_boxes);
    mface_face_outputs_clear(&outputs);
    if (status == MFACE_OK)
        *n_boxes = keep_and_rescale(boxes, *n_boxes, threshold, scaled);
    return status;
}

enum mface_status mface_detector_run(struct mface_detector *detector,
    const struct mface_picture *picture, const struct mface_detect_params *params,
    struct mface_box *boxes, int *n_boxes)
{
    struct mface_scaled scaled;
    *n_boxes = 0;
    MFACE_TRY(mface_sample_scaled(
        picture, window_of(detector->kind, picture, params->window_px), &scaled));
    const enum mface_status status =
        detect_scaled(detector, &scaled, params->threshold, boxes, n_boxes);
    mface_image_clear(&scaled.image);
    return status;
}
