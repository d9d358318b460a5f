/* The cache's public functions: lookup, loads, budget. internal.h shows the parts and the locks.
 *
 * A load goes begin → reserve → (fill) → commit, or begin → … → abort. */
#include "base/log.h"
#include "base/mem.h"
#include "cache/internal.h"

#include <assert.h>
#include <string.h>

enum {
    MIN_BUDGET_BYTES = 1 << 20,
    SMALL_BUDGET_BYTES = 32 << 20, // has no pages to spare for many indexes and large slabs
    SLAB_OBJECTS_SMALL = 8,
    SLAB_OBJECTS = 128,
    SHRINK_STEPS = 64, // evictions between two chances for loads to go on
};

static enum mface_status check_budget(int64_t budget_bytes)
{
    if (budget_bytes >= MIN_BUDGET_BYTES)
        return MFACE_OK;
    return mface_fail(MFACE_ERR_ARG, "cache: a budget of %lld bytes is too small; give 1M or more",
        (long long)budget_bytes);
}

static bool init_shard(struct mface_cache *cache, struct cache_shard *shard, size_t n_shards)
{
    const size_t n_max = n_shards == 1 ? CACHE_TABLE_MAX : CACHE_TABLE_MAX / n_shards * 4;
    pthread_mutex_init(&shard->lock, NULL);
    pthread_cond_init(&shard->landed, NULL);
    if (!cache_index_init(&shard->index, n_max))
        return false;
    atomic_fetch_add(&cache->index_bytes, cache_index_bytes(&shard->index));
    return true;
}

static bool init_parts(struct mface_cache *cache, const struct cache_policy_ops *ops)
{
    const bool small = cache->limit_bytes < SMALL_BUDGET_BYTES;
    const size_t n_shards = small ? 1 : CACHE_SHARDS_MAX;
    pthread_mutex_init(&cache->ledger, NULL);
    cache_room_init(&cache->room, small ? SLAB_OBJECTS_SMALL : SLAB_OBJECTS);
    if (!cache_table_init(&cache->table))
        return false;
    cache->entries = cache->table.entries;
    cache->ops = ops;
    cache->policy = ops->create(cache->entries);
    cache->shards = mface_mem_calloc(n_shards, sizeof cache->shards[0]);
    if (!cache->policy || !cache->shards)
        return false;
    cache->shard_mask = n_shards - 1;
    cache->fixed_bytes = (int64_t)(sizeof *cache + n_shards * sizeof cache->shards[0]);
    for (size_t i = 0; i < n_shards; i++)
        if (!init_shard(cache, &cache->shards[i], n_shards))
            return false;
    return true;
}

static void free_parts(struct mface_cache *cache)
{
    for (uint64_t i = 0; cache->shards && i <= cache->shard_mask; i++) {
        cache_flight_clear(&cache->shards[i]);
        cache_index_clear(&cache->shards[i].index);
        pthread_cond_destroy(&cache->shards[i].landed);
        pthread_mutex_destroy(&cache->shards[i].lock);
    }
    mface_mem_free(cache->shards);
    if (cache->policy)
        cache->ops->free(cache->policy);
    cache_room_clear(&cache->room);
    cache_table_clear(&cache->table);
    pthread_mutex_destroy(&cache->ledger);
    mface_mem_free(cache);
}

enum mface_status mface_cache_create(
    const struct mface_cache_params *params, struct mface_cache **out)
{
    const struct cache_policy_ops *ops = cache_policy_find(params->policy);
    if (!ops)
        return mface_fail(MFACE_ERR_ARG, "cache: no policy named '%s'", params->policy);
    MFACE_TRY(check_budget(params->budget_bytes));
    struct mface_cache *cache = mface_mem_calloc(1, sizeof *cache);
    if (!cache)
        return mface_fail_nomem("cache");
    cache->limit_bytes = params->budget_bytes;
    if (!init_parts(cache, ops)) {
        free_parts(cache);
        return mface_fail_nomem("cache");
    }
    *out = cache;
    return MFACE_OK;
}

void mface_cache_free(struct mface_cache **cache)
{
    if (!*cache)
        return;
    mface_cache_drop_all(*cache);
    assert((*cache)->table.n_used == 0 && "blobs outlive the cache");
    free_parts(*cache);
    *cache = NULL;
}

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

/* A hit's afterwards: outside the shard's lock. */
static void note_hit(struct mface_cache *cache, struct mface_blob *blob, unsigned cls)
{
    cache_count_hit(cache, cls, blob->cost_us);
    if (!cache->ops->hit)
        return;
    pthread_mutex_lock(&cache->ledger);
    cache->ops->hit(cache->policy, blob);
    pthread_mutex_unlock(&cache->ledger);
}

struct mface_blob *mface_cache_get(struct mface_cache *cache, struct mface_key key, unsigned cls)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    const uint64_t hash = cache_key_hash(key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    struct mface_blob *blob = find(cache, shard, hash, key);
    if (__builtin_expect(!blob, 0)) {
        pthread_mutex_lock(&shard->lock);
        blob = find(cache, shard, hash, key);
        pthread_mutex_unlock(&shard->lock);
    }
    if (blob)
        note_hit(cache, blob, cls);
    else
        mface_counter_add(&cache->misses[cls], 1);
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
        pthread_mutex_lock(&shard->lock);
        const enum mface_status status = find_or_start(cache, shard, hash, key, blob);
        pthread_mutex_unlock(&shard->lock);
        if (status != MFACE_OK)
            return status;
    }
    *outcome = *blob ? MFACE_CACHE_HIT : MFACE_CACHE_LOAD;
    if (*blob)
        note_hit(cache, *blob, cls);
    else
        mface_counter_add(&cache->misses[cls], 1);
    return MFACE_OK;
}

/* Whether a blob of that size fits at all beside what the cache needs for itself. */
static bool fits(const struct mface_cache *cache, size_t size)
{
    const int64_t own_bytes = cache_used_bytes(cache) - cache->room.resident_bytes;
    return size < (uint64_t)INT64_MAX / 2 && (int64_t)size + own_bytes <= cache->limit_bytes;
}

enum mface_status mface_cache_reserve(struct mface_cache *cache, struct mface_key key, unsigned cls,
    size_t size, struct mface_blob **out)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    *out = NULL;
    pthread_mutex_lock(&cache->ledger);
    if (fits(cache, size) && cache_make_room(cache, size ? size : 1))
        *out = cache_take_blob(cache, key, cls, size);
    if (*out) {
        cache_make_room(cache, 0); // bookkeeping may have grown
        cache_note_peak(cache);
    } else {
        cache->rejected++; // also when the system's memory is the limit: go on uncached
    }
    pthread_mutex_unlock(&cache->ledger);
    return *out ? MFACE_OK : MFACE_ERR_NOSPC;
}

/* The policy knows the entry before it is visible: its loader's reference protects it. */
static void enter_in_ledger(struct mface_cache *cache, struct mface_blob *blob, int64_t cost_us)
{
    blob->cost_us = cost_us < 0 ? 0 : cost_us > UINT32_MAX ? UINT32_MAX : (uint32_t)cost_us;
    pthread_mutex_lock(&cache->ledger);
    struct cache_class_counts *counts = &cache->classes[blob->cls];
    counts->inserts++;
    counts->n_entries++;
    counts->bytes += (int64_t)blob->size;
    cache->ops->insert(cache->policy, blob);
    cache_make_room(cache, 0); // the policy's memory may have grown
    cache_note_peak(cache);
    pthread_mutex_unlock(&cache->ledger);
}

/* By how much the index grew. */
static int64_t publish(struct mface_cache *cache, struct mface_blob *blob)
{
    const uint64_t hash = cache_key_hash(blob->key);
    struct cache_shard *shard = cache_shard_of(cache, hash);
    pthread_mutex_lock(&shard->lock);
    const int n_waiters = cache_flight_land(shard, blob->key, blob, MFACE_OK);
    const uint64_t change =
        ((uint64_t)(CACHE_VISIBLE - CACHE_FILLING) << CACHE_STATE_SHIFT) + (uint64_t)n_waiters;
    atomic_fetch_add_explicit(&blob->meta, change, memory_order_release);
    const int64_t grown_bytes =
        cache_index_insert(&shard->index, hash, (uint32_t)(blob - cache->entries));
    atomic_fetch_add_explicit(&cache->index_bytes, grown_bytes, memory_order_relaxed);
    pthread_mutex_unlock(&shard->lock);
    return grown_bytes;
}

void mface_cache_commit(struct mface_cache *cache, struct mface_blob *blob, int64_t cost_us)
{
    enter_in_ledger(cache, blob, cost_us);
    if (!publish(cache, blob))
        return;
    pthread_mutex_lock(&cache->ledger);
    cache_make_room(cache, 0);
    cache_note_peak(cache);
    pthread_mutex_unlock(&cache->ledger);
}

void mface_cache_abort(struct mface_cache *cache, struct mface_key key, struct mface_blob *blob,
    enum mface_status status)
{
    if (blob) {
        pthread_mutex_lock(&cache->ledger);
        atomic_store_explicit(&blob->meta, cache_meta_make(CACHE_FREE, 0, 0), memory_order_relaxed);
        cache_give_blob(cache, blob);
        pthread_mutex_unlock(&cache->ledger);
    }
    struct cache_shard *shard = cache_shard_of(cache, cache_key_hash(key));
    pthread_mutex_lock(&shard->lock);
    (void)cache_flight_land(shard, key, NULL, status);
    pthread_mutex_unlock(&shard->lock);
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

/* A few steps of a shrink; true while there is more to do. */
static bool shrink_some(struct mface_cache *cache)
{
    bool more = true;
    pthread_mutex_lock(&cache->ledger);
    for (int i = 0; i < SHRINK_STEPS && more; i++)
        more = cache_used_bytes(cache) > cache->limit_bytes &&
               (cache_room_chill(&cache->room) || cache_evict_one(cache));
    pthread_mutex_unlock(&cache->ledger);
    return more;
}

enum mface_status mface_cache_resize(struct mface_cache *cache, int64_t budget_bytes)
{
    MFACE_TRY(check_budget(budget_bytes));
    pthread_mutex_lock(&cache->ledger);
    const bool shrinks = budget_bytes < cache->limit_bytes;
    cache->limit_bytes = budget_bytes;
    pthread_mutex_unlock(&cache->ledger);
    if (!shrinks)
        return MFACE_OK;
    while (shrink_some(cache)) {
    }
    pthread_mutex_lock(&cache->ledger);
    cache_trim(cache);
    cache_make_room(cache, 0);
    pthread_mutex_unlock(&cache->ledger);
    return MFACE_OK;
}

void mface_cache_drop_all(struct mface_cache *cache)
{
    pthread_mutex_lock(&cache->ledger);
    while (cache_evict_one(cache)) {
    }
    cache_trim(cache);
    pthread_mutex_unlock(&cache->ledger);
}
