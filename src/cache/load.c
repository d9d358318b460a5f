/* Loads: begin (lookup.c) → reserve → (fill) → commit, or begin → … → abort.
 *
 * In a full cache a load opens the ledger once, in reserve: an entry that must go for it hands
 * over its slot, and what others have committed meanwhile enters the policy. Commit leaves
 * its entry to whoever opens the ledger next. Loads of one size after another find their slots in
 * stock and need no ledger (stock.c). */
#include "cache/internal.h"

#include <assert.h>

/* Whether a blob of that size fits at all beside what the cache needs for itself. */
static bool fits(const struct mface_cache *cache, size_t size)
{
    const int64_t own_bytes = cache_used_bytes(cache) - cache->room.resident_bytes;
    return size < (uint64_t)INT64_MAX / 2 && (int64_t)size + own_bytes <= cache->limit_bytes;
}

/* Under the ledger: room by eviction where none is left. */
static struct mface_blob *find_room(struct mface_cache *cache, size_t size)
{
    struct mface_blob *blob = NULL;
    if (fits(cache, size) && cache_make_room(cache, size ? size : 1))
        blob = cache_take_blob(cache, size);
    if (blob) {
        cache_make_room(cache, 0); // bookkeeping may have grown
        cache_note_peak(cache);
    } else {
        cache->rejected++; // also when the system's memory is the limit: go on uncached
    }
    return blob;
}

enum mface_status mface_cache_reserve(struct mface_cache *cache, struct mface_key key, unsigned cls,
    size_t size, struct mface_blob **out)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    struct mface_blob *former = cache_stock_take(cache, size), *blob = former;
    if (!blob) {
        cache_ledger_open(cache);
        former = fits(cache, size) ? cache_stock_fill(cache, size) : NULL;
        blob = former ? former : find_room(cache, size);
        cache_ledger_close(cache);
    }
    *out = blob;
    if (!blob)
        return MFACE_ERR_NOSPC;
    if (former) // until then its former key leads to an entry that is not visible: a miss
        cache_unlist(cache, former->key, former);
    blob->key = key;
    blob->size = size;
    blob->cls = cls & 0xff;
    return MFACE_OK;
}

/* By how much the index grew. */
static int64_t publish(struct mface_cache *cache, struct mface_blob *blob)
{
    const uint64_t hash = cache_key_hash(blob->key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    cache_lock_take(&shard->lock);
    const int n_waiters = cache_flight_land(shard, blob->key, blob, MFACE_OK);
    const uint64_t change =
        ((uint64_t)(CACHE_VISIBLE - CACHE_FILLING) << CACHE_STATE_SHIFT) + (uint64_t)n_waiters;
    atomic_fetch_add_explicit(&blob->meta, change, memory_order_release);
    const int64_t grown_bytes =
        cache_index_insert(&shard->index, hash, (uint32_t)(blob - cache->entries));
    if (grown_bytes) // seldom; a write would take the line from every reader
        atomic_fetch_add_explicit(&cache->index_bytes, grown_bytes, memory_order_relaxed);
    cache_lock_give(&shard->lock);
    return grown_bytes;
}

/* The policy can have the entry before it is visible: its loader's reference protects it. */
void mface_cache_commit(struct mface_cache *cache, struct mface_blob *blob, int64_t cost_us)
{
    blob->cost_us = cost_us < 0 ? 0 : cost_us > UINT32_MAX ? UINT32_MAX : (uint32_t)cost_us;
    cache_announce(cache, blob);
    if (!publish(cache, blob))
        return;
    cache_ledger_open(cache);
    cache_make_room(cache, 0);
    cache_note_peak(cache);
    cache_ledger_close(cache);
}

void mface_cache_abort(struct mface_cache *cache, struct mface_key key, struct mface_blob *blob,
    enum mface_status status)
{
    if (blob) {
        cache_ledger_open(cache);
        cache_give_blob(cache, blob);
        cache_ledger_close(cache);
    }
    struct cache_shard *shard = cache_shard_of(cache, cache_key_hash(key));
    cache_lock_take(&shard->lock);
    (void)cache_flight_land(shard, key, NULL, status);
    cache_lock_give(&shard->lock);
}
