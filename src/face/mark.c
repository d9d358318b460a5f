/* Landmarks: opens a model, recognises its kind, and hands every box to it. */
#include "face/mark.h"

#include "base/log.h"
#include "base/mem.h"
#include "face/mark_kind.h"

#include <math.h>

static const struct mface_marker_kind *const kinds[] = {
    &mface_marker_68,
    &mface_marker_468,
};

struct mface_marker {
    struct mface_face_model *model;
    const struct mface_marker_kind *kind;
};

static const struct mface_marker_kind *recognize(const struct mface_onnx *onnx)
{
    if (mface_onnx_n_inputs(onnx) == 1 && mface_onnx_n_outputs(onnx) == 1)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (kinds[i]->matches(onnx))
                return kinds[i];
    return NULL;
}

const char *mface_marker_recognize(const struct mface_onnx *onnx)
{
    const struct mface_marker_kind *kind = recognize(onnx);
    return kind ? kind->name : NULL;
}

enum mface_status mface_marker_open(const char *path, int threads, struct mface_marker **out)
{
    struct mface_marker *marker = mface_mem_calloc(1, sizeof *marker);
    if (!marker)
        return mface_fail_nomem(path);
    enum mface_status status = mface_face_model_open(path, threads, &marker->model);
    if (status == MFACE_OK) {
        marker->kind = recognize(mface_face_model_onnx(marker->model));
        if (!marker->kind)
            status = mface_fail(MFACE_ERR_UNSUPPORTED,
                "%s: not a known landmark model (known: face-api's 68 points, FaceMesh's 468)",
                path);
    }
    if (status != MFACE_OK)
        mface_marker_free(&marker);
    *out = marker;
    return status;
}

void mface_marker_free(struct mface_marker **marker)
{
    if (!*marker)
        return;
    mface_face_model_free(&(*marker)->model);
    mface_mem_free(*marker);
    *marker = NULL;
}

const char *mface_marker_kind(const struct mface_marker *marker)
{
    return marker->kind->name;
}

struct mface_key mface_marker_digest(const struct mface_marker *marker)
{
    return mface_face_model_digest(marker->model);
}

enum mface_status mface_marker_run(struct mface_marker *marker, const struct mface_picture *picture,
    const struct mface_box *box, struct mface_landmarks *landmarks)
{
    return marker->kind->run(marker->model, picture, box, landmarks);
}

struct mface_affine mface_square_to_crop(const struct mface_square *square, int crop_px)
{
    const double scale = crop_px / square->side, middle = (crop_px - 1) / 2.0;
    const double c = scale * cos(square->angle), s = scale * sin(square->angle);
    return (struct mface_affine) { {
        c,
        s,
        middle - c * square->x - s * square->y,
        -s,
        c,
        middle + s * square->x - c * square->y,
    } };
}
