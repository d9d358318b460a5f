/* The cache as a whole: made, resized, emptied. internal.h shows the parts and the locks; lookups
 * are in lookup.c, loads in load.c. */
#include "base/log.h"
#include "base/mem.h"
#include "cache/internal.h"

#include <assert.h>

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
    if (!cache_index_init(&shard->index, n_max))
        return false;
    atomic_fetch_add(&cache->index_bytes, cache_index_bytes(&shard->index));
    return true;
}

static bool init_parts(struct mface_cache *cache, const struct cache_policy_ops *ops)
{
    const bool small = cache->limit_bytes < SMALL_BUDGET_BYTES;
    const size_t n_shards = small ? 1 : CACHE_SHARDS_MAX;
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
    }
    mface_mem_free(cache->shards);
    if (cache->policy)
        cache->ops->free(cache->policy);
    cache_room_clear(&cache->room);
    cache_table_clear(&cache->table);
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

/* A few steps of a shrink; true while there is more to do. */
static bool shrink_some(struct mface_cache *cache)
{
    bool more = true;
    cache_ledger_open(cache);
    for (int i = 0; i < SHRINK_STEPS && more; i++)
        more =
            cache_used_bytes(cache) > cache->limit_bytes &&
            (cache_room_chill(&cache->room) || cache_stock_drain(cache) || cache_evict_one(cache));
    cache_ledger_close(cache);
    return more;
}

enum mface_status mface_cache_resize(struct mface_cache *cache, int64_t budget_bytes)
{
    MFACE_TRY(check_budget(budget_bytes));
    cache_ledger_open(cache);
    const bool shrinks = budget_bytes < cache->limit_bytes;
    cache->limit_bytes = budget_bytes;
    cache_ledger_close(cache);
    if (!shrinks)
        return MFACE_OK;
    while (shrink_some(cache)) {
    }
    cache_ledger_open(cache);
    cache_trim(cache);
    cache_make_room(cache, 0);
    cache_ledger_close(cache);
    return MFACE_OK;
}

void mface_cache_drop_all(struct mface_cache *cache)
{
    cache_ledger_open(cache);
    cache_stock_drain(cache);
    while (cache_evict_one(cache)) {
    }
    cache_trim(cache);
    cache_ledger_close(cache);
}
