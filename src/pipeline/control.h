/* Control of a running job: which settings a frame goes by, and whether the next may be read.
 *
 *      patch ──► version 1 ── version 2 ── version 3        each with an engine of its own
 *               frames 0..41  42..57       58..             what a version covers is fixed when the
 *                                                           next one comes: up to the last frame
 *                                                           that had begun by then
 *
 * A frame asks by its index, so that workers which overtake each other never make the settings
 * flicker. A version is freed when all its frames have left. */
#ifndef MFACE_PIPELINE_CONTROL_H
#define MFACE_PIPELINE_CONTROL_H

#include "pipeline/engine.h"
#include "pipeline/settings.h"
#include <memoface/control.h>
#include <stdatomic.h>
#include <stdbool.h>

struct mface_control; // thread-safe

MFACE_NODISCARD enum mface_status mface_control_create(
    const struct mface_settings *settings, struct mface_control **out);
void mface_control_free(struct mface_control **control); // accepts NULL inside

/* The settings in force; returns their version. */
int64_t mface_control_get_settings(struct mface_control *control, struct mface_settings *settings);

/* Replaces them between two jobs. */
void mface_control_set_settings(
    struct mface_control *control, const struct mface_settings *settings);

/* The public functions' other half. */
MFACE_NODISCARD enum mface_status mface_control_patch(struct mface_control *control,
    const char *const *pairs, struct mface_control_state *state, struct mface_refusal *refusal);
void mface_control_pause(struct mface_control *control, bool on);
void mface_control_get_state(struct mface_control *control, struct mface_control_state *state);

/* Begins a job: engines are made of `params`, whose settings are not used: those in force are, with
 * `precision` (enum mface_dfm_precision) as it was resolved. What `params` points to is borrowed
 * until the end. */
MFACE_NODISCARD enum mface_status mface_control_begin(
    struct mface_control *control, const struct mface_engine_params *params, int precision);
void mface_control_end(struct mface_control *control); // accepts that none has begun

/* From now on this is the cache of the job, NULL or not; borrowed. A version whose cache-size is 0
 * uses none. */
MFACE_NODISCARD enum mface_status mface_control_set_cache(
    struct mface_control *control, struct mface_cache *cache);

/* Lets one more frame in: waits while the job is paused or, unless frames `may_overlap` whatever
 * the setting `parallel` says, they are not worked on in parallel and one has not left yet; no
 * longer once `cancel` is set. */
void mface_control_wait(struct mface_control *control, const atomic_bool *cancel, bool may_overlap);

/* The engine for a frame, counted from 0; each frame of the job enters and leaves once. */
struct mface_engine *mface_control_enter(struct mface_control *control, int64_t frame);
void mface_control_leave(struct mface_control *control, int64_t frame);

#endif
