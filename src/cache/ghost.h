/* A memory of keys that were evicted, without their bytes.
 *
 * Eight bytes a key: 31 bits of its hash, one bit for the owner, 32 bits for a time. Four records
 * share a bucket, half a cache line; a fifth replaces the one put longest ago. Two keys with one
 * fingerprint in one bucket are taken for each other: a policy may err there, a cache never does.
 * Not thread-safe. */
#ifndef MFACE_CACHE_GHOST_H
#define MFACE_CACHE_GHOST_H

#include <memoface/key.h>
#include <stdbool.h>
#include <stdint.h>

enum { CACHE_GHOST_WAYS = 4 };

struct cache_ghost_record {
    uint32_t print; // fingerprint << 1 | mark; 0: none
    uint32_t time;
};

struct cache_ghost {
    struct cache_ghost_record (*buckets)[CACHE_GHOST_WAYS];
    uint32_t n_buckets; // a power of two, or 0 before the first fit
};

/* Room for half of `n_keys` or more; forgets everything when it must grow. Without memory it stays.
 */
void cache_ghost_fit(struct cache_ghost *ghost, int64_t n_keys);
void cache_ghost_clear(struct cache_ghost *ghost);

void cache_ghost_put(struct cache_ghost *ghost, struct mface_key key, uint32_t time, bool mark);

/* Finds and forgets a key; false when it is not remembered. */
bool cache_ghost_take(struct cache_ghost *ghost, struct mface_key key, uint32_t *time, bool *mark);

int64_t cache_ghost_bytes(const struct cache_ghost *ghost);

#endif
