/* Looking at a frame: where its faces are, and what landmarks a face there has.
 *
 * These stages keep small records, which are known by content downstream: equal boxes or landmarks
 * mean equal keys however they came about. */
#include "base/hash.h"
#include "base/log.h"
#include "pipeline/eval.h"
#include "pipeline/settings.h"

#include <string.h>

bool mface_eval_is_key_frame(const struct mface_eval *eval)
{
    const int every = eval->engine->settings->detect_every;
    return eval->canvas->is_alone || eval->canvas->key.lo % (uint64_t)every == 0;
}

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

enum mface_status mface_eval_detect(struct mface_eval *eval)
{
    struct mface_result result;
    if (eval->has_boxes)
        return MFACE_OK;
    eval->detect_key =
        mface_stage_key(&eval->engine->bases, MFACE_STAGE_DETECT, &eval->canvas->key, 1);
    MFACE_TRY(mface_demand(
        &eval->demander, MFACE_STAGE_DETECT, eval->detect_key, run_detect, eval, &result));
    memcpy(&eval->boxes, result.data, result.size);
    mface_result_clear(&result);
    eval->has_boxes = true;
    return MFACE_OK;
}

static size_t landmarks_bytes(int n)
{
    return offsetof(struct mface_landmarks, p) + (size_t)n * sizeof(struct mface_point);
}

struct mface_key mface_landmarks_id(const struct mface_landmarks *landmarks)
{
    return mface_key_from_bytes(landmarks, landmarks_bytes(landmarks->n));
}

/* A run of the marker. */
struct marking {
    struct mface_eval *eval;
    const struct mface_look *look;
    struct mface_landmarks *landmarks;
};

static enum mface_status run_mark(void *user, struct mface_load *load)
{
    const struct marking *marking = user;
    const struct mface_engine_models *models = &marking->eval->engine->models;
    const struct mface_picture *picture = &marking->eval->canvas->picture;
    struct mface_landmarks *landmarks = marking->landmarks;
    MFACE_TRY(models->mark(models->user, picture, marking->look, landmarks));
    void *room = mface_load_room(load, landmarks_bytes(landmarks->n));
    if (!room)
        return MFACE_ERR_NOMEM;
    memcpy(room, landmarks, landmarks_bytes(landmarks->n));
    return MFACE_OK;
}

enum mface_status mface_eval_mark(struct mface_eval *eval, const struct mface_look *look,
    struct mface_landmarks *landmarks, struct mface_key *key)
{
    struct mface_result result;
    struct marking marking = { eval, look, landmarks };
    const struct mface_key inputs[] = { eval->canvas->key,
        mface_key_from_bytes(look, sizeof *look) };
    *key = mface_stage_key(&eval->engine->bases, MFACE_STAGE_MARK, inputs, 2);
    MFACE_TRY(mface_demand(&eval->demander, MFACE_STAGE_MARK, *key, run_mark, &marking, &result));
    memcpy(landmarks, result.data, result.size);
    mface_result_clear(&result);
    return MFACE_OK;
}
