/* Which frames came by before: what a cache could find again at most.
 *
 * A table of fingerprints, one a slot; a newcomer takes the place of what is there. So a repeat may
 * be overlooked after tens of thousands of other frames, and is never made up (but for 1 in 2^63).
 */
#ifndef MFACE_PIPELINE_SEEN_H
#define MFACE_PIPELINE_SEEN_H

#include <memoface/key.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MFACE_SEEN_SLOTS = 1 << 17 }; // 1 MB, an hour at 30 FPS; pages are touched as they fill

/* Zeroed is empty. Thread-safe. */
struct mface_seen {
    _Atomic uint64_t slot[MFACE_SEEN_SLOTS];
};

/* Whether a frame of that key was there before; it is from now on. */
static inline bool mface_seen_add(struct mface_seen *seen, struct mface_key key)
{
    _Atomic uint64_t *slot = &seen->slot[key.hi % MFACE_SEEN_SLOTS];
    return atomic_exchange_explicit(slot, key.lo | 1, memory_order_relaxed) == (key.lo | 1);
}

#endif
