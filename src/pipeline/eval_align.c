/* From landmarks to the crop: where it lies, and what its pixels hash to. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/eval.h"

#include <string.h>

static struct mface_demander *demander_of(struct mface_face *face)
{
    return &face->eval->demander;
}

/* Samples the crop to learn its content, and keeps it at hand: whoever needs a new alignment most
 * often needs the pixels too. */
static enum mface_status sample_crop(struct mface_face *face)
{
    const struct mface_engine *engine = face->eval->engine;
    const int side_px = engine->align.resolution;
    const size_t size = 3 * mface_area_px(side_px);
    const int64_t start_ns = mface_time_ns();
    void *pixels = mface_mem_alloc(size);
    if (!pixels)
        return mface_fail_nomem("crop");
    face->crop = (struct mface_result) { .own = pixels, .data = pixels, .size = size };
    const struct mface_image crop = mface_plane_u8(pixels, side_px, 3);
    MFACE_TRY(mface_align_crop(&face->eval->canvas->picture, &face->align.alignment, &crop));
    const struct mface_key content = mface_key_from_bytes(pixels, size);
    face->align.crop_key = mface_stage_key(&engine->bases, MFACE_STAGE_CROP, &content, 1);
    mface_demand_offer(demander_of(face), MFACE_STAGE_CROP, face->align.crop_key, pixels, size,
        mface_time_ns() - start_ns);
    return MFACE_OK;
}

static enum mface_status run_align(void *user, struct mface_load *load)
{
    struct mface_face *face = user;
    const struct mface_picture *picture = &face->eval->canvas->picture;
    struct mface_align_record *record = mface_load_room(load, sizeof *record);
    if (!record)
        return MFACE_ERR_NOMEM;
    memset(&face->align, 0, sizeof face->align);
    const enum mface_status status = mface_align_compute(&face->eval->engine->align, &face->box,
        &face->landmarks, picture->w, picture->h, &face->align.alignment);
    if (status == MFACE_OK) {
        face->align.is_usable = 1;
        MFACE_TRY(sample_crop(face));
    } else if (status == MFACE_ERR_ARG) {
        memset(&face->align, 0, sizeof face->align);
    } else {
        return status;
    }
    *record = face->align;
    return MFACE_OK;
}

static enum mface_status align(struct mface_face *face)
{
    struct mface_result result;
    const bool by_box = face->eval->engine->align.mode == MFACE_ALIGN_RECT;
    const struct mface_key inputs[] = { face->eval->canvas->key, face->landmarks_id,
        mface_key_from_bytes(&face->box, sizeof face->box) };
    face->align_key =
        mface_stage_key(&face->eval->engine->bases, MFACE_STAGE_ALIGN, inputs, by_box ? 3 : 2);
    MFACE_TRY(mface_demand(
        demander_of(face), MFACE_STAGE_ALIGN, face->align_key, run_align, face, &result));
    memcpy(&face->align, result.data, sizeof face->align);
    face->align_id = mface_key_from_bytes(&face->align.alignment, sizeof face->align.alignment);
    mface_result_clear(&result);
    return MFACE_OK;
}

enum mface_status mface_eval_align(struct mface_eval *eval)
{
    const int n = eval->n_faces;
    int n_kept = 0;
    for (int i = 0; i < n; i++) {
        struct mface_face *face = &eval->faces[i];
        MFACE_TRY(align(face));
        if (!face->align.is_usable)
            continue;
        mface_face_derive_keys(face);
        if (n_kept != i) {
            eval->faces[n_kept] = *face;
            face->crop = (struct mface_result) { 0 }; // it has moved
        }
        n_kept++;
    }
    eval->n_faces = n_kept;
    return MFACE_OK;
}
