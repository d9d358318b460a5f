/* Frames in flight live in a ring: the decoder fills the slot at `n_read`, workers finish slots in
 * any order, and the calling thread takes the slot at `n_taken` once that one is done. So order is
 * kept without sorting, and a full ring stops the decoder.
 *
 * In between lies one step that goes in the frames' order, for faces are followed from frame to
 * frame: finding them, at `n_found`. No worker ever waits for its turn there. Who begins a frame,
 * or has just found the faces of one, sees whether it is the next one's turn; the last to look does
 * it. Without following, faces are found as part of the beginning and the turn only passes.
 *
 * A live source does not wait for a full ring: the newest frame does, in `waiting`, and takes the
 * place of one that waited before it. Whoever makes room sends it on its way. */
#include "pipeline/pipeline.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <pthread.h>
#include <time.h>

enum progress { FREE, READ, BEGUN, FOUND, DONE };

struct slot {
    struct flow *flow;
    struct mface_engine *engine; // that this frame goes through
    struct mface_eval *eval;     // kept from frame to frame
    struct mface_canvas canvas;
    struct mface_frame *frame;
    int64_t decoded_us;
    void *token;            // of the gate
    enum progress progress; // by lock
};

struct flow {
    const struct mface_pipeline_params *params;
    struct mface_pool *pool;
    struct slot *slots;
    int64_t n_slots;
    atomic_bool is_first_failure_told;
    int64_t origin_us;          // newest_wins: when the source's time was 0; the decoder's
    struct mface_tracks tracks; // of whoever is finding

    pthread_mutex_t lock;   // guards what follows
    pthread_cond_t changed; // anything that follows did
    int64_t n_read, n_found, n_taken;
    bool is_finding;             // someone is, at n_found
    struct mface_frame *waiting; // newest_wins: read, but there is no room; else NULL
    int64_t waiting_us;          // when it was read
    bool is_stopped;             // no further frames are wanted
    bool has_ended;              // the decoder is gone
    enum mface_status read_status;
};

/* Two frames per worker keep it busy while the writer works on a slow one; two more are for the
 * decoder and the writer themselves. Where the newest frame is wanted, waiting is worth nothing. */
static int64_t n_slots_for(const struct mface_pipeline_params *params)
{
    return params->newest_wins ? params->n_workers + 1 : 2 * (int64_t)params->n_workers + 2;
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

static void set_progress(struct slot *slot, enum progress progress)
{
    struct flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    slot->progress = progress;
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
}

static struct mface_engine *enter(struct slot *slot)
{
    const struct mface_pipeline_params *params = slot->flow->params;
    const struct mface_pipeline_gate *gate = params->gate;
    return gate ? gate->enter(gate->user, slot->frame, &slot->token) : params->engine;
}

static void leave(struct slot *slot)
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

static void begin(struct slot *slot)
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
    set_progress(slot, BEGUN);
}

/* The slot whose turn it is to be found, if nobody is at it: the caller's now. */
static struct slot *take_turn(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    struct slot *slot = slot_at(flow, flow->n_found);
    const bool is_mine = !flow->is_finding && slot->progress == BEGUN;
    flow->is_finding |= is_mine;
    pthread_mutex_unlock(&flow->lock);
    return is_mine ? slot : NULL;
}

static void pass_turn(struct slot *slot)
{
    struct flow *flow = slot->flow;
    pthread_mutex_lock(&flow->lock);
    slot->progress = FOUND;
    flow->n_found++;
    flow->is_finding = false;
    pthread_mutex_unlock(&flow->lock);
}

static void find(struct slot *slot)
{
    if (mface_engine_follows(slot->engine))
        mface_eval_find(slot->eval, &slot->flow->tracks);
    else
        mface_tracks_clear(&slot->flow->tracks);
    pass_turn(slot);
}

static void finish(void *arg, int worker)
{
    (void)worker;
    struct slot *slot = arg;
    int n_faces;
    if (mface_eval_finish(slot->eval, &n_faces) != MFACE_OK)
        tell_first_failure(slot->flow, slot->frame);
    leave(slot);
    set_progress(slot, DONE);
}

/* Finds faces as long as it is somebody's turn. The frames found are finished by whoever comes to
 * them first; the last one, still warm in this processor's memory, here. */
static void find_in_order(struct flow *flow)
{
    struct slot *found = NULL, *next;
    while ((next = take_turn(flow))) {
        if (found && mface_pool_submit(flow->pool, finish, found) != MFACE_OK)
            finish(found, 0);
        find(next);
        found = next;
    }
    if (found)
        finish(found, 0);
}

static void work(void *arg, int worker)
{
    (void)worker;
    struct slot *slot = arg;
    begin(slot);
    find_in_order(slot->flow);
}

/* The decoder's thread */

static void wait_until(struct flow *flow, int64_t deadline_us)
{
    const struct timespec deadline = {
        .tv_sec = deadline_us / 1000000,
        .tv_nsec = deadline_us % 1000000 * 1000,
    };
    pthread_cond_timedwait(&flow->changed, &flow->lock, &deadline);
}

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

/* Gives the frame the next slot, which must be free. By lock. */
static struct slot *fill_slot(struct flow *flow, struct mface_frame *frame, int64_t decoded_us)
{
    struct slot *slot = slot_at(flow, flow->n_read++);
    slot->frame = frame;
    slot->decoded_us = decoded_us;
    slot->progress = READ;
    pthread_cond_broadcast(&flow->changed);
    return slot;
}

static void submit(struct slot *slot)
{
    if (mface_pool_submit(slot->flow->pool, work, slot) != MFACE_OK)
        work(slot, 0);
}

static bool has_room(const struct flow *flow)
{
    return flow->n_read - flow->n_taken < flow->n_slots;
}

static void drop(struct flow *flow, struct mface_frame **frame)
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
static void offer(struct flow *flow, struct mface_frame *frame)
{
    struct mface_frame *dropped = NULL;
    struct slot *slot = NULL;
    const int64_t now_us = mface_time_us();
    pthread_mutex_lock(&flow->lock);
    if (has_room(flow)) {
        slot = fill_slot(flow, frame, now_us);
    } else {
        dropped = flow->waiting;
        flow->waiting = frame;
        flow->waiting_us = now_us;
    }
    pthread_mutex_unlock(&flow->lock);
    if (slot)
        submit(slot);
    drop(flow, &dropped);
}

/* The slot of the frame that waits, if there is one and room for it. By lock. */
static struct slot *take_waiting(struct flow *flow)
{
    struct mface_frame *frame = flow->waiting;
    if (!frame || !has_room(flow))
        return NULL;
    flow->waiting = NULL;
    return fill_slot(flow, frame, flow->waiting_us);
}

/* Lets time pass until a frame is due, counted from the first: a file plays as a camera would. */
static void wait_until_due(struct flow *flow, const struct mface_frame *frame)
{
    const int64_t time_us = (int64_t)(mface_frame_time_s(frame) * 1e6);
    if (flow->origin_us == 0)
        flow->origin_us = mface_time_us() - time_us;
    pthread_mutex_lock(&flow->lock);
    while (!flow->is_stopped && mface_time_us() < flow->origin_us + time_us)
        wait_until(flow, flow->origin_us + time_us);
    pthread_mutex_unlock(&flow->lock);
}

/* Whether to go on: not so once the job is to end. */
static bool wait_to_read(struct flow *flow)
{
    if (!flow->params->newest_wins)
        return wait_for_room(flow);
    pthread_mutex_lock(&flow->lock);
    const bool goes_on = !flow->is_stopped;
    pthread_mutex_unlock(&flow->lock);
    return goes_on;
}

static void *decode(void *arg)
{
    struct flow *flow = arg;
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

/* The calling thread */

enum next { NEXT_FRAME, NEXT_TICK, NEXT_END };

/* Waits for the next frame in order, the end, or the time of the next tick. */
static enum next wait_for_next(struct flow *flow, int64_t tick_us, struct slot **slot)
{
    enum next next = NEXT_TICK;
    pthread_mutex_lock(&flow->lock);
    *slot = slot_at(flow, flow->n_taken);
    for (;;) {
        const bool is_empty = flow->n_taken == flow->n_read;
        if (!is_empty && (*slot)->progress == DONE)
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
    slot->progress = FREE;
    flow->n_taken++;
    struct slot *next = take_waiting(flow);
    pthread_cond_broadcast(&flow->changed);
    pthread_mutex_unlock(&flow->lock);
    if (next)
        submit(next);
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

static void free_slots(struct flow *flow)
{
    for (int64_t i = 0; flow->slots && i < flow->n_slots; i++)
        mface_eval_free(&flow->slots[i].eval);
    mface_mem_free(flow->slots);
}

static enum mface_status make_slots(struct flow *flow)
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

static enum mface_status flow_init(struct flow *flow, const struct mface_pipeline_params *params)
{
    *flow = (struct flow) { .params = params, .n_slots = n_slots_for(params) };
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

static void flow_clear(struct flow *flow)
{
    mface_pool_free(&flow->pool);
    pthread_cond_destroy(&flow->changed);
    pthread_mutex_destroy(&flow->lock);
    mface_tracks_clear(&flow->tracks);
    free_slots(flow);
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
