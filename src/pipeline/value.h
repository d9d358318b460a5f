/* What keeping a stage's results is worth, judged from the stage's own figures.
 *
 * With a share h of its demands hit, a demand saves h × run, and costs a look-up, and for the rest
 * a store: h × run − lookup − (1 − h) × store. Where that is negative the stage is bypassed: it
 * runs into memory of its own, and the cache is left to others.
 *
 * Nothing can have hit while a clip runs for the first time, so a poor hit rate alone proves
 * little. Only a stage whose look-up and store together come to a quarter of its run or more is
 * bypassed: a wrong verdict then costs at most a few times what a right one saves. And one key in
 * sixteen, by its hash, is kept even then: whether those are hit tells what has changed. Which
 * results are kept never shows in their bytes. */
#ifndef MFACE_PIPELINE_VALUE_H
#define MFACE_PIPELINE_VALUE_H

#include "base/stat.h"
#include <memoface/key.h>
#include <stdbool.h>

/* Zeroed is ready, and keeps. Any thread adds and asks. Sums fade, so that the present counts. */
struct mface_value {
    mface_counter n_demands, n_hits; // of keys that are kept
    mface_counter n_runs, lookup_ns, run_ns, store_ns;
    mface_counter n_bypassed; // demands; never fades
    atomic_bool is_bypassed;
};

/* Whether the result of this key goes through the cache; counts it if not. */
bool mface_value_keeps(struct mface_value *value, struct mface_key key);

/* A hit. */
void mface_value_add_hit(struct mface_value *value);

/* A miss: what looking, computing and storing took. */
void mface_value_add_miss(
    struct mface_value *value, int64_t lookup_ns, int64_t run_ns, int64_t store_ns);

#endif
