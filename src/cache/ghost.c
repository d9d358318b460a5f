/* See ghost.h. */
#include "cache/ghost.h"

#include "base/mem.h"
#include "cache/index.h"

#include <string.h>

enum { MIN_BUCKETS = 16 };

/* A record does not tell which half of a doubled table it belongs to, so it stands in both; the
 * wrong one is never asked for and is the first to go. */
static bool grow(struct cache_ghost *ghost)
{
    const size_t n = ghost->n_buckets, size = sizeof ghost->buckets[0];
    struct cache_ghost_record(*buckets)[CACHE_GHOST_WAYS] =
        mface_mem_calloc(n ? 2 * n : MIN_BUCKETS, size);
    if (!buckets)
        return false;
    if (n) {
        memcpy(buckets, ghost->buckets, n * size);
        memcpy(buckets + n, ghost->buckets, n * size);
    }
    mface_mem_free(ghost->buckets);
    ghost->buckets = buckets;
    ghost->n_buckets = (uint32_t)(n ? 2 * n : MIN_BUCKETS);
    return true;
}

void cache_ghost_fit(struct cache_ghost *ghost, int64_t n_keys)
{
    while (n_keys > (int64_t)ghost->n_buckets * CACHE_GHOST_WAYS * 2 && grow(ghost)) {
    } // 4 to 8 bytes a key
}

void cache_ghost_clear(struct cache_ghost *ghost)
{
    mface_mem_free(ghost->buckets);
    *ghost = (struct cache_ghost) { 0 };
}

static struct cache_ghost_record *find(
    const struct cache_ghost *ghost, uint64_t hash, uint32_t print)
{
    struct cache_ghost_record *ways = ghost->buckets[hash & (ghost->n_buckets - 1)];
    for (int i = 0; i < CACHE_GHOST_WAYS; i++)
        if ((ways[i].print | 1) == print)
            return &ways[i];
    return NULL;
}

/* The place for a new record: an empty one, or that of the oldest. */
static struct cache_ghost_record *oldest(
    const struct cache_ghost *ghost, uint64_t hash, uint32_t now)
{
    struct cache_ghost_record *ways = ghost->buckets[hash & (ghost->n_buckets - 1)], *best = ways;
    for (int i = 0; i < CACHE_GHOST_WAYS; i++) {
        if (!ways[i].print)
            return &ways[i];
        if (now - ways[i].time > now - best->time)
            best = &ways[i];
    }
    return best;
}

static uint32_t print_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1; // with the mark set; never 0 or 1 alone in practice
}

void cache_ghost_put(struct cache_ghost *ghost, struct mface_key key, uint32_t time, bool mark)
{
    if (!ghost->n_buckets)
        return;
    const uint64_t hash = cache_key_hash(key);
    struct cache_ghost_record *record = find(ghost, hash, print_of(hash));
    if (!record)
        record = oldest(ghost, hash, time);
    record->print = (print_of(hash) & ~1u) | mark;
    record->time = time;
}

bool cache_ghost_take(struct cache_ghost *ghost, struct mface_key key, uint32_t *time, bool *mark)
{
    if (!ghost->n_buckets)
        return false;
    const uint64_t hash = cache_key_hash(key);
    struct cache_ghost_record *record = find(ghost, hash, print_of(hash));
    if (!record || !record->print)
        return false;
    *time = record->time;
    *mark = record->print & 1;
    *record = (struct cache_ghost_record) { 0 };
    return true;
}

int64_t cache_ghost_bytes(const struct cache_ghost *ghost)
{
    return (int64_t)(ghost->n_buckets * sizeof ghost->buckets[0]);
}
