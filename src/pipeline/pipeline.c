/* Frames in flight live in a ring: the decoder fills the slot at `n_read`, workers finish slots in
 * any order, and the calling thread takes the slot at `n_taken` once that one is done. So order is
 * kept without sorting, and a full ring stops the decoder. */
#include "pipeline/pipeline.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <pthread.h>
#include <time.h>

struct slot {
    struct flow *flow;
    struct mface_frame *frame;
    int64_t decoded_us;
    bool is_done; // by lock
};

struct flow {
    const struct mface_pipeline_params *params;
    struct mface_pool *pool;
    struct slot *slots;
    int64_t n_slots;
    atomic_bool is_first_failure_told;

    pthread_mutex_t lock;   // guards what follows
    pthread_cond_t changed; // anything that follows did
    int64_t n_read, n_taken;
    bool is_stopped; // no further frames are wanted
    bool has_ended;  // the decoder is gone
    enum mface_status read_status;
};

/* Two frames per worker keep it busy while the writer works on a slow one; two more are for the
 * decoder and the writer themselves. */
static int64_t n_slots_for(int n_workers)
{
    return 2 * (int64_t)n_workers + 2;
}

static struct slot *slot_at(struct flow *flow, int64_t index)
{
    return &flow->slots[index % flow->n_slots];
}

static enum mface_status make_writable(void *user, struct mface_picture *picture)
{
    struct mface_frame *frame = user;
    MFACE_TRY(mface_frame_make_writable(frame));
    *picture = mface_frame_picture(frame);
    return MFACE_OK;
}

static void tell_first_failure(struct flow *flow, const struct mface_frame *frame)
{
    if (!atomic_exchange(&flow->is_first_failure_told, true))
        mface_log(MFACE_LOG_WARN,
            "frame %lld passes unchanged, as will any other in which a stage fails",
            (long long)mface_frame_index(frame));
}

static enum mface_status run_engine(const struct mface_pipeline_params *params,
    struct mface_frame *frame, struct mface_canvas *canvas)
{
    const struct mface_pipeline_gate *gate = params->gate;
    void *token = NULL;
    int n_faces;
    struct mface_engine *engine = gate ? gate->enter(gate->user, frame, &token) : params->engine;
    const enum mface_status status = mface_engine_run(engine, canvas, &n_faces);
    if (gate)
        gate->leave(gate->user, frame, token);
    return status;
}

static void work(void *arg, int worker)
{
    (void)worker;
    struct slot *slot = arg;
    struct flow *flow = slot->flow;
    struct mface_canvas canvas = {
        .picture = mface_frame_picture(slot->frame),
        .key = mface_frame_key(slot->frame),
        .make_writable = make_writable,
        .user = slot->frame,
    };
    if (run_engine(flow->params, slot->frame, &canvas) != MFACE_OK)
        tell_first_failure(flow, slot->frame);
    pthread_mutex_lock(&flow->lock);
    slot->is_done = true;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
}

/* The decoder's thread */

static bool wait_for_room(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    while (!flow->is_stopped && flow->n_read - flow->n_taken >= flow->n_slots)
        pthread_cond_wait(&flow->changed, &flow->lock);
    const bool goes_on = !flow->is_stopped;
    pthread_mutex_unlock(&flow->lock);
    return goes_on;
}

static enum mface_status read_frame(struct flow *flow, struct mface_frame **frame)
{
    const int64_t start_us = mface_time_us();
    if (atomic_load(flow->params->cancel))
        return MFACE_ERR_CANCELED;
    MFACE_TRY(mface_reader_read(flow->params->reader, frame));
    mface_tally_run(flow->params->tally, MFACE_STAGE_DECODE, mface_time_us() - start_us);
    return MFACE_OK;
}

static enum mface_status submit(struct flow *flow, struct mface_frame *frame)
{
    const struct mface_pipeline_gate *gate = flow->params->gate;
    if (gate)
        gate->wait(gate->user);
    struct slot *slot = slot_at(flow, flow->n_read); // n_read is written by this thread alone
    *slot = (struct slot) { .flow = flow, .frame = frame, .decoded_us = mface_time_us() };
    const enum mface_status status = mface_pool_submit(flow->pool, work, slot);
    if (status != MFACE_OK) {
        mface_frame_unref(&slot->frame);
        return status;
    }
    pthread_mutex_lock(&flow->lock);
    flow->n_read++;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    return MFACE_OK;
}

static void *decode(void *arg)
{
    struct flow *flow = arg;
    enum mface_status status = MFACE_OK;
    while (status == MFACE_OK && wait_for_room(flow)) {
        struct mface_frame *frame = NULL;
        status = read_frame(flow, &frame);
        if (status == MFACE_OK)
            status = submit(flow, frame);
    }
    pthread_mutex_lock(&flow->lock);
    flow->has_ended = true;
    flow->read_status = status == MFACE_ERR_EOF ? MFACE_OK : status;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    return NULL;
}

/* The calling thread */

static void wait_until(struct flow *flow, int64_t deadline_us)
{
    const struct timespec deadline = {
        .tv_sec = deadline_us / 1000000,
        .tv_nsec = deadline_us % 1000000 * 1000,
    };
    pthread_cond_timedwait(&flow->changed, &flow->lock, &deadline);
}

enum next { NEXT_FRAME, NEXT_TICK, NEXT_END };

/* Waits for the next frame in order, the end, or the time of the next tick. */
static enum next wait_for_next(struct flow *flow, int64_t tick_us, struct slot **slot)
{
    enum next next = NEXT_TICK;
    pthread_mutex_lock(&flow->lock);
    *slot = slot_at(flow, flow->n_taken);
    for (;;) {
        const bool is_empty = flow->n_taken == flow->n_read;
        if (!is_empty && (*slot)->is_done)
            next = NEXT_FRAME;
        else if (is_empty && flow->has_ended)
            next = NEXT_END;
        if (next != NEXT_TICK || mface_time_us() >= tick_us)
            break;
        wait_until(flow, tick_us);
    }
    pthread_mutex_unlock(&flow->lock);
    return next;
}

static void stop(struct flow *flow)
{
    atomic_store(flow->params->cancel, true); // wakes a reader that waits for its source
    pthread_mutex_lock(&flow->lock);
    flow->is_stopped = true;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
}

static enum mface_status write_frame(struct flow *flow, struct slot *slot)
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

static void give_back(struct flow *flow, struct slot *slot)
{
    mface_frame_unref(&slot->frame);
    pthread_mutex_lock(&flow->lock);
    flow->n_taken++;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
}

/* Writes frames as they become ready. After a failure the rest is drained unwritten. */
static enum mface_status write_all(struct flow *flow)
{
    const struct mface_pipeline_params *params = flow->params;
    enum mface_status status = MFACE_OK;
    int64_t tick_us = mface_time_us() + params->interval_us;
    for (;;) {
        struct slot *slot;
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

static enum mface_status flow_init(struct flow *flow, const struct mface_pipeline_params *params)
{
    *flow = (struct flow) { .params = params, .n_slots = n_slots_for(params->n_workers) };
    flow->slots = mface_mem_calloc((size_t)flow->n_slots, sizeof *flow->slots);
    if (!flow->slots)
        return mface_fail_nomem("pipeline");
    if (mface_pool_create("mface-work", params->n_workers, &flow->pool) != MFACE_OK) {
        mface_mem_free(flow->slots);
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

static void flow_clear(struct flow *flow)
{
    mface_pool_free(&flow->pool);
    pthread_cond_destroy(&flow->changed);
    pthread_mutex_destroy(&flow->lock);
    mface_mem_free(flow->slots);
}

enum mface_status mface_pipeline_run(const struct mface_pipeline_params *params, bool *is_writable)
{
    struct flow flow;
    pthread_t decoder;
    *is_writable = true;
    MFACE_TRY(flow_init(&flow, params));
    if (pthread_create(&decoder, NULL, decode, &flow) != 0) {
        flow_clear(&flow);
        return mface_fail(MFACE_ERR_NOMEM, "the system refuses another thread");
    }
    const enum mface_status status = write_all(&flow);
    pthread_join(decoder, NULL);
    flow_clear(&flow);
    *is_writable = status == MFACE_OK;
    return status != MFACE_OK ? status : flow.read_status;
}
