/* Frames whose faces wait for the model.
 *
 * A model that outgrows the caches is read once a run, so a run of several faces costs less for
 * each. A frame that was found and has faces for the model is therefore put off until there are
 * enough of them, from whatever frames. But no worker is idle while faces wait: one without another
 * job takes the first frame as it is. Where the model is what everybody waits for, the ring is full
 * of frames and batches fill; where the decoder is, no frame is held up. And the last frames, too
 * few for a batch for each worker, go one by one, so that all workers end together. */
#include "pipeline/flow.h"

static bool waits_for_same(const struct mface_slot *a, const struct mface_slot *b)
{
    return a->n_wanted > 0 && mface_evals_want_same(a->eval, b->eval);
}

/* With the lock. A frame with a face that another one waits for is finished after that one, from
 * the cache. */
static bool leave_to_same(struct mface_flow *flow, struct mface_slot *slot)
{
    for (int64_t i = 0; i < flow->n_slots; i++)
        if (waits_for_same(&flow->slots[i], slot)) {
            slot->next_twin = flow->slots[i].twins;
            flow->slots[i].twins = slot;
            return true;
        }
    return false;
}

static void append(struct mface_flow *flow, struct mface_slot *slot)
{
    struct mface_slot **end = &flow->wanting;
    while (*end)
        end = &(*end)->next_wanting;
    slot->next_wanting = NULL;
    *end = slot;
    flow->n_wanting += slot->n_wanted;
}

bool mface_flow_put_off(struct mface_slot *slot)
{
    struct mface_flow *flow = slot->flow;
    if (flow->params->batch < 2)
        return false;
    mface_eval_place(slot->eval);
    pthread_mutex_lock(&flow->lock);
    /* Looked up with the lock: what another frame waited for is at hand once it no longer waits. */
    const int n_wanted = mface_eval_want(slot->eval);
    const bool is_left =
        n_wanted > 0 && mface_engine_reuses(slot->engine) && leave_to_same(flow, slot);
    if (n_wanted > 0 && !is_left) {
        slot->n_wanted = n_wanted;
        append(flow, slot);
    }
    pthread_mutex_unlock(&flow->lock);
    return n_wanted > 0;
}

static void take_first(struct mface_flow *flow)
{
    flow->n_wanting -= flow->wanting->n_wanted;
    flow->wanting = flow->wanting->next_wanting;
}

/* How many faces a worker without another job takes. */
static int enough_faces(const struct mface_flow *flow)
{
    const int batch = flow->params->batch;
    const bool is_idle = flow->n_submitted == 0;
    if (is_idle && flow->has_ended && flow->n_wanting < batch * flow->params->n_workers)
        return 1;
    return flow->n_wanting >= batch ? batch : is_idle ? 1 : 0;
}

/* So many of the frames; how many. Those of other settings do not go with the first. */
static int take(struct mface_flow *flow, struct mface_slot *slots[], int n_max)
{
    int n = 0, n_faces = 0;
    pthread_mutex_lock(&flow->lock);
    const int enough = enough_faces(flow);
    while (flow->wanting && n_faces < enough && n < n_max &&
           (n == 0 || flow->wanting->engine == slots[0]->engine)) {
        slots[n] = flow->wanting;
        n_faces += slots[n++]->n_wanted;
        take_first(flow);
    }
    pthread_mutex_unlock(&flow->lock);
    return n;
}

enum { FRAMES_MAX = 16 };

struct mface_slot *mface_flow_infer(struct mface_flow *flow)
{
    struct mface_slot *slots[FRAMES_MAX];
    struct mface_eval *evals[FRAMES_MAX];
    const int n = take(flow, slots, FRAMES_MAX);
    for (int i = 0; i < n; i++)
        evals[i] = slots[i]->eval;
    mface_evals_infer(evals, n);
    pthread_mutex_lock(&flow->lock);
    for (int i = 0; i < n; i++) {
        slots[i]->n_wanted = 0;
        slots[i]->next_twin = i + 1 < n ? slots[i + 1] : NULL;
    }
    pthread_mutex_unlock(&flow->lock);
    return n ? slots[0] : NULL;
}
