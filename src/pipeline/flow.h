/* Frames in flight: a ring of slots between the thread that decodes (flow_decode.c), the workers
 * (flow_work.c) and the thread that encodes (pipeline.c).
 *
 * The decoder fills the slot at `n_read`, workers finish slots in any order, and the encoder takes
 * the slot at `n_taken` once that one is done. So order is kept without sorting, and a full ring
 * stops the decoder.
 *
 * A live source does not wait for a full ring: the newest frame does, in `waiting`, and takes the
 * place of one that waited before it. Whoever makes room sends it on its way. */
#ifndef MFACE_PIPELINE_FLOW_H
#define MFACE_PIPELINE_FLOW_H

#include "base/thread.h"
#include "pipeline/pipeline.h"
#include <pthread.h>

enum mface_progress {
    MFACE_SLOT_FREE,
    MFACE_SLOT_READ,
    MFACE_SLOT_BEGUN,
    MFACE_SLOT_FOUND,
    MFACE_SLOT_DONE
};

struct mface_slot {
    struct mface_flow *flow;
    struct mface_engine *engine; // that this frame goes through
    struct mface_eval *eval;     // kept from frame to frame
    struct mface_canvas canvas;
    struct mface_frame *frame;
    int64_t decoded_us;
    void *token;                  // of the gate
    enum mface_progress progress; // by lock
    bool is_led;                  // by lock: a worker has it, or will, so that others may wait
    struct mface_slot *twins;     // by lock: frames that wait for this one's results, by next_twin
    struct mface_slot *next_twin; // by lock
    int n_wanted;                 // by lock: faces for the model, while it waits or is inferred
    struct mface_slot *next_wanting; // by lock
};

struct mface_flow {
    const struct mface_pipeline_params *params;
    struct mface_pool *pool;
    struct mface_slot *slots;
    int64_t n_slots;
    atomic_bool is_first_failure_told;
    int64_t origin_us;          // newest_wins: when the source's time was 0; the decoder's
    struct mface_tracks tracks; // of whoever is finding

    pthread_mutex_t lock;   // guards what follows
    pthread_cond_t changed; // anything that follows did
    int64_t n_read, n_found, n_taken;
    int n_submitted;             // jobs given to the pool that have not begun
    struct mface_slot *wanting;  // frames whose faces wait for the model, first come first
    int n_wanting;               // faces of these
    bool is_finding;             // someone is, at n_found
    struct mface_frame *waiting; // newest_wins: read, but there is no room; else NULL
    int64_t waiting_us;          // when it was read
    bool is_stopped;             // no further frames are wanted
    bool has_ended;              // the decoder is gone
    enum mface_status read_status;
};

MFACE_NODISCARD enum mface_status mface_flow_init(
    struct mface_flow *flow, const struct mface_pipeline_params *params);
void mface_flow_clear(struct mface_flow *flow);

struct mface_slot *mface_flow_slot_at(struct mface_flow *flow, int64_t index);

/* Tells everybody. Takes the lock. */
void mface_flow_set_progress(struct mface_slot *slot, enum mface_progress progress);

/* The next four with the lock held. */

/* Until something changes or mface_time_us() reads `deadline_us`. */
void mface_flow_wait_until(struct mface_flow *flow, int64_t deadline_us);

bool mface_flow_has_room(const struct mface_flow *flow);

/* Gives the frame the next slot, which must be free. Takes the reference. */
struct mface_slot *mface_flow_fill_slot(
    struct mface_flow *flow, struct mface_frame *frame, int64_t decoded_us);

/* The slot of the frame that waits, if there is one and room for it; else NULL. */
struct mface_slot *mface_flow_take_waiting(struct mface_flow *flow);

/* Hands a slot that was filled, or whose faces were found, to the workers. Without the lock. */
void mface_flow_submit(struct mface_slot *slot);

/* flow_batch.c: frames whose faces wait for the model, so that it gets several at a time. */

/* Whether a frame that was found waits now: for the model, or for a frame that waits for the same
 * face. If not, it is the caller's to finish. */
bool mface_flow_put_off(struct mface_slot *slot);

/* Frames whose faces have been inferred and which are the caller's to finish, by next_twin; NULL
 * when faces go on waiting. To be called by a worker that has nothing else to do, until then. */
struct mface_slot *mface_flow_infer(struct mface_flow *flow);

/* The decoder's thread; `arg` is the flow. */
void *mface_flow_decode(void *arg);

#endif
