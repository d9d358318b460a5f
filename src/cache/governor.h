/* The governor: fits the cache into what memory there is, within what the user allowed.
 *
 *   share of memory in use   0 ........ 60 % ........ 80 % ........ 90 % ..... 100 %
 *                              grow back │   keep      │ shrink 5 %  │ shrink 10 %
 *
 * The steps are shares of the user's limit. Between the marks nothing changes, so that a step never
 * provokes its opposite; when processes stall on memory (PSI) the lower mark counts as the upper
 * one. A step down starts from what the cache holds, not from what it might hold: lowering a limit
 * that is not reached would free nothing. Shrinking is quick (a step every 200 ms at most), growing
 * is slow (a step every 2 s, and none within 5 s of a shrink).
 *
 * It has no thread: its owner calls mface_governor_tick() while it works. What fills memory is
 * work, so there is nothing to govern in between, and nothing to lock or to join. */
#ifndef MFACE_CACHE_GOVERNOR_H
#define MFACE_CACHE_GOVERNOR_H

#include "cache/pressure.h"
#include <memoface/cache.h>

enum { MFACE_GOVERNOR_INTERVAL_US = 200000 };

/* Zeroed is off. Not thread-safe: one thread ticks and reads. */
struct mface_governor {
    struct mface_cache *cache; // borrowed; NULL: nothing to govern, memory is read all the same
    mface_pressure_fn read;
    void *user;
    int64_t user_limit_bytes, limit_bytes;
    int64_t tick_us, shrink_us, grow_us; // last of each; 0: never
    struct mface_governor_stats stats;
};

/* Takes charge of a cache whose budget is the user's limit. `read` with `user` tells how full the
 * memory is: mface_pressure_read() with &mface_pressure_system, or a test's own. */
void mface_governor_init(struct mface_governor *governor, struct mface_cache *cache,
    int64_t user_limit_bytes, mface_pressure_fn read, void *user);

/* The user allows another limit; the cache is resized to it at once, and the next ticks take it
 * from there. Status of mface_cache_resize(). */
MFACE_NODISCARD enum mface_status mface_governor_set_limit(
    struct mface_governor *governor, int64_t user_limit_bytes);

/* Reads the memory and changes the cache's budget by at most one step. `now_us` is the monotonic
 * clock; calls less than MFACE_GOVERNOR_INTERVAL_US apart do nothing. Logs each change (INFO). */
void mface_governor_tick(struct mface_governor *governor, int64_t now_us);

#endif
