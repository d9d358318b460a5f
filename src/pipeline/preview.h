/* Previews: a frame before and after the swap, for whoever watches a job.
 *
 * Nobody watches most of the time, so workers look at one flag a frame. Once somebody asks, the
 * next frame is kept by reference in both states: its merge then copies the frame where it would
 * have written in place, and nothing else is done for it on a worker's thread. Scaling and encoding
 * are the asker's. */
#ifndef MFACE_PIPELINE_PREVIEW_H
#define MFACE_PIPELINE_PREVIEW_H

#include "media/media.h"
#include <memoface/control.h>

struct mface_preview; // thread-safe

MFACE_NODISCARD enum mface_status mface_preview_create(struct mface_preview **out);
void mface_preview_clear(struct mface_preview *preview);    // forgets its frames
void mface_preview_destroy(struct mface_preview **preview); // accepts NULL inside

/* A worker's part: before the swap a reference if the frame is wanted, else NULL; afterwards the
 * pair is handed over. */
struct mface_frame *mface_preview_begin(struct mface_preview *preview, struct mface_frame *frame);
void mface_preview_end(
    struct mface_preview *preview, struct mface_frame *before, struct mface_frame *after);

/* Asks for a frame and waits for it; a new reference to one side of it, or of the last pair, or
 * NULL. */
struct mface_frame *mface_preview_get(
    struct mface_preview *preview, enum mface_side side, int wait_ms);

#endif
