/* The swap: of one face when it is demanded or, ahead of that, of several frames' faces at once.
 *
 * What is done ahead is written to memory of its own and then demanded like anything else, so that
 * keys, counts and the cache know one way only; it is a hint, and losing it costs a run. */
#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/eval.h"

#include <string.h>

/* Without a use for it the source's mask, last, is not even computed. */
static bool has_source_mask(const struct mface_face *face)
{
    return face->eval->engine->post.mask.use_source;
}

static size_t swap_bytes(const struct mface_face *face)
{
    return (has_source_mask(face) ? 5 : 4) * mface_area_px(mface_face_side_px(face));
}

struct mface_swap_planes mface_swap_planes_of(const struct mface_face *face, const void *data)
{
    const uint8_t *bytes = data;
    const int side_px = mface_face_side_px(face);
    const size_t area_px = mface_area_px(side_px);
    struct mface_swap_planes planes = {
        .face = mface_plane_u8(bytes, side_px, 3),
        .celeb_mask = mface_plane_u8(bytes + 3 * area_px, side_px, 1),
    };
    if (has_source_mask(face))
        planes.source_mask = mface_plane_u8(bytes + 4 * area_px, side_px, 1);
    return planes;
}

/* What the model reads and writes for a face. */
static struct mface_dfm_face model_face(
    const struct mface_face *face, const struct mface_result *pre, void *room)
{
    const struct mface_swap_planes planes = mface_swap_planes_of(face, room);
    return (struct mface_dfm_face) {
        .crop = mface_plane_u8(pre->data, mface_face_side_px(face), 3),
        .celeb_face = planes.face,
        .celeb_mask = planes.celeb_mask,
        .source_mask = planes.source_mask,
    };
}

static enum mface_status call_model(
    const struct mface_engine *engine, const struct mface_dfm_face *faces, int n)
{
    return engine->models.swap(engine->models.user, &engine->swap, faces, n);
}

static void count_inference(struct mface_face *face)
{
    face->made_swap = true;
    face->eval->n_inferences++;
}

static enum mface_status run_swap(void *user, struct mface_load *load)
{
    struct mface_face *face = user;
    struct mface_result pre;
    void *room = mface_load_room(load, swap_bytes(face));
    if (!room)
        return MFACE_ERR_NOMEM;
    MFACE_TRY(mface_face_pre(face, &pre));
    const struct mface_dfm_face one = model_face(face, &pre, room);
    const enum mface_status status = call_model(face->eval->engine, &one, 1);
    mface_result_clear(&pre);
    count_inference(face);
    return status;
}

enum mface_status mface_face_swap(struct mface_face *face, struct mface_result *out)
{
    if (!face->swap.data)
        MFACE_TRY(mface_demand(
            &face->eval->demander, MFACE_STAGE_SWAP, face->swap_key, run_swap, face, &face->swap));
    if (!face->made_swap)
        mface_face_hide(face, MFACE_STAGE_PRE);
    *out = mface_result_borrow(&face->swap);
    return MFACE_OK;
}

/* Ahead of demand. */

static bool is_wanted(const struct mface_face *face)
{
    const struct mface_demander *demander = &face->eval->demander;
    return !mface_demand_would_hit(demander, MFACE_STAGE_POST, face->post_key) &&
           !mface_demand_would_hit(demander, MFACE_STAGE_SWAP, face->swap_key);
}

int mface_eval_want(struct mface_eval *eval)
{
    int n = 0;
    if (eval->status != MFACE_OK || eval->n_faces == 0 ||
        mface_demand_would_hit(&eval->demander, MFACE_STAGE_MERGE, eval->merge_key))
        return 0;
    for (int i = 0; i < eval->n_faces; i++) {
        eval->faces[i].is_wanted = is_wanted(&eval->faces[i]);
        n += eval->faces[i].is_wanted;
    }
    return n;
}

static bool wants(const struct mface_eval *eval, struct mface_key swap_key)
{
    for (int i = 0; i < eval->n_faces; i++)
        if (eval->faces[i].is_wanted && mface_key_equal(eval->faces[i].swap_key, swap_key))
            return true;
    return false;
}

bool mface_evals_want_same(const struct mface_eval *a, const struct mface_eval *b)
{
    for (int i = 0; i < a->n_faces; i++)
        if (a->faces[i].is_wanted && wants(b, a->faces[i].swap_key))
            return true;
    return false;
}

/* Faces on their way through the model. */
enum { GROUP_MAX = 16 };

struct group {
    int n;
    struct mface_face *faces[GROUP_MAX];
    struct mface_result pre[GROUP_MAX];
    struct mface_dfm_face to_model[GROUP_MAX];
};

static bool has_twin(const struct group *group, const struct mface_face *face)
{
    for (int i = 0; i < group->n && face->eval->demander.cache; i++)
        if (mface_key_equal(group->faces[i]->swap_key, face->swap_key))
            return true;
    return false;
}

/* Makes ready what the model reads, and room for what it writes. */
static void add_face(struct group *group, struct mface_face *face)
{
    struct mface_result *pre = &group->pre[group->n];
    if (has_twin(group, face) || mface_face_pre(face, pre) != MFACE_OK)
        return;
    void *room = mface_mem_alloc(swap_bytes(face));
    if (!room) {
        mface_result_clear(pre);
        return;
    }
    face->swap = (struct mface_result) { .own = room, .data = room, .size = swap_bytes(face) };
    group->to_model[group->n] = model_face(face, pre, room);
    group->faces[group->n++] = face;
}

struct done_ahead {
    struct mface_face *face;
    struct mface_result result;
    int64_t took_ns;
};

static enum mface_status take_done(void *user, struct mface_load *load)
{
    const struct done_ahead *done = user;
    void *room = mface_load_room(load, done->result.size);
    if (!room)
        return MFACE_ERR_NOMEM;
    memcpy(room, done->result.data, done->result.size);
    load->ahead_ns = done->took_ns;
    count_inference(done->face);
    return MFACE_OK;
}

static void hand_over(struct mface_face *face, enum mface_status status, int64_t took_ns)
{
    struct done_ahead done = { face, face->swap, took_ns };
    face->swap = (struct mface_result) { 0 };
    if (status == MFACE_OK && mface_demand(&face->eval->demander, MFACE_STAGE_SWAP, face->swap_key,
                                  take_done, &done, &face->swap) != MFACE_OK)
        face->swap = (struct mface_result) { 0 };
    mface_result_clear(&done.result);
}

static void run_group(struct group *group)
{
    if (group->n == 0)
        return;
    const int64_t start_ns = mface_time_ns();
    const enum mface_status status =
        call_model(group->faces[0]->eval->engine, group->to_model, group->n);
    const int64_t took_ns = (mface_time_ns() - start_ns) / group->n;
    for (int i = 0; i < group->n; i++) {
        mface_result_clear(&group->pre[i]);
        hand_over(group->faces[i], status, took_ns);
    }
    group->n = 0;
}

void mface_evals_infer(struct mface_eval *const *evals, int n)
{
    struct group group;
    group.n = 0;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < evals[k]->n_faces; i++) {
            if (evals[k]->faces[i].is_wanted)
                add_face(&group, &evals[k]->faces[i]);
            if (group.n == GROUP_MAX)
                run_group(&group);
        }
    run_group(&group);
}
