/* The thread that decodes for a flow. */
#include "pipeline/flow.h"

#include "base/cpu.h"
#include "base/log.h"

static bool wait_for_room(struct mface_flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    while (!flow->is_stopped && flow->n_read - flow->n_taken >= flow->n_slots)
        pthread_cond_wait(&flow->changed, &flow->lock);
    const bool goes_on = !flow->is_stopped;
    pthread_mutex_unlock(&flow->lock);
    return goes_on;
}

static enum mface_status read_frame(struct mface_flow *flow, struct mface_frame **frame)
{
    const int64_t start_us = mface_time_us();
    if (atomic_load(flow->params->cancel))
        return MFACE_ERR_CANCELED;
    MFACE_TRY(mface_reader_read(flow->params->reader, frame));
    mface_tally_run(flow->params->tally, MFACE_STAGE_DECODE, mface_time_us() - start_us);
    return MFACE_OK;
}

static void drop(struct mface_flow *flow, struct mface_frame **frame)
{
    const struct mface_pipeline_gate *gate = flow->params->gate;
    if (!*frame)
        return;
    if (gate)
        gate->drop(gate->user, *frame);
    mface_counter_add(&flow->params->tally->frames_dropped, 1);
    mface_frame_unref(frame);
}

/* Sends a frame on its way, or has it wait if there is no room. */
static void offer(struct mface_flow *flow, struct mface_frame *frame)
{
    struct mface_frame *dropped = NULL;
    struct mface_slot *slot = NULL;
    const int64_t now_us = mface_time_us();
    pthread_mutex_lock(&flow->lock);
    if (mface_flow_has_room(flow)) {
        slot = mface_flow_fill_slot(flow, frame, now_us);
    } else {
        dropped = flow->waiting;
        flow->waiting = frame;
        flow->waiting_us = now_us;
    }
    pthread_mutex_unlock(&flow->lock);
    if (slot)
        mface_flow_submit(slot);
    drop(flow, &dropped);
}

/* Lets time pass until a frame is due, counted from the first: a file plays as a camera would. */
static void wait_until_due(struct mface_flow *flow, const struct mface_frame *frame)
{
    const int64_t time_us = (int64_t)(mface_frame_time_s(frame) * 1e6);
    if (flow->origin_us == 0)
        flow->origin_us = mface_time_us() - time_us;
    pthread_mutex_lock(&flow->lock);
    while (!flow->is_stopped && mface_time_us() < flow->origin_us + time_us)
        mface_flow_wait_until(flow, flow->origin_us + time_us);
    pthread_mutex_unlock(&flow->lock);
}

/* Whether to go on: not so once the job is to end. */
static bool wait_to_read(struct mface_flow *flow)
{
    if (!flow->params->newest_wins)
        return wait_for_room(flow);
    pthread_mutex_lock(&flow->lock);
    const bool goes_on = !flow->is_stopped;
    pthread_mutex_unlock(&flow->lock);
    return goes_on;
}

void *mface_flow_decode(void *arg)
{
    struct mface_flow *flow = arg;
    const struct mface_pipeline_gate *gate = flow->params->gate;
    enum mface_status status = MFACE_OK;
    while (status == MFACE_OK && wait_to_read(flow)) {
        struct mface_frame *frame = NULL;
        status = read_frame(flow, &frame);
        if (status != MFACE_OK)
            break;
        if (flow->params->newest_wins)
            wait_until_due(flow, frame);
        if (gate)
            gate->wait(gate->user);
        offer(flow, frame);
    }
    pthread_mutex_lock(&flow->lock);
    flow->has_ended = true;
    flow->read_status = status == MFACE_ERR_EOF ? MFACE_OK : status;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    return NULL;
}
