/* A cache without bytes: the real policies over entries that stand for results, one for each object
 * of a trace, so that finding one is indexing an array. */
#ifndef MFACE_BENCH_STORE_H
#define MFACE_BENCH_STORE_H

#include "cache/policy.h"

/* What an entry takes beside its result, in the real cache: entry, index, slab. */
enum { STORE_OVERHEAD_BYTES = 96, STORE_FROM_MAX = 256 };

struct store {
    const struct cache_policy_ops *ops;
    struct cache_policy *policy;
    struct mface_blob *entries; // [n_objects + 1]
    int64_t budget_bytes, used_bytes, overhead_bytes;
    int64_t n_hits, n_misses, n_inserts, n_evictions;
};

/* The cache's own policies, and "fifo", which only tests need. NULL: none of that name. */
const struct cache_policy_ops *store_find_policy(const char *name);

/* False: out of memory. `overhead_bytes` is added to the size of each entry. */
bool store_init(struct store *store, const struct cache_policy_ops *ops, uint32_t n_objects,
    int64_t budget_bytes, int64_t overhead_bytes);
void store_clear(struct store *store);

/* A demand: whether the object is there; counts, and tells the policy. */
bool store_hit(struct store *store, uint32_t object);

/* Inserts what is not there, evicting as needed; what is larger than the budget is not kept. */
void store_insert(
    struct store *store, uint32_t object, unsigned cls, int64_t bytes, double cost_us);

/* Tells the policy that `heir` was made from `n` others, at most STORE_FROM_MAX. */
void store_inherit(struct store *store, uint32_t heir, const uint32_t *from, int n);

#endif
