/* The cache's inside, shared by its files.
 *
 *   index (key → entry)      policy (who goes first)       flights (keys being loaded)
 *   ┌──────┐                 most recent ⇄ … ⇄ oldest      key, waiters, outcome
 *   │bucket│→ entry → entry
 *   └──────┘
 *
 * One mutex guards all three. A reference is taken under the mutex and given back without it, so an
 * entry seen with no references under the mutex cannot gain one until the mutex is released: that
 * is what makes eviction safe. Pixels are copied outside the mutex, between reserve and commit. */
#ifndef MFACE_CACHE_INTERNAL_H
#define MFACE_CACHE_INTERNAL_H

#include <memoface/cache.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* One entry; its bytes follow in an allocation of their own. */
struct mface_blob {
    struct mface_key key;
    struct mface_blob *chain;         // next in the same bucket (mutex)
    struct mface_blob *newer, *older; // the policy's list (mutex)
    uint8_t *data;                    // 64-byte aligned
    int64_t size, cost_us;
    atomic_int n_refs; // 0: evictable
    unsigned cls;
};

/* Keys to entries: chained buckets, a power of two of them, doubled at one entry a bucket. */
struct cache_index {
    struct mface_blob **buckets;
    size_t n_buckets, n_entries;
};

bool cache_index_init(struct cache_index *index);
void cache_index_clear(struct cache_index *index);
struct mface_blob *cache_index_find(const struct cache_index *index, struct mface_key key);
void cache_index_insert(struct cache_index *index, struct mface_blob *blob); // never fails
void cache_index_remove(struct cache_index *index, struct mface_blob *blob);
int64_t cache_index_bytes(const struct cache_index *index);

/* An eviction policy: five verbs, one file each. All are called under the mutex. */
struct cache_policy;

struct cache_policy_ops {
    const char *name;
    struct cache_policy *(*create)(void); // NULL: out of memory
    void (*free)(struct cache_policy *policy);
    void (*insert)(struct cache_policy *policy, struct mface_blob *blob);
    void (*hit)(struct cache_policy *policy, struct mface_blob *blob);
    void (*remove)(struct cache_policy *policy, struct mface_blob *blob);
    struct mface_blob *(*victim)(struct cache_policy *policy); // unreferenced, or NULL
};

extern const struct cache_policy_ops cache_policy_lru;

#endif
