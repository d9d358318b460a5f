/* Lookups: by key to a referenced blob, or to the load that makes it. */
#include "base/log.h"
#include "cache/internal.h"

#include <assert.h>

static void drop_ref(struct mface_blob *blob)
{
    const uint64_t before = atomic_fetch_sub_explicit(&blob->meta, CACHE_REF, memory_order_release);
    assert(cache_meta_is_pinned(before));
    (void)before;
}

/* Finds and references an entry. Without the shard's lock it may miss one that is there. */
static struct mface_blob *find(
    struct mface_cache *cache, const struct cache_shard *shard, uint64_t hash, struct mface_key key)
{
    const uint32_t now = cache_policy_now(cache->policy);
    uint64_t step = 0;
    uint32_t id;
    while ((id = cache_index_probe(&shard->index, hash, &step))) {
        struct mface_blob *blob = &cache->entries[id];
        if (!cache_entry_try_hit(blob, now, 1))
            continue;
        if (mface_key_equal(blob->key, key))
            return blob;
        drop_ref(blob);
    }
    return NULL;
}

/* Under the shard's lock: an entry that is in the index keeps its key. */
static bool is_there(
    struct mface_cache *cache, const struct cache_shard *shard, uint64_t hash, struct mface_key key)
{
    uint64_t step = 0;
    uint32_t id;
    while ((id = cache_index_probe(&shard->index, hash, &step))) {
        const struct mface_blob *blob = &cache->entries[id];
        if (cache_meta_is_visible(atomic_load_explicit(&blob->meta, memory_order_acquire)) &&
            mface_key_equal(blob->key, key))
            return true;
    }
    return false;
}

int mface_cache_has(struct mface_cache *cache, struct mface_key key)
{
    const uint64_t hash = cache_key_hash(key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    cache_lock_take(&shard->lock);
    const bool is_hit = is_there(cache, shard, hash, key);
    cache_lock_give(&shard->lock);
    return is_hit;
}

/* A hit's afterwards: outside the shard's lock. */
static void note_hit(struct mface_cache *cache, struct mface_blob *blob, unsigned cls)
{
    cache_count_hit(cache, cls, blob->cost_us);
    if (!cache->ops->hit)
        return;
    cache_ledger_open(cache);
    cache->ops->hit(cache->policy, blob);
    cache_ledger_close(cache);
}

struct mface_blob *mface_cache_get(struct mface_cache *cache, struct mface_key key, unsigned cls)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    const uint64_t hash = cache_key_hash(key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    struct mface_blob *blob = find(cache, shard, hash, key);
    if (__builtin_expect(!blob, 0)) {
        cache_lock_take(&shard->lock);
        blob = find(cache, shard, hash, key);
        cache_lock_give(&shard->lock);
    }
    if (blob)
        note_hit(cache, blob, cls);
    else
        cache_count_miss(cache, cls);
    return blob;
}

/* Under the shard's lock: a reference, or *started, or the error of the load waited for. */
static enum mface_status find_or_start(struct mface_cache *cache, struct cache_shard *shard,
    uint64_t hash, struct mface_key key, struct mface_blob **blob)
{
    for (;;) {
        *blob = find(cache, shard, hash, key);
        if (*blob)
            return MFACE_OK;
        struct cache_flight *flight = cache_flight_find(shard, key);
        if (!flight)
            return cache_flight_start(shard, key) ? MFACE_OK : mface_fail_nomem("cache");
        MFACE_TRY(cache_flight_wait(shard, flight, blob));
        if (*blob)
            return MFACE_OK;
    }
}

enum mface_status mface_cache_begin(struct mface_cache *cache, struct mface_key key, unsigned cls,
    enum mface_cache_outcome *outcome, struct mface_blob **blob)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    const uint64_t hash = cache_key_hash(key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    *blob = find(cache, shard, hash, key);
    if (!*blob) {
        cache_lock_take(&shard->lock);
        const enum mface_status status = find_or_start(cache, shard, hash, key, blob);
        cache_lock_give(&shard->lock);
        if (status != MFACE_OK)
            return status;
    }
    *outcome = *blob ? MFACE_CACHE_HIT : MFACE_CACHE_LOAD;
    if (*blob)
        note_hit(cache, *blob, cls);
    else
        cache_count_miss(cache, cls);
    return MFACE_OK;
}

const void *mface_blob_data(const struct mface_blob *blob)
{
    return blob->data;
}

void *mface_blob_data_mut(struct mface_blob *blob)
{
    return blob->data;
}

size_t mface_blob_size(const struct mface_blob *blob)
{
    return (size_t)blob->size;
}

struct mface_blob *mface_blob_ref(struct mface_blob *blob)
{
    atomic_fetch_add_explicit(&blob->meta, CACHE_REF, memory_order_relaxed);
    return blob;
}

void mface_blob_unref(struct mface_cache *cache, struct mface_blob **blob)
{
    (void)cache;
    if (!*blob)
        return;
    drop_ref(*blob);
    *blob = NULL;
}
