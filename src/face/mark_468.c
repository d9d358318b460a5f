/* MediaPipe's FaceMesh: 468 points in the pixels of a crop of 192.
 *
 * The first look is DeepFaceLive's (apps/DeepFaceLive/backend/FaceMarker.py, xlib/face/FRect.py):
 * the crop is the similarity that fits the box best, 1.4 times as large, sampled bicubically, blue
 * first, 0..1. The next are MediaPipe's, whose graph (face_landmark_landmarks_to_roi.pbtxt) follows
 * faces by squares 1.5 times the landmarks' extent with the eyes level. The depth the network also
 * gives is not used. */
#include "face/mark_kind.h"

#include "base/log.h"
#include "face/sample.h"

#include <math.h>

enum { N_POINTS = 468, CROP_PX = 192 };

#define COVERAGE 1.4

static bool is_mesh(const struct mface_shape *shape)
{
    int64_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= i == 0 && shape->dim[i] < 0 ? 1 : shape->dim[i];
    return n == 3 * N_POINTS;
}

static bool matches(const struct mface_onnx *onnx)
{
    const struct mface_shape crop = { 4, { -1, CROP_PX, CROP_PX, 3 } };
    return mface_value_fits(mface_onnx_input(onnx, 0), &crop) &&
           mface_onnx_output(onnx, 0)->dtype == MFACE_DTYPE_F32 &&
           is_mesh(&mface_onnx_output(onnx, 0)->shape);
}

/* The side of the square whose corners lie nearest to the box's (least squares, Umeyama's scale for
 * four corners), (w² + h²) / (w + h), and the room DeepFaceLive leaves about it. */
static double box_side(const struct mface_box *box)
{
    const double w = box->r - box->l, h = box->b - box->t;
    return COVERAGE * (w * w + h * h) / (w + h);
}

static enum mface_status sample_crop(const struct mface_picture *picture,
    const struct mface_affine *to_crop, struct mface_image *crop)
{
    MFACE_TRY(mface_image_init(crop, CROP_PX, CROP_PX, 3, MFACE_SAMPLE_F32));
    const enum mface_status status =
        mface_sample_warped(picture, to_crop, MFACE_INTERP_BICUBIC, crop);
    if (status != MFACE_OK)
        mface_image_clear(crop);
    return status;
}

static void points_to_frame(
    const float *points, const struct mface_affine *from_crop, struct mface_landmarks *landmarks)
{
    landmarks->n = N_POINTS;
    for (int i = 0; i < N_POINTS; i++)
        landmarks->p[i] = mface_affine_apply(
            from_crop, (struct mface_point) { points[3 * i], points[3 * i + 1] });
}

static enum mface_status look(struct mface_face_model *model, const struct mface_picture *picture,
    const struct mface_look *at, struct mface_landmarks *landmarks)
{
    const struct mface_affine to_crop = mface_look_to_crop(at, CROP_PX, CROP_PX / 2.0);
    struct mface_affine from_crop;
    struct mface_image crop;
    if (!mface_affine_invert(&to_crop, &from_crop))
        return mface_fail(MFACE_ERR_INTERNAL, "landmark model: an empty place to look at");
    MFACE_TRY(sample_crop(picture, &to_crop, &crop));
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, CROP_PX, CROP_PX, 3 } },
        .data = crop.data };
    struct mface_face_outputs outputs;
    enum mface_status status = mface_face_model_run(model, &input, &outputs);
    mface_image_clear(&crop);
    if (status != MFACE_OK)
        return status;
    if (is_mesh(&outputs.tensor[0].shape))
        points_to_frame(outputs.tensor[0].data, &from_crop, landmarks);
    else
        status = mface_fail(MFACE_ERR_INTERNAL, "landmark model: the output is not 468 points");
    mface_face_outputs_clear(&outputs);
    return status;
}

const struct mface_marker_kind mface_marker_468 = {
    .name = "facemesh-468",
    .extent = 1.5,
    .left_eye = { 33, 33 },
    .right_eye = { 263, 263 },
    .box_side = box_side,
    .matches = matches,
    .look = look,
};
