/* Merge: the finished faces into the frame. What is kept of it is a patch in the frame's own
 * format, so a hit costs one copy. */
#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/blend.h"
#include "pipeline/patch.h"

static enum mface_status demand_posts(struct mface_merge *merge)
{
    for (int i = 0; i < merge->eval->n_faces; i++) {
        MFACE_TRY(mface_face_post(&merge->eval->faces[i], &merge->posts[i]));
        mface_face_let_go(&merge->eval->faces[i]);
    }
    return MFACE_OK;
}

static void merge_clear(struct mface_merge *merge)
{
    for (int i = 0; merge->posts && i < merge->eval->n_faces; i++)
        mface_result_clear(&merge->posts[i]);
    mface_mem_free(merge->posts);
    mface_mem_free(merge->to_frame);
    mface_mem_free(merge->reach);
    mface_mem_free(merge->rects);
    mface_mem_free(merge->room);
}

static enum mface_status merge_init(struct mface_merge *merge, struct mface_eval *eval)
{
    const size_t n = (size_t)eval->n_faces + 1; // room for the whole frame even without a face
    const int side = eval->engine->align.resolution;
    *merge = (struct mface_merge) {
        .eval = eval,
        .posts = mface_mem_calloc(n, sizeof *merge->posts),
        .to_frame = mface_mem_calloc(n, sizeof *merge->to_frame),
        .reach = mface_mem_calloc(n, sizeof *merge->reach),
        .rects = mface_mem_calloc(n, sizeof *merge->rects),
        .room = mface_mem_alloc(mface_merge_room_bytes(side, side, eval->canvas->picture.w)),
    };
    if (merge->posts && merge->to_frame && merge->reach && merge->rects && merge->room)
        return MFACE_OK;
    return mface_fail_nomem("merge");
}

static enum mface_status make_writable(struct mface_eval *eval)
{
    return eval->canvas->make_writable(eval->canvas->user, &eval->canvas->picture);
}

/* Everything that can fail slowly comes first; the frame is touched last. */
static enum mface_status merge_steps(struct mface_merge *merge, struct mface_load *load)
{
    struct mface_eval *eval = merge->eval;
    MFACE_TRY(demand_posts(merge));
    MFACE_TRY(mface_merge_place(merge));
    MFACE_TRY(make_writable(eval));
    MFACE_TRY(mface_merge_write(merge));
    eval->is_written = true;
    // none where the whole frame was written: its faces are not told apart
    eval->n_hidden = mface_rects_n_empty(merge->rects, merge->n_rects);
    const struct mface_picture *picture = &eval->canvas->picture;
    void *patch = mface_load_keep(load, mface_patch_bytes(picture, merge->rects, merge->n_rects));
    if (patch) {
        const int64_t start_ns = mface_time_ns();
        mface_patch_take(picture, merge->rects, merge->n_rects, patch);
        mface_load_add_store(load, start_ns);
    }
    return MFACE_OK;
}

static enum mface_status run_merge(void *user, struct mface_load *load)
{
    struct mface_merge merge;
    enum mface_status status = merge_init(&merge, user);
    if (status == MFACE_OK)
        status = merge_steps(&merge, load);
    merge_clear(&merge);
    return status;
}

static bool has_merge(const struct mface_eval *eval)
{
    return eval->n_faces > 0 || mface_merge_takes_whole_frame(eval);
}

enum mface_status mface_eval_derive_merge_key(struct mface_eval *eval)
{
    if (!has_merge(eval))
        return MFACE_OK;
    const size_t n_inputs = 1 + 2 * (size_t)eval->n_faces;
    struct mface_key *inputs = mface_mem_calloc(n_inputs, sizeof *inputs);
    if (!inputs)
        return mface_fail_nomem("merge");
    inputs[0] = eval->canvas->key;
    for (int i = 0; i < eval->n_faces; i++) {
        inputs[1 + 2 * i] = eval->faces[i].post_key;
        inputs[2 + 2 * i] = eval->faces[i].align_id;
    }
    eval->merge_key = mface_stage_key(&eval->engine->bases, MFACE_STAGE_MERGE, inputs, n_inputs);
    mface_mem_free(inputs);
    return MFACE_OK;
}

/* The patch hides the faces it shows. */
static void inherit_posts(struct mface_eval *eval)
{
    const size_t n = (size_t)eval->n_faces;
    struct mface_key *posts = n ? mface_mem_calloc(n, sizeof *posts) : NULL;
    if (!posts)
        return; // a hint less
    for (size_t i = 0; i < n; i++)
        posts[i] = eval->faces[i].post_key;
    mface_cache_inherit(eval->demander.cache, eval->merge_key, posts, (int)n);
    mface_mem_free(posts);
}

enum mface_status mface_eval_merge(struct mface_eval *eval)
{
    struct mface_result patch;
    if (!has_merge(eval))
        return MFACE_OK;
    MFACE_TRY(
        mface_demand(&eval->demander, MFACE_STAGE_MERGE, eval->merge_key, run_merge, eval, &patch));
    enum mface_status status = MFACE_OK;
    if (!eval->is_written) {
        for (int i = 0; i < eval->n_faces; i++)
            mface_face_hide(&eval->faces[i], MFACE_STAGE_POST);
        status = make_writable(eval);
        if (status == MFACE_OK)
            mface_patch_apply(&eval->canvas->picture, patch.data);
        eval->n_hidden = mface_patch_n_empty(patch.data); // none where the whole frame is kept
    } else if (eval->demander.cache) {
        inherit_posts(eval);
    }
    mface_result_clear(&patch);
    return status;
}
