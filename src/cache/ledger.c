/* The budget: what is used, what must go, and what goes back to the system. */
#include "cache/internal.h"

/* A shrink below one slab's worth of gaps is not worth clearing slabs for. */
enum { COMPACT_AFTER_BYTES = 256 << 10 };

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

/* From now on nobody can take a reference. Pairs with the release of the last one: what its holder
 * read was read before what comes next is written. */
static bool claim(struct mface_blob *blob)
{
    uint64_t meta = atomic_load_explicit(&blob->meta, memory_order_relaxed);
    do {
        if (!cache_meta_is_visible(meta) || cache_meta_is_pinned(meta))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&blob->meta, &meta,
        cache_meta_make(CACHE_FREE, (uint32_t)(meta >> CACHE_USE_SHIFT), 0), memory_order_acquire,
        memory_order_relaxed));
    return true;
}

static void evict_claimed(struct mface_cache *cache, struct mface_blob *blob)
{
    const uint64_t hash = cache_key_hash(blob->key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    pthread_mutex_lock(&shard->lock);
    cache_index_remove(&shard->index, hash, (uint32_t)(blob - cache->entries));
    pthread_mutex_unlock(&shard->lock);
    struct cache_class_counts *counts = &cache->classes[blob->cls];
    counts->evictions++;
    counts->n_entries--;
    counts->bytes -= (int64_t)blob->size;
    cache->ops->remove(cache->policy, blob);
    cache_give_blob(cache, blob);
}

bool cache_evict_one(struct mface_cache *cache)
{
    struct mface_blob *blob;
    do {
        blob = cache->ops->victim(cache->policy);
        if (!blob)
            return false;
    } while (!claim(blob)); // a hit came between: now it is pinned, and the policy sees it
    evict_claimed(cache, blob);
    return true;
}

/* Empties the slab that is nearly empty anyway; false when nothing in it could go. */
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

static int64_t resident_total(const struct mface_cache *cache)
{
    int64_t bytes = 0;
    for (int i = 0; i < MFACE_CACHE_CLASSES_MAX; i++)
        bytes += cache->classes[i].bytes;
    return bytes;
}

bool cache_make_room(struct mface_cache *cache, size_t size)
{
    const int64_t start_bytes = resident_total(cache);
    int64_t over_bytes;
    while (
        (over_bytes = cache_used_bytes(cache) + need_bytes(cache, size) - cache->limit_bytes) > 0) {
        if (cache_room_chill(&cache->room))
            continue;
        const int64_t evicted_bytes = start_bytes - resident_total(cache);
        if (evicted_bytes > over_bytes + COMPACT_AFTER_BYTES && compact(cache))
            continue;
        if (!cache_evict_one(cache))
            return false;
    }
    return true;
}

struct mface_blob *cache_take_blob(
    struct mface_cache *cache, struct mface_key key, unsigned cls, size_t size)
{
    struct mface_blob *blob = cache_table_take(&cache->table);
    if (!blob)
        return NULL;
    uint8_t *data = cache_room_take(&cache->room, size, (uint32_t)(blob - cache->entries));
    if (!data) {
        cache_table_give(&cache->table, blob);
        return NULL;
    }
    blob->key = key;
    blob->data = data;
    blob->size = size;
    blob->cls = cls & 0xff;
    blob->cost_us = 0;
    atomic_store_explicit(&blob->meta,
        cache_meta_make(CACHE_FILLING, cache_policy_now(cache->policy), 1), memory_order_relaxed);
    return blob;
}

void cache_give_blob(struct mface_cache *cache, struct mface_blob *blob)
{
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
        pthread_mutex_lock(&shard->lock);
        atomic_fetch_sub(&cache->index_bytes, cache_index_trim(&shard->index));
        pthread_mutex_unlock(&shard->lock);
    }
}
