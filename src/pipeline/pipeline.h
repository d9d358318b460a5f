/* The pipeline: frames from a reader through the engine to a writer, several at a time, in order.
 *
 * One thread decodes, a pool of workers runs the engine, the calling thread encodes. Frames in
 * flight are bounded, so memory is. */
#ifndef MFACE_PIPELINE_PIPELINE_H
#define MFACE_PIPELINE_PIPELINE_H

#include "media/media.h"
#include "pipeline/engine.h"
#include "pipeline/seen.h"
#include "pipeline/tally.h"
#include <stdatomic.h>

/* What is between the pipeline and its engine while settings may change (control.h) and somebody
 * may watch (preview.h). */
struct mface_pipeline_gate {
    void *user;
    void (*wait)(void *user); // decoder's thread, a frame in hand: returns when it may go on
    /* Workers: the engine for a frame, and what is to be done when it has run. */
    struct mface_engine *(*enter)(void *user, struct mface_frame *frame, void **token);
    void (*leave)(void *user, struct mface_frame *frame, void *token);
    /* Instead of both: a frame that was let in and will not be worked on. */
    void (*drop)(void *user, struct mface_frame *frame);
};

struct mface_pipeline_params {
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_engine *engine;            // for every frame, or
    const struct mface_pipeline_gate *gate; // NULL: `engine`
    struct mface_tally *tally;
    struct mface_seen *seen;  // NULL: repeats are not counted
    int n_workers;            // ≥ 1
    int batch;                // faces the model does best at a time; below 2: one by one
    bool newest_wins;         // drop frames that wait while newer ones are there (live sources)
    bool frames_are_alone;    // still images: no face is followed from one to the next
    atomic_bool *cancel;      // set from anywhere to stop soon
    void (*tick)(void *user); // called from this thread, about interval_us apart; may be NULL
    void *user;
    int64_t interval_us; // > 0
};

/* Runs until the reader ends, it fails, writing fails or `cancel` is set. A frame in which a stage
 * fails is written as it was read. *is_writable tells whether the output is sound and worth
 * finishing: false after a failure to write. With newest_wins a frame is taken no earlier than its
 * own time says, so that a file behaves as a camera does; those dropped are counted. MFACE_OK,
 * MFACE_ERR_CANCELED, MFACE_ERR_NOMEM, or what the reader or writer says. */
MFACE_NODISCARD enum mface_status mface_pipeline_run(
    const struct mface_pipeline_params *params, bool *is_writable);

#endif
