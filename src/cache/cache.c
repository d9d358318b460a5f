/* The cache's public functions: lookup, single flight, budget.
 *
 * A load goes begin → reserve → (fill) → commit, or begin → … → abort. Between begin and the end of
 * the load the key has a flight; threads that begin the same key wait on it. Commit hands every
 * waiter its own reference, so a waiter gets the blob even if it would be evicted at once. */
#include "base/log.h"
#include "base/mem.h"
#include "cache/internal.h"

#include <assert.h>
#include <malloc.h>
#include <string.h>

enum { MIN_BUDGET_BYTES = 1 << 20 };

/* A key being loaded. Owned by the loader while it loads, then by the last waiter. */
struct flight {
    struct flight *next;
    struct mface_key key;
    int n_waiters;
    bool done;
    enum mface_status status; // of the load, once done
    struct mface_blob *blob;  // once done: carries one reference per waiter; NULL if aborted
};

struct mface_cache {
    pthread_mutex_t lock;  // guards everything below
    pthread_cond_t landed; // some flight is done
    struct cache_index index;
    const struct cache_policy_ops *ops;
    struct cache_policy *policy;
    struct flight *flights; // as many as threads load: a short list
    int64_t blob_bytes;     // entries and reserved blobs with their headers
    struct mface_cache_stats stats;
};

static const struct cache_policy_ops *const policies[] = { &cache_policy_lru };

static const struct cache_policy_ops *find_policy(const char *name)
{
    if (!name)
        return policies[0];
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}

enum mface_status mface_cache_create(
    const struct mface_cache_params *params, struct mface_cache **out)
{
    const struct cache_policy_ops *ops = find_policy(params->policy);
    if (!ops)
        return mface_fail(MFACE_ERR_ARG, "cache: no policy named '%s'", params->policy);
    if (params->budget_bytes < MIN_BUDGET_BYTES)
        return mface_fail(MFACE_ERR_ARG,
            "cache: a budget of %lld bytes is too small; give 1M or more",
            (long long)params->budget_bytes);
    struct mface_cache *cache = mface_mem_calloc(1, sizeof *cache);
    if (!cache)
        return mface_fail_nomem("cache");
    cache->ops = ops;
    cache->policy = ops->create();
    if (!cache->policy || !cache_index_init(&cache->index)) {
        mface_mem_free(cache->policy);
        mface_mem_free(cache);
        return mface_fail_nomem("cache");
    }
    cache->stats.limit_bytes = params->budget_bytes;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->landed, NULL);
    *out = cache;
    return MFACE_OK;
}

/* What a blob of that size takes, header and alignment included. */
static int64_t footprint(int64_t size)
{
    return (int64_t)(mface_align_up((size_t)size, MFACE_ALIGN) +
                     mface_align_up(sizeof(struct mface_blob), MFACE_ALIGN));
}

static int64_t used_bytes(const struct mface_cache *cache)
{
    return cache->blob_bytes + cache_index_bytes(&cache->index);
}

static void note_peak(struct mface_cache *cache)
{
    if (used_bytes(cache) > cache->stats.peak_bytes)
        cache->stats.peak_bytes = used_bytes(cache);
}

static void free_blob(struct mface_cache *cache, struct mface_blob *blob)
{
    cache->blob_bytes -= footprint(blob->size);
    mface_mem_free(blob->data);
    mface_mem_free(blob);
}

static bool evict_one(struct mface_cache *cache)
{
    struct mface_blob *blob = cache->ops->victim(cache->policy);
    if (!blob)
        return false;
    struct mface_cache_class_stats *cls = &cache->stats.classes[blob->cls];
    cls->n_entries--;
    cls->bytes -= blob->size;
    cls->evictions++;
    cache->stats.evictions++;
    cache->ops->remove(cache->policy, blob);
    cache_index_remove(&cache->index, blob);
    free_blob(cache, blob);
    return true;
}

/* Makes room for `bytes` more; false when what is left is pinned. */
static bool make_room(struct mface_cache *cache, int64_t bytes)
{
    const int64_t limit = cache->stats.limit_bytes - cache_index_bytes(&cache->index);
    if (bytes > limit)
        return false;
    while (cache->blob_bytes + bytes > limit)
        if (!evict_one(cache))
            return false;
    return true;
}

/* Finds and references an entry; counts the hit. */
static struct mface_blob *take_hit(struct mface_cache *cache, struct mface_key key)
{
    struct mface_blob *blob = cache_index_find(&cache->index, key);
    if (!blob)
        return NULL;
    atomic_fetch_add_explicit(&blob->n_refs, 1, memory_order_relaxed);
    cache->ops->hit(cache->policy, blob);
    return blob;
}

static void count_hit(struct mface_cache *cache, unsigned cls, int64_t cost_us)
{
    cache->stats.hits++;
    cache->stats.saved_us += cost_us;
    cache->stats.classes[cls].hits++;
    cache->stats.classes[cls].saved_us += cost_us;
}

static void count_miss(struct mface_cache *cache, unsigned cls)
{
    cache->stats.misses++;
    cache->stats.classes[cls].misses++;
}

struct mface_blob *mface_cache_get(struct mface_cache *cache, struct mface_key key, unsigned cls)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    pthread_mutex_lock(&cache->lock);
    struct mface_blob *blob = take_hit(cache, key);
    if (blob)
        count_hit(cache, cls, blob->cost_us);
    else
        count_miss(cache, cls);
    pthread_mutex_unlock(&cache->lock);
    return blob;
}

static struct flight **find_flight(struct mface_cache *cache, struct mface_key key)
{
    struct flight **link = &cache->flights;
    while (*link && !mface_key_equal((*link)->key, key))
        link = &(*link)->next;
    return link;
}

/* Waits for another thread's load. *blob is a reference, or NULL when the load was aborted. */
static enum mface_status wait_for(
    struct mface_cache *cache, struct flight *flight, struct mface_blob **blob)
{
    flight->n_waiters++;
    while (!flight->done)
        pthread_cond_wait(&cache->landed, &cache->lock);
    *blob = flight->blob;
    const enum mface_status status = flight->status;
    if (--flight->n_waiters == 0)
        mface_mem_free(flight);
    return status;
}

static enum mface_status start_flight(struct mface_cache *cache, struct mface_key key)
{
    struct flight *flight = mface_mem_calloc(1, sizeof *flight);
    if (!flight)
        return mface_fail_nomem("cache");
    flight->key = key;
    flight->next = cache->flights;
    cache->flights = flight;
    return MFACE_OK;
}

static enum mface_status begin_locked(struct mface_cache *cache, struct mface_key key, unsigned cls,
    enum mface_cache_outcome *outcome, struct mface_blob **blob)
{
    *outcome = MFACE_CACHE_HIT;
    for (;;) {
        *blob = take_hit(cache, key);
        if (!*blob) {
            struct flight *flight = *find_flight(cache, key);
            if (!flight)
                break;
            MFACE_TRY(wait_for(cache, flight, blob));
        }
        if (*blob) {
            count_hit(cache, cls, (*blob)->cost_us);
            return MFACE_OK;
        }
    }
    *outcome = MFACE_CACHE_LOAD;
    count_miss(cache, cls);
    return start_flight(cache, key);
}

enum mface_status mface_cache_begin(struct mface_cache *cache, struct mface_key key, unsigned cls,
    enum mface_cache_outcome *outcome, struct mface_blob **blob)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    pthread_mutex_lock(&cache->lock);
    const enum mface_status status = begin_locked(cache, key, cls, outcome, blob);
    pthread_mutex_unlock(&cache->lock);
    return status;
}

static struct mface_blob *new_blob(struct mface_key key, unsigned cls, size_t size)
{
    struct mface_blob *blob = mface_mem_calloc(1, sizeof *blob);
    if (!blob)
        return NULL;
    *blob = (struct mface_blob) { .key = key, .cls = cls, .size = (int64_t)size };
    atomic_init(&blob->n_refs, 1);
    blob->data = mface_mem_alloc(size);
    if (blob->data)
        return blob;
    mface_mem_free(blob);
    return NULL;
}

enum mface_status mface_cache_reserve(struct mface_cache *cache, struct mface_key key, unsigned cls,
    size_t size, struct mface_blob **out)
{
    assert(cls < MFACE_CACHE_CLASSES_MAX);
    *out = NULL;
    if (size > INT64_MAX / 2)
        return MFACE_ERR_NOSPC;
    pthread_mutex_lock(&cache->lock);
    const bool room = make_room(cache, footprint((int64_t)size));
    if (room) {
        cache->blob_bytes += footprint((int64_t)size);
        note_peak(cache);
    } else {
        cache->stats.rejected++;
    }
    pthread_mutex_unlock(&cache->lock);
    if (!room)
        return MFACE_ERR_NOSPC;
    *out = new_blob(key, cls, size);
    if (*out)
        return MFACE_OK;
    pthread_mutex_lock(&cache->lock);
    cache->blob_bytes -= footprint((int64_t)size);
    cache->stats.rejected++;
    pthread_mutex_unlock(&cache->lock);
    return MFACE_ERR_NOSPC; // the system's memory is a budget too: go on uncached
}

/* Ends the flight of `key`: waiters share `blob` (may be NULL) and `status`. */
static void land(struct mface_cache *cache, struct mface_key key, struct mface_blob *blob,
    enum mface_status status)
{
    struct flight **link = find_flight(cache, key), *flight = *link;
    assert(flight && "commit or abort without begin");
    *link = flight->next;
    if (flight->n_waiters == 0) {
        mface_mem_free(flight);
        return;
    }
    flight->done = true;
    flight->status = status;
    flight->blob = blob;
    if (blob)
        atomic_fetch_add_explicit(&blob->n_refs, flight->n_waiters, memory_order_relaxed);
    pthread_cond_broadcast(&cache->landed);
}

void mface_cache_commit(struct mface_cache *cache, struct mface_blob *blob, int64_t cost_us)
{
    pthread_mutex_lock(&cache->lock);
    assert(!cache_index_find(&cache->index, blob->key));
    blob->cost_us = cost_us;
    cache_index_insert(&cache->index, blob);
    cache->ops->insert(cache->policy, blob);
    cache->stats.inserts++;
    struct mface_cache_class_stats *cls = &cache->stats.classes[blob->cls];
    cls->inserts++;
    cls->n_entries++;
    cls->bytes += blob->size;
    land(cache, blob->key, blob, MFACE_OK);
    make_room(cache, 0); // the index may have grown; a resize may have come between
    note_peak(cache);
    pthread_mutex_unlock(&cache->lock);
}

void mface_cache_abort(struct mface_cache *cache, struct mface_key key, struct mface_blob *blob,
    enum mface_status status)
{
    pthread_mutex_lock(&cache->lock);
    if (blob)
        free_blob(cache, blob);
    land(cache, key, NULL, status);
    pthread_mutex_unlock(&cache->lock);
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
    atomic_fetch_add_explicit(&blob->n_refs, 1, memory_order_relaxed);
    return blob;
}

void mface_blob_unref(struct mface_cache *cache, struct mface_blob **blob)
{
    (void)cache;
    if (!*blob)
        return;
    const int before = atomic_fetch_sub_explicit(&(*blob)->n_refs, 1, memory_order_release);
    assert(before > 0);
    (void)before;
    *blob = NULL;
}

enum mface_status mface_cache_resize(struct mface_cache *cache, int64_t budget_bytes)
{
    if (budget_bytes < MIN_BUDGET_BYTES)
        return mface_fail(MFACE_ERR_ARG,
            "cache: a budget of %lld bytes is too small; give 1M or more", (long long)budget_bytes);
    pthread_mutex_lock(&cache->lock);
    const bool shrinks = budget_bytes < cache->stats.limit_bytes;
    cache->stats.limit_bytes = budget_bytes;
    make_room(cache, 0);
    pthread_mutex_unlock(&cache->lock);
    if (shrinks)
        malloc_trim(0); // hand freed pages back to the system now, not when it suits the heap
    return MFACE_OK;
}

void mface_cache_drop_all(struct mface_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    while (evict_one(cache)) {
    }
    pthread_mutex_unlock(&cache->lock);
    malloc_trim(0);
}

void mface_cache_free(struct mface_cache **cache_ptr)
{
    struct mface_cache *cache = *cache_ptr;
    if (!cache)
        return;
    while (evict_one(cache)) {
    }
    assert(cache->index.n_entries == 0 && !cache->flights && "blobs or loads outlive the cache");
    cache->ops->free(cache->policy);
    cache_index_clear(&cache->index);
    pthread_cond_destroy(&cache->landed);
    pthread_mutex_destroy(&cache->lock);
    mface_mem_free(cache);
    *cache_ptr = NULL;
}

void mface_cache_get_stats(const struct mface_cache *cache_const, struct mface_cache_stats *stats)
{
    struct mface_cache *cache = (struct mface_cache *)cache_const; // the mutex only
    pthread_mutex_lock(&cache->lock);
    *stats = cache->stats;
    stats->used_bytes = used_bytes(cache);
    stats->n_entries = (int64_t)cache->index.n_entries;
    pthread_mutex_unlock(&cache->lock);
}
