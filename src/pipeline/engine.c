#include "pipeline/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/eval.h"
#include "pipeline/params.h"
#include "pipeline/settings.h"
#include "pipeline/trace.h"

#include <string.h>

static void convert_face_settings(
    struct mface_engine *engine, const struct mface_settings *settings)
{
    engine->detect = mface_settings_detect_params(settings);
    engine->align = mface_settings_align_params(settings);
}

static void convert_swap_settings(
    struct mface_engine *engine, const struct mface_settings *settings)
{
    engine->pre.sharpen = settings->presharpen;
    memcpy(engine->pre.gamma_bgr, settings->pre_gamma_bgr, sizeof engine->pre.gamma_bgr);
    engine->swap = (struct mface_dfm_params) {
        .morph = settings->morph,
        .two_pass = settings->two_pass,
    };
    engine->post = (struct mface_post_params) {
        .sharpen = settings->post_sharpen,
        .color_transfer = (enum mface_color_transfer)settings->color_transfer,
        .mask = {
            .use_source = settings->mask_source,
            .use_celeb = settings->mask_celeb,
            .use_landmarks = settings->mask_landmarks,
            .erode_px = settings->mask_erode_px,
            .blur_px = settings->mask_blur_px,
        },
    };
    memcpy(engine->post.gamma_bgr, settings->post_gamma_bgr, sizeof engine->post.gamma_bgr);
}

static void convert_merge_settings(
    struct mface_engine *engine, const struct mface_settings *settings)
{
    engine->merge = (struct mface_merge_params) {
        .x_offset = settings->face_x,
        .y_offset = settings->face_y,
        .scale = settings->face_scale,
        .opacity = settings->opacity,
        .interp = (enum mface_interp)settings->interpolation,
        .color_compression = settings->color_compression,
        .compress_frame =
            settings->compression_area == MFACE_COMPRESS_FRAME && settings->color_compression > 0,
    };
    engine->adjust = (struct mface_adjust_params) {
        .median_percent = settings->median_percent,
        .degrade_percent = settings->degrade_percent,
    };
}

static unsigned cached_stages(const struct mface_settings *settings)
{
    unsigned set = 0;
    for (int i = 0; i < MFACE_N_STAGES; i++)
        if (mface_stage_get((enum mface_stage)i)->cached)
            set |= MFACE_STAGE_BIT(i);
    if (!settings->pre_cache)
        set &= ~MFACE_STAGE_BIT(MFACE_STAGE_PRE);
    if (!settings->post_cache)
        set &= ~MFACE_STAGE_BIT(MFACE_STAGE_POST);
    return set;
}

enum mface_status mface_engine_create(
    const struct mface_engine_params *params, struct mface_engine **out)
{
    struct mface_engine *engine = mface_mem_calloc(1, sizeof *engine);
    if (!engine)
        return mface_fail_nomem("engine");
    engine->settings = params->settings;
    engine->models = *params->models;
    engine->cache = params->cache;
    engine->disk = params->disk;
    engine->tally = params->tally;
    engine->trace = params->trace;
    engine->cached = cached_stages(params->settings);
    mface_stage_bases_init(&engine->bases, params->settings, params->models->digests);
    convert_face_settings(engine, params->settings);
    convert_swap_settings(engine, params->settings);
    convert_merge_settings(engine, params->settings);
    if (engine->trace)
        mface_trace_add_job(engine->trace, &engine->bases);
    *out = engine;
    return MFACE_OK;
}

void mface_engine_free(struct mface_engine **engine)
{
    mface_mem_free(*engine);
    *engine = NULL;
}

/* A face whose frame needed no inference for it was served from memory, wherever on its way. */
static void tally_frame(const struct mface_eval *eval, enum mface_status status)
{
    struct mface_tally *tally = eval->engine->tally;
    if (status != MFACE_OK) {
        mface_counter_add(&tally->frames_failed, 1);
        return;
    }
    mface_counter_add(&tally->frames_without_face, eval->n_faces == 0);
    mface_counter_add(&tally->faces, eval->n_faces);
    mface_counter_add(&tally->faces_hidden, eval->n_hidden);
    mface_counter_add(&tally->face_demands, eval->n_faces);
    mface_counter_add(&tally->face_hits, eval->n_faces - eval->n_inferences);
}

enum mface_status mface_eval_create(struct mface_eval **out)
{
    *out = mface_mem_calloc(1, sizeof **out);
    return *out ? MFACE_OK : mface_fail_nomem("engine");
}

void mface_eval_free(struct mface_eval **eval)
{
    if (!*eval)
        return;
    mface_mem_free((*eval)->faces);
    mface_mem_free(*eval);
    *eval = NULL;
}

bool mface_engine_follows(const struct mface_engine *engine)
{
    return engine->settings->detect_every > 1 || engine->settings->smooth > 1;
}

bool mface_engine_reuses(const struct mface_engine *engine)
{
    return engine->cache != NULL;
}

void mface_eval_begin(
    struct mface_eval *eval, struct mface_engine *engine, struct mface_canvas *canvas)
{
    eval->engine = engine;
    eval->canvas = canvas;
    eval->demander = (struct mface_demander) {
        .cache = engine->cache,
        .disk = engine->disk,
        .cached = engine->cached,
        .tally = engine->tally,
        .trace = engine->trace,
    };
    eval->status = MFACE_OK;
    eval->detect_key = eval->merge_key = (struct mface_key) { 0 };
    eval->has_boxes = eval->is_written = eval->is_placed = false;
    eval->n_faces = 0;
    eval->n_inferences = 0;
    if (mface_eval_is_key_frame(eval))
        eval->status = mface_eval_detect(eval);
}

void mface_eval_find(struct mface_eval *eval, struct mface_tracks *tracks)
{
    struct mface_tracks alone = { 0 };
    const bool is_alone = !tracks || eval->canvas->is_alone;
    if (eval->status == MFACE_OK)
        eval->status = mface_eval_follow(eval, is_alone ? &alone : tracks);
    mface_tracks_clear(&alone);
    if (tracks && (is_alone || eval->status != MFACE_OK))
        mface_tracks_clear(tracks);
}

static void drop_faces(struct mface_eval *eval)
{
    for (int i = 0; i < eval->n_faces; i++)
        mface_face_let_go(&eval->faces[i]);
    eval->n_faces = 0;
}

void mface_eval_place(struct mface_eval *eval)
{
    if (eval->status == MFACE_OK)
        eval->status = mface_eval_align(eval);
    if (eval->status == MFACE_OK)
        eval->status = mface_eval_derive_merge_key(eval);
    eval->is_placed = true;
}

enum mface_status mface_eval_finish(struct mface_eval *eval, int *n_faces)
{
    if (!eval->is_placed)
        mface_eval_place(eval);
    enum mface_status status = eval->status;
    if (status == MFACE_OK)
        status = mface_eval_merge(eval);
    tally_frame(eval, status);
    if (eval->engine->trace && status == MFACE_OK)
        mface_trace_add_frame(eval->engine->trace, eval);
    *n_faces = status == MFACE_OK ? eval->n_faces : 0;
    drop_faces(eval);
    return status;
}

enum mface_status mface_engine_run(
    struct mface_engine *engine, struct mface_canvas *canvas, int *n_faces)
{
    struct mface_eval *eval;
    *n_faces = 0;
    MFACE_TRY(mface_eval_create(&eval));
    mface_eval_begin(eval, engine, canvas);
    mface_eval_find(eval, NULL);
    const enum mface_status status = mface_eval_finish(eval, n_faces);
    mface_eval_free(&eval);
    return status;
}
