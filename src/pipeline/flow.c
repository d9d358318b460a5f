/* The ring of a flow, and what is around it. */
#include "pipeline/flow.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"

#include <time.h>

/* Two frames per worker keep it busy while the writer works on a slow one; two more are for the
 * decoder and the writer themselves. With batches, each worker has one, and one more fills. Where
 * the newest frame is wanted, waiting is worth nothing. */
static int64_t n_slots_for(const struct mface_pipeline_params *params)
{
    const int64_t n = params->n_workers;
    if (params->newest_wins)
        return n + 1;
    return (params->batch > 1 ? (n + 1) * params->batch : 2 * n) + 2;
}

struct mface_slot *mface_flow_slot_at(struct mface_flow *flow, int64_t index)
{
    return &flow->slots[index % flow->n_slots];
}

void mface_flow_set_progress(struct mface_slot *slot, enum mface_progress progress)
{
    struct mface_flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    slot->progress = progress;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
}

void mface_flow_wait_until(struct mface_flow *flow, int64_t deadline_us)
{
    const struct timespec deadline = {
        .tv_sec = deadline_us / 1000000,
        .tv_nsec = deadline_us % 1000000 * 1000,
    };
    pthread_cond_timedwait(&flow->changed, &flow->lock, &deadline);
}

bool mface_flow_has_room(const struct mface_flow *flow)
{
    return flow->n_read - flow->n_taken < flow->n_slots;
}

struct mface_slot *mface_flow_fill_slot(
    struct mface_flow *flow, struct mface_frame *frame, int64_t decoded_us)
{
    struct mface_slot *slot = mface_flow_slot_at(flow, flow->n_read++);
    slot->frame = frame;
    slot->decoded_us = decoded_us;
    slot->progress = MFACE_SLOT_READ;
    pthread_cond_broadcast(&flow->changed);
    return slot;
}

struct mface_slot *mface_flow_take_waiting(struct mface_flow *flow)
{
    struct mface_frame *frame = flow->waiting;
    if (!frame || !mface_flow_has_room(flow))
        return NULL;
    flow->waiting = NULL;
    return mface_flow_fill_slot(flow, frame, flow->waiting_us);
}

static void free_slots(struct mface_flow *flow)
{
    for (int64_t i = 0; flow->slots && i < flow->n_slots; i++)
        mface_eval_free(&flow->slots[i].eval);
    mface_mem_free(flow->slots);
}

static enum mface_status make_slots(struct mface_flow *flow)
{
    flow->slots = mface_mem_calloc((size_t)flow->n_slots, sizeof *flow->slots);
    if (!flow->slots)
        return mface_fail_nomem("pipeline");
    for (int64_t i = 0; i < flow->n_slots; i++) {
        flow->slots[i].flow = flow;
        MFACE_TRY(mface_eval_create(&flow->slots[i].eval));
    }
    return MFACE_OK;
}

enum mface_status mface_flow_init(
    struct mface_flow *flow, const struct mface_pipeline_params *params)
{
    *flow = (struct mface_flow) { .params = params, .n_slots = n_slots_for(params) };
    const enum mface_status status = make_slots(flow);
    if (status != MFACE_OK) {
        free_slots(flow);
        return status;
    }
    if (mface_pool_create("mface-work", params->n_workers, &flow->pool) != MFACE_OK) {
        free_slots(flow);
        return mface_fail(MFACE_ERR_NOMEM, "the system refuses %d threads", params->n_workers);
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); // what mface_time_us() reads
    pthread_cond_init(&flow->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&flow->lock, NULL);
    return MFACE_OK;
}

void mface_flow_clear(struct mface_flow *flow)
{
    mface_pool_free(&flow->pool);
    pthread_cond_destroy(&flow->changed);
    pthread_mutex_destroy(&flow->lock);
    mface_tracks_clear(&flow->tracks);
    free_slots(flow);
}
