/* From the crop of one face to its finished replacement: crop, pre, post; swap is eval_swap.c. */
#include "base/hash.h"
#include "base/log.h"
#include "pipeline/eval.h"

static struct mface_key stage_key(const struct mface_face *face, enum mface_stage stage,
    const struct mface_key *inputs, size_t n_inputs)
{
    return mface_stage_key(&face->eval->engine->bases, stage, inputs, n_inputs);
}

/* A stage that would change nothing hands on its input under its input's key. */
static bool pre_is_skipped(const struct mface_face *face)
{
    return mface_pre_is_identity(&face->eval->engine->pre);
}

void mface_face_derive_keys(struct mface_face *face)
{
    const struct mface_key crop_key = face->align.crop_key;
    face->pre_key =
        pre_is_skipped(face) ? crop_key : stage_key(face, MFACE_STAGE_PRE, &crop_key, 1);
    face->swap_key = stage_key(face, MFACE_STAGE_SWAP, &face->pre_key, 1);
    /* Landmarks enter only where their outline is used: else a face that shifts by less than a
     * crop can show would miss for nothing. */
    const struct mface_key inputs[] = { face->swap_key, crop_key, face->landmarks_id,
        face->align_id };
    const bool outline = face->eval->engine->post.mask.use_landmarks;
    face->post_key = stage_key(face, MFACE_STAGE_POST, inputs, outline ? 4 : 2);
}

void mface_face_hide(const struct mface_face *face, enum mface_stage last)
{
    struct mface_tally *tally = face->eval->engine->tally;
    if (!pre_is_skipped(face))
        mface_tally_hide(tally, MFACE_STAGE_PRE);
    if (last >= MFACE_STAGE_SWAP)
        mface_tally_hide(tally, MFACE_STAGE_SWAP);
    if (last >= MFACE_STAGE_POST)
        mface_tally_hide(tally, MFACE_STAGE_POST);
}

void mface_face_let_go(struct mface_face *face)
{
    mface_result_clear(&face->crop);
    mface_result_clear(&face->swap);
}

static enum mface_status run_crop(void *user, struct mface_load *load)
{
    struct mface_face *face = user;
    void *room = mface_load_room(load, 3 * mface_area_px(mface_face_side_px(face)));
    if (!room)
        return MFACE_ERR_NOMEM;
    const struct mface_image crop = mface_plane_u8(room, mface_face_side_px(face), 3);
    return mface_align_crop(&face->eval->canvas->picture, &face->align.alignment, &crop);
}

enum mface_status mface_face_crop(struct mface_face *face, struct mface_result *out)
{
    if (!face->crop.data)
        MFACE_TRY(mface_demand(&face->eval->demander, MFACE_STAGE_CROP, face->align.crop_key,
            run_crop, face, &face->crop));
    *out = mface_result_borrow(&face->crop);
    return MFACE_OK;
}

static enum mface_status run_pre(void *user, struct mface_load *load)
{
    struct mface_face *face = user;
    struct mface_result crop;
    void *room = mface_load_room(load, 3 * mface_area_px(mface_face_side_px(face)));
    if (!room)
        return MFACE_ERR_NOMEM;
    MFACE_TRY(mface_face_crop(face, &crop));
    const struct mface_image in = mface_plane_u8(crop.data, mface_face_side_px(face), 3);
    const struct mface_image out = mface_plane_u8(room, mface_face_side_px(face), 3);
    const enum mface_status status = mface_pre_run(&face->eval->engine->pre, &in, &out);
    mface_result_clear(&crop);
    return status;
}

enum mface_status mface_face_pre(struct mface_face *face, struct mface_result *out)
{
    if (pre_is_skipped(face))
        return mface_face_crop(face, out);
    return mface_demand(&face->eval->demander, MFACE_STAGE_PRE, face->pre_key, run_pre, face, out);
}

/* The outline of the landmarks, where the settings ask for it; else an empty image. */
static enum mface_status outline_mask(const struct mface_face *face, struct mface_image *mask)
{
    *mask = (struct mface_image) { 0 };
    if (!face->eval->engine->post.mask.use_landmarks)
        return MFACE_OK;
    MFACE_TRY(mface_image_init(
        mask, mface_face_side_px(face), mface_face_side_px(face), 1, MFACE_SAMPLE_U8));
    mface_align_hull_mask(&face->landmarks, &face->align.alignment, mask);
    return MFACE_OK;
}

static enum mface_status finish_face(struct mface_face *face, const struct mface_result *swap,
    const struct mface_result *crop, void *room)
{
    const int side = mface_face_side_px(face);
    const struct mface_swap_planes in = mface_swap_planes_of(face, swap->data);
    const struct mface_image like = mface_plane_u8(crop->data, side, 3);
    const struct mface_image out = mface_plane_u8(room, side, 3);
    const struct mface_image mask =
        mface_plane_u8((uint8_t *)room + 3 * mface_area_px(side), side, 1);
    struct mface_image outline;
    MFACE_TRY(outline_mask(face, &outline));
    const enum mface_status status = mface_post_run(&face->eval->engine->post, &in.face, &like,
        in.source_mask.data ? &in.source_mask : NULL, &in.celeb_mask,
        outline.data ? &outline : NULL, &out, &mask);
    mface_image_clear(&outline);
    return status;
}

static enum mface_status run_post(void *user, struct mface_load *load)
{
    struct mface_face *face = user;
    struct mface_result swap, crop;
    face->made_post = true;
    void *room = mface_load_room(load, 4 * mface_area_px(mface_face_side_px(face)));
    if (!room)
        return MFACE_ERR_NOMEM;
    MFACE_TRY(mface_face_swap(face, &swap));
    enum mface_status status = mface_face_crop(face, &crop);
    if (status == MFACE_OK) {
        status = finish_face(face, &swap, &crop, room);
        mface_result_clear(&crop);
    }
    mface_result_clear(&swap);
    return status;
}

enum mface_status mface_face_post(struct mface_face *face, struct mface_result *out)
{
    struct mface_demander *demander = &face->eval->demander;
    MFACE_TRY(mface_demand(demander, MFACE_STAGE_POST, face->post_key, run_post, face, out));
    if (!face->made_post)
        mface_face_hide(face, MFACE_STAGE_SWAP);
    if (face->made_post && demander->cache)
        mface_cache_inherit(demander->cache, face->post_key, &face->swap_key, 1);
    return MFACE_OK;
}
