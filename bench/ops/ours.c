/* The project's own cache, under its default policy. */
#include "backend.h"

#include <memoface/cache.h>
#include <string.h>

enum { COST_US = 1000 };

static struct mface_key key_of(uint64_t n)
{
    uint64_t key[2];
    backend_key(n, key);
    return (struct mface_key) { .lo = key[0], .hi = key[1] };
}

static void *open_ours(size_t budget_bytes, size_t entry_bytes)
{
    (void)entry_bytes;
    struct mface_cache *cache = NULL;
    const struct mface_cache_params params = { .budget_bytes = (int64_t)budget_bytes };
    return mface_cache_create(&params, &cache) == MFACE_OK ? cache : NULL;
}

static void close_ours(void *cache)
{
    struct mface_cache *ours = cache;
    mface_cache_free(&ours);
}

static bool get(void *cache, uint64_t n)
{
    struct mface_blob *blob = mface_cache_get(cache, key_of(n), 0);
    if (!blob)
        return false;
    (void)*(const volatile uint8_t *)mface_blob_data(blob);
    mface_blob_unref(cache, &blob);
    return true;
}

static void insert(void *cache, uint64_t n, size_t entry_bytes)
{
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    const struct mface_key key = key_of(n);
    if (mface_cache_begin(cache, key, 0, &outcome, &blob) != MFACE_OK)
        return;
    if (outcome == MFACE_CACHE_LOAD) {
        if (mface_cache_reserve(cache, key, 0, entry_bytes, &blob) != MFACE_OK) {
            mface_cache_abort(cache, key, NULL, MFACE_OK);
            return;
        }
        memset(mface_blob_data_mut(blob), (int)n, 64);
        mface_cache_commit(cache, blob, COST_US);
    }
    mface_blob_unref(cache, &blob);
}

const struct backend backend_ours = { "memoface", open_ours, close_ours, get, insert };
