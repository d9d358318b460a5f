/* The reference operation "align": landmarks and a frame to a crop and its matrices. */
#include "face/align.h"
#include "reference_case.h"

#include <string.h>

/* DeepFaceLive's caller adds this to the user's offset, as points mode does here; the cases hold
 * the sum. */
#define CONSTANT_Y_OFFSET (-0.08)

static struct mface_picture picture_of(const struct mface_image *bgr)
{
    return (struct mface_picture) {
        .data = { bgr->data },
        .stride = { bgr->stride },
        .w = bgr->w,
        .h = bgr->h,
        .model = MFACE_MODEL_RGB,
        .full_range = true,
        .component = {
            { .step = 3, .offset = 2, .depth = 8 },
            { .step = 3, .offset = 1, .depth = 8 },
            { .step = 3, .offset = 0, .depth = 8 },
        },
    };
}

static bool read_landmarks(struct ref_case *c, struct mface_landmarks *out)
{
    const char *scheme = ref_text(c, "landmarks", "");
    const int n = strcmp(scheme, "L68") == 0 ? 68 : strcmp(scheme, "L468") == 0 ? 468 : 0;
    int n_rows = 0;
    const float *table = ref_table(c, "landmarks_px", 2, &n_rows);
    if (!table || n == 0 || n_rows != n)
        return ref_fail(c, "landmarks: \"%s\" with %d points", scheme, n_rows);
    out->n = n;
    for (int i = 0; i < n; i++)
        out->p[i] = (struct mface_point) { table[2 * i], table[2 * i + 1] };
    return true;
}

static void read_params(struct ref_case *c, struct mface_align_params *out)
{
    *out = (struct mface_align_params) {
        .mode = MFACE_ALIGN_POINTS,
        .coverage = ref_number(c, "coverage", 2.2, 0.1, 8.0),
        .resolution = ref_int(c, "resolution", 224, 16, 1024),
        .x_offset = ref_number(c, "x_offset", 0.0, -10.0, 10.0),
        .y_offset = ref_number(c, "y_offset", 0.0, -10.1, 10.0) - CONSTANT_Y_OFFSET,
        .exclude_moving_parts = ref_flag(c, "exclude_moving_parts", false),
        .freeze_z_rotation = ref_flag(c, "freeze_z_rotation", false),
    };
}

bool ref_align(struct ref_case *c)
{
    struct mface_image frame, crop;
    struct mface_landmarks landmarks;
    struct mface_align_params params;
    struct mface_alignment alignment;
    read_params(c, &params);
    if (!read_landmarks(c, &landmarks) || !ref_image_of(c, "frame", 3, MFACE_SAMPLE_U8, &frame))
        return false;
    const struct mface_box box = { 0.0f, 0.0f, (float)frame.w, (float)frame.h, 1.0f };
    if (mface_align_compute(&params, &box, &landmarks, frame.w, frame.h, &alignment) != MFACE_OK)
        return ref_fail(c, "no alignment");
    const struct mface_picture picture = picture_of(&frame);
    const int side = params.resolution;
    if (!ref_result_image(c, "crop", side, side, 3, MFACE_SAMPLE_U8, &crop) ||
        !ref_result_matrix(c, "mat", alignment.to_crop.m) ||
        !ref_result_matrix(c, "uni_mat", alignment.to_crop_unit.m))
        return false;
    return mface_align_crop(&picture, &alignment, &crop) == MFACE_OK || ref_fail(c, "no crop");
}
