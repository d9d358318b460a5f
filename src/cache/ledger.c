/* The budget: what is used, what must go, and what goes back to the system. */
#include "cache/internal.h"

/* A shrink below one slab's worth of gaps is not worth clearing slabs for. */
enum { COMPACT_AFTER_BYTES = 256 << 10 };

/* Entries chain by `newer`, which is the policy's once it has them. The release, and the acquire in
 * cache_take_in(), hand over what the loader wrote. A commit announces before it publishes: who
 * finds an entry visible, and then takes the ledger, has it in the policy. */
void cache_announce(struct mface_cache *cache, struct mface_blob *blob)
{
    const uint32_t id = (uint32_t)(blob - cache->entries);
    struct cache_stripe *stripe = cache_own_stripe(cache);
    uint32_t head = atomic_load_explicit(&stripe->arrivals, memory_order_relaxed);
    do
        blob->newer = head;
    while (!atomic_compare_exchange_weak_explicit(
        &stripe->arrivals, &head, id, memory_order_release, memory_order_relaxed));
}

/* The chain is taken whole, so that no number can leave and return under a pusher's eyes; the first
 * to come is at its end. */
static uint32_t take_arrivals(struct mface_cache *cache, struct cache_stripe *stripe)
{
    if (!atomic_load_explicit(&stripe->arrivals, memory_order_relaxed))
        return 0;
    uint32_t id = atomic_exchange_explicit(&stripe->arrivals, 0, memory_order_acquire);
    uint32_t first = 0;
    while (id) {
        const uint32_t next = cache->entries[id].newer;
        cache->entries[id].newer = first;
        first = id;
        id = next;
    }
    return first;
}

static void take_in_of(struct mface_cache *cache, struct cache_stripe *stripe)
{
    for (uint32_t id = take_arrivals(cache, stripe), next; id; id = next) {
        struct mface_blob *blob = &cache->entries[id];
        struct cache_class_counts *counts = &cache->classes[blob->cls];
        next = blob->newer;
        counts->inserts++;
        counts->n_entries++;
        counts->bytes += (int64_t)blob->size;
        cache->ops->insert(cache->policy, blob);
    }
}

void cache_take_in(struct mface_cache *cache)
{
    for (int i = 0; i < CACHE_STRIPES; i++)
        take_in_of(cache, &cache->stripes[i]);
}

void cache_ledger_open(struct mface_cache *cache)
{
    cache_lock_take(&cache->ledger);
    cache_take_in(cache);
}

void cache_ledger_close(struct mface_cache *cache)
{
    cache_lock_give(&cache->ledger);
}

int64_t cache_used_bytes(const struct mface_cache *cache)
{
    return cache->fixed_bytes + cache->room.resident_bytes + cache->room.own_bytes +
           cache_table_bytes(&cache->table) +
           atomic_load_explicit(&cache->index_bytes, memory_order_relaxed) +
           cache->ops->bytes(cache->policy);
}

void cache_note_peak(struct mface_cache *cache)
{
    const int64_t used_bytes = cache_used_bytes(cache);
    if (used_bytes > cache->peak_bytes)
        cache->peak_bytes = used_bytes;
}

/* From now on nobody can take a reference, and the claimer has the only one. Pairs with the release
 * of the last one before: what its holder read was read before what comes next is written. */
static bool claim(struct mface_blob *blob)
{
    uint64_t meta = atomic_load_explicit(&blob->meta, memory_order_relaxed);
    do {
        if (!cache_meta_is_visible(meta) || cache_meta_is_pinned(meta))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&blob->meta, &meta,
        cache_meta_make(CACHE_FILLING, (uint32_t)(meta >> CACHE_USE_SHIFT), 1),
        memory_order_acquire, memory_order_relaxed));
    return true;
}

static struct mface_blob *claim_victim(struct mface_cache *cache)
{
    struct mface_blob *blob;
    do
        blob = cache->ops->victim(cache->policy);
    while (blob && !claim(blob)); // a hit came between: now it is pinned, and the policy sees it
    return blob;
}

static void strike_off(struct mface_cache *cache, struct mface_blob *blob)
{
    struct cache_class_counts *counts = &cache->classes[blob->cls];
    counts->evictions++;
    counts->n_entries--;
    counts->bytes -= (int64_t)blob->size;
    cache->evicted_bytes += (int64_t)blob->size;
    cache->ops->remove(cache->policy, blob);
}

void cache_unlist(struct mface_cache *cache, struct mface_key key, const struct mface_blob *blob)
{
    const uint64_t hash = cache_key_hash(key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    cache_lock_take(&shard->lock);
    cache_index_remove(&shard->index, hash, (uint32_t)(blob - cache->entries));
    cache_lock_give(&shard->lock);
}

static void evict_claimed(struct mface_cache *cache, struct mface_blob *blob)
{
    cache_unlist(cache, blob->key, blob);
    strike_off(cache, blob);
    cache_give_blob(cache, blob);
}

bool cache_evict_one(struct mface_cache *cache)
{
    struct mface_blob *blob = claim_victim(cache);
    if (blob)
        evict_claimed(cache, blob);
    return blob != NULL;
}

/* Empties the slab that is nearly empty anyway; false when nothing in it could go. What is claimed
 * here was perhaps committed since the ledger was opened. */
static bool compact(struct mface_cache *cache)
{
    struct cache_slab_view slab;
    if (!cache_room_emptiest(&cache->room, &slab))
        return false;
    bool any = false;
    const int64_t before_bytes = cache->room.resident_bytes;
    for (uint32_t i = 0; i < slab.n_ids && cache->room.resident_bytes == before_bytes; i++) {
        struct mface_blob *blob = slab.ids[i] ? &cache->entries[slab.ids[i]] : NULL;
        if (!blob || !claim(blob))
            continue;
        cache_take_in(cache);
        evict_claimed(cache, blob);
        any = true;
    }
    return any;
}

/* What taking `size` bytes would add now. */
static int64_t need_bytes(struct mface_cache *cache, size_t size)
{
    if (!size)
        return 0;
    return cache_room_need(&cache->room, size) + (cache->table.free ? 0 : CACHE_TABLE_PAGE_BYTES);
}

bool cache_make_room(struct mface_cache *cache, size_t size)
{
    const int64_t start_bytes = cache->evicted_bytes;
    int64_t over_bytes;
    while (
        (over_bytes = cache_used_bytes(cache) + need_bytes(cache, size) - cache->limit_bytes) > 0) {
        if (cache_room_chill(&cache->room) || cache_stock_drain(cache))
            continue;
        const int64_t evicted_bytes = cache->evicted_bytes - start_bytes;
        if (evicted_bytes > over_bytes + COMPACT_AFTER_BYTES && compact(cache))
            continue;
        if (!cache_evict_one(cache))
            return false;
    }
    return true;
}

/* Nobody else touches meta: the entry is not visible. */
static void start_filling(struct mface_cache *cache, struct mface_blob *blob)
{
    atomic_store_explicit(&blob->meta,
        cache_meta_make(CACHE_FILLING, cache_policy_now(cache->policy), 1), memory_order_relaxed);
}

/* What its next loader will touch; it has been out of use for long. */
static void prefetch(const struct mface_cache *cache, const struct mface_blob *blob)
{
    const uint64_t hash = cache_key_hash(blob->key);
    cache_index_prefetch(&cache_shard_of(cache, hash)->index, hash);
    __builtin_prefetch(blob->data, 1);
    __builtin_prefetch(&cache->entries[blob->newer]); // probably the next to go
}

struct mface_blob *cache_take_over(struct mface_cache *cache, size_t size)
{
    const int64_t left_bytes = cache->limit_bytes - cache_used_bytes(cache);
    if (left_bytes < 0 || cache->room.warm || left_bytes >= need_bytes(cache, size))
        return NULL;
    struct mface_blob *blob = claim_victim(cache);
    if (!blob)
        return NULL;
    if (!cache_room_same_slot(blob->size, size)) {
        evict_claimed(cache, blob);
        return NULL;
    }
    prefetch(cache, blob);
    strike_off(cache, blob);
    start_filling(cache, blob);
    return blob;
}

struct mface_blob *cache_take_blob(struct mface_cache *cache, size_t size)
{
    struct mface_blob *blob = cache_table_take(&cache->table);
    if (!blob)
        return NULL;
    blob->data = cache_room_take(&cache->room, size, (uint32_t)(blob - cache->entries));
    if (!blob->data) {
        cache_table_give(&cache->table, blob);
        return NULL;
    }
    start_filling(cache, blob);
    return blob;
}

void cache_give_blob(struct mface_cache *cache, struct mface_blob *blob)
{
    atomic_store_explicit(&blob->meta, cache_meta_make(CACHE_FREE, 0, 0), memory_order_relaxed);
    cache_room_give(&cache->room, blob->data, blob->size);
    cache_table_give(&cache->table, blob);
}

void cache_trim(struct mface_cache *cache)
{
    while (cache_room_chill(&cache->room)) {
    }
    cache_table_trim(&cache->table);
    for (uint64_t i = 0; i <= cache->shard_mask; i++) {
        struct cache_shard *shard = &cache->shards[i];
        cache_lock_take(&shard->lock);
        atomic_fetch_sub(&cache->index_bytes, cache_index_trim(&shard->index));
        cache_lock_give(&shard->lock);
    }
}
