/* The engine's order of demands (src/pipeline/eval_*.c), backwards from the merged frame: what is
 * hit demands nothing before it. */
#include "replay.h"

struct replay {
    const struct trace *trace;
    struct store *store;
    double us;
};

/* Computes an object: its own cost; and keeps it. */
static void compute(struct replay *replay, uint32_t id, double share)
{
    const struct object *object = &replay->trace->objects[id];
    replay->us += share * object->cost_us;
    store_insert(replay->store, id, object->stage, object->bytes, object->cost_us);
}

static bool demand(struct replay *replay, uint32_t id)
{
    if (store_hit(replay->store, id))
        return true;
    compute(replay, id, 1);
    return false;
}

/* Align samples the crop to learn its content, so whoever runs it has the pixels. */
static bool demand_align(struct replay *replay, const struct face *face)
{
    if (store_hit(replay->store, face->align))
        return false;
    if (!store_hit(replay->store, face->crop))
        compute(replay, face->crop, 0); // in align's own cost
    compute(replay, face->align, 1);
    return true;
}

static void demand_crop(struct replay *replay, const struct face *face, bool *at_hand)
{
    if (!*at_hand)
        demand(replay, face->crop);
    *at_hand = true;
}

static void demand_swap(struct replay *replay, const struct face *face, bool *crop_at_hand)
{
    if (store_hit(replay->store, face->swap))
        return;
    if (face->pre == face->crop) {
        demand_crop(replay, face, crop_at_hand);
    } else if (!store_hit(replay->store, face->pre)) {
        demand_crop(replay, face, crop_at_hand);
        compute(replay, face->pre, 1);
    }
    compute(replay, face->swap, 1);
}

static void demand_post(struct replay *replay, const struct face *face, bool *crop_at_hand)
{
    if (store_hit(replay->store, face->post))
        return;
    demand_swap(replay, face, crop_at_hand);
    demand_crop(replay, face, crop_at_hand);
    compute(replay, face->post, 1);
    store_inherit(replay->store, face->post, &face->swap, 1);
}

static void demand_frame(struct replay *replay, const struct frame *frame)
{
    const struct face *faces = replay->trace->faces + frame->first_face;
    bool crop_at_hand[256] = { false };
    const uint32_t n = frame->n_faces < 256 ? frame->n_faces : 256; // DeepFaceLive's limit too
    if (frame->detect)
        demand(replay, frame->detect);
    for (uint32_t i = 0; i < n; i++) {
        demand(replay, faces[i].mark);
        crop_at_hand[i] = demand_align(replay, &faces[i]);
    }
    if (!frame->merge || store_hit(replay->store, frame->merge))
        return;
    for (uint32_t i = 0; i < n; i++)
        demand_post(replay, &faces[i], &crop_at_hand[i]);
    compute(replay, frame->merge, 1);
    uint32_t posts[256];
    for (uint32_t i = 0; i < n; i++)
        posts[i] = faces[i].post;
    store_inherit(replay->store, frame->merge, posts, (int)n);
}

double replay(const struct trace *trace, struct store *store)
{
    struct replay replay = { .trace = trace, .store = store };
    for (uint32_t i = 0; i < trace->n_frames; i++)
        demand_frame(&replay, &trace->frames[i]);
    return replay.us;
}
