/* Tells the policy what a result was made from. */
#include "cache/internal.h"

enum { FROM_MAX = 64 };

/* A visible entry, without a reference; under the ledger lock, which keeps it from going. */
static struct mface_blob *peek(struct mface_cache *cache, struct mface_key key)
{
    const uint64_t hash = cache_key_hash(key);
    const struct cache_shard *shard = cache_shard_of(cache, hash);
    uint64_t step = 0;
    uint32_t id;
    while ((id = cache_index_probe(&shard->index, hash, &step))) {
        struct mface_blob *blob = &cache->entries[id];
        if (cache_meta_is_visible(atomic_load_explicit(&blob->meta, memory_order_acquire)) &&
            mface_key_equal(blob->key, key))
            return blob;
    }
    return NULL;
}

void mface_cache_inherit(
    struct mface_cache *cache, struct mface_key heir, const struct mface_key *from, int n)
{
    struct mface_blob *blobs[FROM_MAX], *made;
    int n_there = 0;
    if (!cache->ops->inherit || n < 1 || n > FROM_MAX)
        return;
    cache_ledger_open(cache);
    made = peek(cache, heir);
    while (made && n_there < n && (blobs[n_there] = peek(cache, from[n_there])))
        n_there++;
    if (n_there == n) {
        cache_take_in(cache); // what is visible is announced: now the policy has all of them
        cache->ops->inherit(cache->policy, made, blobs, n);
    }
    cache_ledger_close(cache);
}
