/* Demand: a stage's result, from the cache, from disk or by running the stage.
 *
 * A result is immutable bytes that lie in the cache (referenced) or in memory of their own (when
 * the stage is not cached, or the cache has no room). A stage that runs asks for room once it knows
 * the size of what it makes, and writes there; in the common case those are the cache's own bytes,
 * so nothing is copied. What the cache lacks is looked for on disk by the thread that would compute
 * it, while others that want the same wait; what was worth computing is queued for the disk. */
#ifndef MFACE_PIPELINE_DEMAND_H
#define MFACE_PIPELINE_DEMAND_H

#include "pipeline/stages.h"
#include "pipeline/tally.h"
#include "pipeline/trace.h"
#include <memoface/cache.h>
#include <memoface/disk.h>
#include <memoface/status.h>

/* Zeroed is "none"; release with mface_result_clear(). */
struct mface_result {
    struct mface_cache *cache;
    struct mface_blob *blob; // or
    void *own;
    const void *data; // of either; NULL: the stage kept nothing
    size_t size;
};

void mface_result_clear(struct mface_result *result);

/* A second reference to a result that lies in the cache, or a view of one that does not (which
 * then must not outlive it). */
struct mface_result mface_result_borrow(const struct mface_result *result);

/* A stage's run in progress. */
struct mface_load {
    struct mface_cache *cache; // NULL: not cached
    struct mface_key key;
    enum mface_stage stage;
    struct mface_result result;
    int64_t lookup_ns, store_ns; // what the cache cost so far
    int64_t ahead_ns;            // spent on the result before it was demanded; set by the run
};

/* `size` writable bytes for the result; NULL, logged, when memory is out. At most once a run. */
void *mface_load_room(struct mface_load *load, size_t size);

/* The same for a result that is only worth making to be kept: NULL, not logged, when there is no
 * cache or no room in it. */
void *mface_load_keep(struct mface_load *load, size_t size);

/* Counts time a run spent on nothing but keeping its result, since `start_ns`. */
void mface_load_add_store(struct mface_load *load, int64_t start_ns);

typedef enum mface_status (*mface_run_fn)(void *user, struct mface_load *load);

/* One thread's demands. */
struct mface_demander {
    struct mface_cache *cache; // NULL: none
    struct mface_disk *disk;   // NULL: none
    unsigned cached;           // bit set of stages whose results are kept
    struct mface_tally *tally;
    struct mface_trace *trace; // NULL: none
    int64_t child_ns;          // time spent in demands made by the stage that runs now
};

/* The result of `stage` under `key`: a hit in memory or on disk, or what `run` makes. Clear *out
 * when done with it. Fails as the run does. */
MFACE_NODISCARD enum mface_status mface_demand(struct mface_demander *demander,
    enum mface_stage stage, struct mface_key key, mface_run_fn run, void *user,
    struct mface_result *out);

/* Whether a demand would hit now, in memory or on disk. Counts nothing. */
bool mface_demand_would_hit(
    const struct mface_demander *demander, enum mface_stage stage, struct mface_key key);

/* Gives the cache bytes that were computed on the way to something else, so that a later demand
 * for `key` hits. Counts nothing; losing them is no failure. */
void mface_demand_offer(struct mface_demander *demander, enum mface_stage stage,
    struct mface_key key, const void *data, size_t size, int64_t cost_ns);

#endif
