/* The calling thread of a flow: it encodes, and ticks. */
#include "pipeline/pipeline.h"

#include "base/cpu.h"
#include "base/log.h"
#include "pipeline/flow.h"

enum next { NEXT_FRAME, NEXT_TICK, NEXT_END };

/* Waits for the next frame in order, the end, or the time of the next tick. */
static enum next wait_for_next(struct mface_flow *flow, int64_t tick_us, struct mface_slot **slot)
{
    enum next next = NEXT_TICK;
    pthread_mutex_lock(&flow->lock);
    *slot = mface_flow_slot_at(flow, flow->n_taken);
    for (;;) {
        const bool is_empty = flow->n_taken == flow->n_read;
        if (!is_empty && (*slot)->progress == MFACE_SLOT_DONE)
            next = NEXT_FRAME;
        else if (is_empty && flow->has_ended)
            next = NEXT_END;
        if (next != NEXT_TICK || mface_time_us() >= tick_us)
            break;
        mface_flow_wait_until(flow, tick_us);
    }
    pthread_mutex_unlock(&flow->lock);
    return next;
}

static void stop(struct mface_flow *flow)
{
    atomic_store(flow->params->cancel, true); // wakes a reader that waits for its source
    pthread_mutex_lock(&flow->lock);
    flow->is_stopped = true;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
}

static enum mface_status write_frame(struct mface_flow *flow, struct mface_slot *slot)
{
    struct mface_tally *tally = flow->params->tally;
    const int64_t start_us = mface_time_us();
    MFACE_TRY(mface_writer_write(flow->params->writer, slot->frame));
    const int64_t end_us = mface_time_us();
    mface_tally_run(tally, MFACE_STAGE_ENCODE, end_us - start_us);
    mface_hist_add(&tally->latency, end_us - slot->decoded_us);
    mface_counter_add(&tally->frames, 1);
    return MFACE_OK;
}

static void give_back(struct mface_flow *flow, struct mface_slot *slot)
{
    mface_frame_unref(&slot->frame);
    pthread_mutex_lock(&flow->lock);
    slot->progress = MFACE_SLOT_FREE;
    flow->n_taken++;
    struct mface_slot *next = mface_flow_take_waiting(flow);
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    if (next)
        mface_flow_submit(next);
}

/* Writes frames as they become ready. After a failure the rest is drained unwritten. */
static enum mface_status write_all(struct mface_flow *flow)
{
    const struct mface_pipeline_params *params = flow->params;
    enum mface_status status = MFACE_OK;
    int64_t tick_us = mface_time_us() + params->interval_us;
    for (;;) {
        struct mface_slot *slot;
        const enum next next = wait_for_next(flow, tick_us, &slot);
        if (next == NEXT_END)
            return status;
        if (next == NEXT_FRAME) {
            if (status == MFACE_OK && (status = write_frame(flow, slot)) != MFACE_OK)
                stop(flow);
            give_back(flow, slot);
        }
        if (mface_time_us() >= tick_us) {
            tick_us = mface_time_us() + params->interval_us;
            if (params->tick)
                params->tick(params->user);
        }
    }
}

enum mface_status mface_pipeline_run(const struct mface_pipeline_params *params, bool *is_writable)
{
    struct mface_flow flow;
    pthread_t decoder;
    *is_writable = true;
    MFACE_TRY(mface_flow_init(&flow, params));
    if (pthread_create(&decoder, NULL, mface_flow_decode, &flow) != 0) {
        mface_flow_clear(&flow);
        return mface_fail(MFACE_ERR_NOMEM, "the system refuses another thread");
    }
    const enum mface_status status = write_all(&flow);
    pthread_join(decoder, NULL);
    mface_flow_clear(&flow);
    *is_writable = status == MFACE_OK;
    return status != MFACE_OK ? status : flow.read_status;
}
