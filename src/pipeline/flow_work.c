/* The workers of a flow.
 *
 * One step goes in the frames' order, for faces are followed from frame to frame: finding them, at
 * `n_found`. No worker ever waits for its turn there. Who begins a frame, or has just found the
 * faces of one, sees whether it is the next one's turn; the last to look does it. Without
 * following, faces are found as part of the beginning and the turn only passes.
 *
 * Nor does a worker wait for another that works on the same picture, as in held frames: such a
 * frame is left lying with its twin, whose worker finishes it too, from the cache. And frames whose
 * faces the model has to swap are left for whoever comes to have enough of them (flow_batch.c). */
#include "pipeline/flow.h"

#include "base/log.h"

static enum mface_status make_writable(void *user, struct mface_picture *picture)
{
    struct mface_frame *frame = user;
    MFACE_TRY(mface_frame_make_writable(frame));
    *picture = mface_frame_picture(frame);
    return MFACE_OK;
}

static void tell_first_failure(struct mface_flow *flow, const struct mface_frame *frame)
{
    if (!atomic_exchange(&flow->is_first_failure_told, true))
        mface_log(MFACE_LOG_WARN,
            "frame %lld passes unchanged, as will any other in which a stage fails",
            (long long)mface_frame_index(frame));
}

static struct mface_engine *enter(struct mface_slot *slot)
{
    const struct mface_pipeline_params *params = slot->flow->params;
    const struct mface_pipeline_gate *gate = params->gate;
    return gate ? gate->enter(gate->user, slot->frame, &slot->token) : params->engine;
}

static void leave(struct mface_slot *slot)
{
    const struct mface_pipeline_gate *gate = slot->flow->params->gate;
    if (gate)
        gate->leave(gate->user, slot->frame, slot->token);
}

static void count_repeat(const struct mface_pipeline_params *params, struct mface_key key)
{
    if (params->seen && mface_seen_add(params->seen, key))
        mface_counter_add(&params->tally->frames_repeated, 1);
}

static void begin(struct mface_slot *slot)
{
    slot->engine = enter(slot);
    slot->canvas = (struct mface_canvas) {
        .picture = mface_frame_picture(slot->frame),
        .key = mface_frame_key(slot->frame),
        .is_alone = slot->flow->params->frames_are_alone,
        .make_writable = make_writable,
        .user = slot->frame,
    };
    count_repeat(slot->flow->params, slot->canvas.key);
    mface_eval_begin(slot->eval, slot->engine, &slot->canvas);
    if (!mface_engine_follows(slot->engine))
        mface_eval_find(slot->eval, NULL);
    mface_flow_set_progress(slot, MFACE_SLOT_BEGUN);
}

/* The slot whose turn it is to be found, if nobody is at it: the caller's now. */
static struct mface_slot *take_turn(struct mface_flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    struct mface_slot *slot = mface_flow_slot_at(flow, flow->n_found);
    const bool is_mine = !flow->is_finding && slot->progress == MFACE_SLOT_BEGUN;
    flow->is_finding |= is_mine;
    pthread_mutex_unlock(&flow->lock);
    return is_mine ? slot : NULL;
}

static void pass_turn(struct mface_slot *slot)
{
    struct mface_flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    slot->progress = MFACE_SLOT_FOUND;
    flow->n_found++;
    flow->is_finding = false;
    pthread_mutex_unlock(&flow->lock);
}

static void find(struct mface_slot *slot)
{
    if (mface_engine_follows(slot->engine))
        mface_eval_find(slot->eval, &slot->flow->tracks);
    else
        mface_tracks_clear(&slot->flow->tracks);
    pass_turn(slot);
}

static bool are_twins(const struct mface_slot *a, const struct mface_slot *b)
{
    return a->engine == b->engine && mface_key_equal(a->canvas.key, b->canvas.key);
}

/* Leaves a frame that was found with its twin, if a worker has that one; else it is the caller's.
 */
static bool leave_to_twin(struct mface_slot *slot)
{
    struct mface_flow *flow = slot->flow;
    struct mface_slot *leader = NULL;
    pthread_mutex_lock(&flow->lock);
    if (mface_engine_reuses(slot->engine))
        for (int64_t i = 0; i < flow->n_slots && !leader; i++)
            if (flow->slots[i].is_led && are_twins(&flow->slots[i], slot))
                leader = &flow->slots[i];
    slot->is_led = leader == NULL;
    slot->next_twin = leader ? leader->twins : NULL;
    if (leader)
        leader->twins = slot;
    pthread_mutex_unlock(&flow->lock);
    return leader != NULL;
}

/* Lets the frame go and returns the twins that waited for it: the caller's now. */
static struct mface_slot *set_done(struct mface_slot *slot)
{
    struct mface_flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    struct mface_slot *twins = slot->twins;
    slot->twins = NULL;
    slot->is_led = false;
    slot->progress = MFACE_SLOT_DONE;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    return twins;
}

static struct mface_slot *finish_one(struct mface_slot *slot)
{
    int n_faces;
    if (mface_eval_finish(slot->eval, &n_faces) != MFACE_OK)
        tell_first_failure(slot->flow, slot->frame);
    leave(slot);
    return set_done(slot);
}

/* Finishes frames that are linked by next_twin, and their twins. */
static void finish(struct mface_slot *slots)
{
    while (slots) {
        struct mface_slot *slot = slots, *twins;
        slots = slot->next_twin;
        slot->next_twin = NULL;
        twins = finish_one(slot);
        for (struct mface_slot *next; twins; twins = next) {
            next = twins->next_twin;
            twins->next_twin = slots;
            slots = twins;
        }
    }
}

static void finish_or_put_off(struct mface_slot *slot)
{
    if (!mface_flow_put_off(slot))
        finish(slot);
}

static void work(void *arg, int worker);

void mface_flow_submit(struct mface_slot *slot)
{
    struct mface_flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    flow->n_submitted++;
    pthread_mutex_unlock(&flow->lock);
    if (mface_pool_submit(flow->pool, work, slot) != MFACE_OK)
        work(slot, 0);
}

/* Finds faces as long as it is somebody's turn. The frames found are finished by whoever comes to
 * them first; the last one, still warm in this processor's memory, here. */
static void find_in_order(struct mface_flow *flow)
{
    struct mface_slot *found = NULL, *next;
    while ((next = take_turn(flow))) {
        if (found)
            mface_flow_submit(found);
        find(next);
        found = leave_to_twin(next) ? NULL : next;
    }
    if (found)
        finish_or_put_off(found);
}

static enum mface_progress take_up(struct mface_slot *slot)
{
    struct mface_flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    flow->n_submitted--;
    const enum mface_progress progress = slot->progress;
    pthread_mutex_unlock(&flow->lock);
    return progress;
}

/* What is next for a frame that was read or found, and then for those that wait for a worker
 * without anything else to do. */
static void work(void *arg, int worker)
{
    (void)worker;
    struct mface_slot *slot = arg, *inferred;
    struct mface_flow *flow = slot->flow;
    if (take_up(slot) == MFACE_SLOT_READ) {
        begin(slot);
        find_in_order(flow);
    } else {
        finish_or_put_off(slot);
    }
    while ((inferred = mface_flow_infer(flow)))
        finish(inferred);
}
