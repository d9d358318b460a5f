/* Looking without swapping: the faces of one image, found exactly as a swap would find them. */
#include <memoface/inspect.h>

#include "base/log.h"
#include "base/mem.h"
#include "face/align.h"
#include "face/detect.h"
#include "face/draw.h"
#include "face/mark.h"
#include "media/media.h"
#include "pipeline/locate.h"
#include "pipeline/output_check.h"
#include "pipeline/params.h"
#include "pipeline/settings.h"

#include <limits.h>
#include <string.h>

struct inspection {
    const struct mface_settings *settings;
    struct mface_image image;
    struct mface_detector *detector;
    struct mface_marker *marker;
};

static struct mface_picture view_image(const struct mface_image *image)
{
    struct mface_picture picture = {
        .w = image->w, .h = image->h, .model = MFACE_MODEL_RGB, .full_range = true
    };
    picture.data[0] = image->data;
    picture.stride[0] = image->stride;
    for (int i = 0; i < 3; i++) // red, green, blue in bytes 2, 1, 0
        picture.component[i] = (struct mface_component) { .step = 3, .offset = 2 - i, .depth = 8 };
    return picture;
}

static enum mface_status open_models(struct inspection *job)
{
    char path[PATH_MAX];
    MFACE_TRY(mface_model_locate(job->settings->detector, path, sizeof path));
    MFACE_TRY(mface_detector_open(path, job->settings->threads, &job->detector));
    MFACE_TRY(mface_model_locate(job->settings->marker, path, sizeof path));
    return mface_marker_open(path, job->settings->threads, &job->marker);
}

static enum mface_status find_boxes(
    struct inspection *job, const struct mface_picture *picture, struct mface_box *boxes, int *n)
{
    const struct mface_settings *settings = job->settings;
    const struct mface_detect_params params = mface_settings_detect_params(settings);
    MFACE_TRY(mface_detector_run(job->detector, picture, &params, boxes, n));
    *n = mface_boxes_select(
        boxes, *n, (enum mface_sort)settings->sort, settings->max_faces, picture->w, picture->h);
    return MFACE_OK;
}

static void outline_crop(const struct inspection *job, const struct mface_box *box,
    const struct mface_landmarks *landmarks, struct mface_face_point corners[4])
{
    const struct mface_settings *settings = job->settings;
    const struct mface_align_params params = mface_settings_align_params(settings);
    const float side = (float)params.resolution;
    const struct mface_point ends[4] = { { 0, 0 }, { side, 0 }, { side, side }, { 0, side } };
    struct mface_alignment alignment;
    struct mface_affine from_crop;
    if (mface_align_compute(&params, box, landmarks, job->image.w, job->image.h, &alignment) !=
            MFACE_OK ||
        !mface_affine_invert(&alignment.to_crop, &from_crop))
        return; // no crop: a swap would leave this face alone
    for (int i = 0; i < 4; i++) {
        const struct mface_point p = mface_affine_apply(&from_crop, ends[i]);
        corners[i] = (struct mface_face_point) { p.x, p.y };
    }
}

static enum mface_status describe_face(struct inspection *job, const struct mface_picture *picture,
    const struct mface_box *box, struct mface_found_face *face)
{
    struct mface_landmarks landmarks;
    const struct mface_look look = mface_marker_look_at(job->marker, box);
    MFACE_TRY(mface_marker_run(job->marker, picture, &look, &landmarks));
    face->left = box->l, face->top = box->t, face->right = box->r, face->bottom = box->b;
    face->score = box->score;
    face->n_points = landmarks.n;
    for (int i = 0; i < landmarks.n; i++)
        face->points[i] = (struct mface_face_point) { landmarks.p[i].x, landmarks.p[i].y };
    outline_crop(job, box, &landmarks, face->crop);
    return MFACE_OK;
}

static enum mface_status find_faces(
    struct inspection *job, struct mface_found_face **faces, int *n_faces)
{
    const struct mface_picture picture = view_image(&job->image);
    struct mface_box boxes[MFACE_FACES_MAX];
    MFACE_TRY(open_models(job));
    MFACE_TRY(find_boxes(job, &picture, boxes, n_faces));
    *faces = mface_mem_calloc((size_t)*n_faces + 1, sizeof **faces);
    if (!*faces)
        return mface_fail_nomem("faces found");
    for (int i = 0; i < *n_faces; i++)
        MFACE_TRY(describe_face(job, &picture, &boxes[i], &(*faces)[i]));
    return MFACE_OK;
}

static bool has_crop(const struct mface_found_face *face)
{
    return face->crop[0].x != face->crop[2].x || face->crop[0].y != face->crop[2].y;
}

static void draw_face(
    const struct mface_image *image, const struct mface_found_face *face, int number)
{
    struct mface_point points[MFACE_LANDMARKS_MAX], crop[4];
    for (int i = 0; i < face->n_points; i++)
        points[i] = (struct mface_point) { face->points[i].x, face->points[i].y };
    for (int i = 0; i < 4; i++)
        crop[i] = (struct mface_point) { face->crop[i].x, face->crop[i].y };
    const struct mface_drawing drawing = {
        .box = { face->left, face->top, face->right, face->bottom, face->score },
        .points = points,
        .n_points = face->n_points,
        .crop = has_crop(face) ? crop : NULL,
        .number = number,
    };
    mface_draw_face(image, &drawing);
}

static enum mface_status inspect_image(
    struct inspection *job, const char *drawn, struct mface_found_face **faces, int *n_faces)
{
    MFACE_TRY(find_faces(job, faces, n_faces));
    if (!drawn)
        return MFACE_OK;
    for (int i = 0; i < *n_faces; i++)
        draw_face(&job->image, &(*faces)[i], i);
    return mface_image_save(drawn, &job->image);
}

enum mface_status mface_detect_file(const char *image, const struct mface_settings *settings,
    const char *drawn, struct mface_found_face **faces, int *n_faces, int *image_w, int *image_h)
{
    struct inspection job = { .settings = settings };
    *faces = NULL;
    *n_faces = 0;
    if (drawn)
        MFACE_TRY(mface_output_check_differs(drawn, image, "input"));
    MFACE_TRY(mface_image_load(image, &job.image));
    *image_w = job.image.w;
    *image_h = job.image.h;
    const enum mface_status status = inspect_image(&job, drawn, faces, n_faces);
    if (status != MFACE_OK) {
        mface_found_faces_free(faces);
        *n_faces = 0;
    }
    mface_marker_free(&job.marker);
    mface_detector_free(&job.detector);
    mface_image_clear(&job.image);
    return status;
}

void mface_found_faces_free(struct mface_found_face **faces)
{
    mface_mem_free(*faces);
    *faces = NULL;
}
