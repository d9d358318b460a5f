/* From a frame to the faces in it: detect, select, mark, align.
 *
 * These stages keep small records. Downstream they are known by content, so that equal boxes or
 * landmarks mean equal keys however they came about. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/eval.h"
#include "pipeline/settings.h"

#include <string.h>

static struct mface_demander *demander_of(struct mface_face *face)
{
    return &face->eval->demander;
}

/* detect */

static size_t boxes_bytes(int n)
{
    return offsetof(struct mface_boxes_record, box) + (size_t)n * sizeof(struct mface_box);
}

static enum mface_status run_detect(void *user, struct mface_load *load)
{
    const struct mface_eval *eval = user;
    const struct mface_engine *engine = eval->engine;
    struct mface_boxes_record record = { 0 };
    MFACE_TRY(engine->models.detect(
        engine->models.user, &eval->canvas->picture, &engine->detect, record.box, &record.n));
    void *room = mface_load_room(load, boxes_bytes(record.n));
    if (!room)
        return MFACE_ERR_NOMEM;
    memcpy(room, &record, boxes_bytes(record.n));
    return MFACE_OK;
}

static enum mface_status detect(struct mface_eval *eval, struct mface_boxes_record *boxes)
{
    struct mface_result result;
    eval->detect_key =
        mface_stage_key(&eval->engine->bases, MFACE_STAGE_DETECT, &eval->canvas->key, 1);
    MFACE_TRY(mface_demand(
        &eval->demander, MFACE_STAGE_DETECT, eval->detect_key, run_detect, eval, &result));
    memcpy(boxes, result.data, result.size);
    mface_result_clear(&result);
    return MFACE_OK;
}

/* select */

/* Keeps the boxes to swap, in sorted order, at the front of the record. */
static void select_boxes(struct mface_eval *eval, struct mface_boxes_record *boxes)
{
    const struct mface_settings *settings = eval->engine->settings;
    const int64_t start_us = mface_time_us();
    const struct mface_picture *picture = &eval->canvas->picture;
    boxes->n = mface_boxes_select(boxes->box, boxes->n, (enum mface_sort)settings->sort,
        settings->max_faces, picture->w, picture->h);
    if (!settings->swap_all_faces) {
        const bool is_there = settings->face_id < boxes->n;
        if (is_there)
            boxes->box[0] = boxes->box[settings->face_id];
        boxes->n = is_there;
    }
    mface_tally_run(eval->engine->tally, MFACE_STAGE_SELECT, mface_time_us() - start_us);
}

/* mark */

static size_t landmarks_bytes(int n)
{
    return offsetof(struct mface_landmarks, p) + (size_t)n * sizeof(struct mface_point);
}

static enum mface_status run_mark(void *user, struct mface_load *load)
{
    struct mface_face *face = user;
    const struct mface_engine_models *models = &face->eval->engine->models;
    struct mface_landmarks *landmarks = &face->landmarks;
    MFACE_TRY(models->mark(models->user, &face->eval->canvas->picture, &face->box, landmarks));
    void *room = mface_load_room(load, landmarks_bytes(landmarks->n));
    if (!room)
        return MFACE_ERR_NOMEM;
    memcpy(room, landmarks, landmarks_bytes(landmarks->n));
    return MFACE_OK;
}

static enum mface_status mark(struct mface_face *face)
{
    struct mface_result result;
    const struct mface_key inputs[] = { face->eval->canvas->key, face->box_id };
    face->mark_key = mface_stage_key(&face->eval->engine->bases, MFACE_STAGE_MARK, inputs, 2);
    MFACE_TRY(
        mface_demand(demander_of(face), MFACE_STAGE_MARK, face->mark_key, run_mark, face, &result));
    memcpy(&face->landmarks, result.data, result.size);
    face->landmarks_id = mface_key_from_bytes(result.data, result.size);
    mface_result_clear(&result);
    return MFACE_OK;
}

/* align */

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
    const struct mface_key inputs[] = { face->eval->canvas->key, face->box_id, face->landmarks_id };
    face->align_key = mface_stage_key(&face->eval->engine->bases, MFACE_STAGE_ALIGN, inputs, 3);
    MFACE_TRY(mface_demand(
        demander_of(face), MFACE_STAGE_ALIGN, face->align_key, run_align, face, &result));
    memcpy(&face->align, result.data, sizeof face->align);
    face->align_id = mface_key_from_bytes(&face->align.alignment, sizeof face->align.alignment);
    mface_result_clear(&result);
    return MFACE_OK;
}

static enum mface_status place_face(struct mface_eval *eval, const struct mface_box *box)
{
    struct mface_face *face = &eval->faces[eval->n_faces++]; // counted at once: it may own a crop
    face->eval = eval;
    face->box = *box;
    face->box_id = mface_key_from_bytes(box, sizeof *box);
    MFACE_TRY(mark(face));
    MFACE_TRY(align(face));
    if (!face->align.is_usable)
        eval->n_faces--;
    else
        mface_face_derive_keys(face);
    return MFACE_OK;
}

enum mface_status mface_eval_find(struct mface_eval *eval)
{
    struct mface_boxes_record boxes;
    MFACE_TRY(detect(eval, &boxes));
    select_boxes(eval, &boxes);
    if (boxes.n == 0)
        return MFACE_OK;
    eval->faces = mface_mem_calloc((size_t)boxes.n, sizeof *eval->faces);
    if (!eval->faces)
        return mface_fail_nomem("faces");
    for (int i = 0; i < boxes.n; i++)
        MFACE_TRY(place_face(eval, &boxes.box[i]));
    return MFACE_OK;
}
