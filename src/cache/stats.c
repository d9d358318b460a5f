/* The cache's figures. A hit is counted in a stripe of counters that belongs to one thread: two
 * plain additions. Threads beyond the stripes share the last one, atomically. */
#include "cache/internal.h"

#include <pthread.h>

static _Atomic uint32_t stripes_taken; // bit set
static pthread_once_t stripes_once = PTHREAD_ONCE_INIT;
static pthread_key_t stripe_key; // its destructor returns a finished thread's stripe
static _Thread_local int stripe_plus_1;

enum { SHARED_STRIPE = CACHE_STRIPES - 1 };

static void return_stripe(void *value)
{
    const int stripe = (int)(intptr_t)value - 1;
    stripe_plus_1 = SHARED_STRIPE + 1;
    atomic_fetch_and(&stripes_taken, ~(1u << stripe));
}

static void make_stripe_key(void)
{
    if (pthread_key_create(&stripe_key, return_stripe) != 0)
        atomic_store(&stripes_taken, ~0u); // everyone shares
}

static int take_stripe(void)
{
    pthread_once(&stripes_once, make_stripe_key);
    uint32_t taken = atomic_load(&stripes_taken);
    int stripe;
    do {
        stripe = ~taken ? __builtin_ctz(~taken) : SHARED_STRIPE;
        if (stripe >= SHARED_STRIPE)
            return SHARED_STRIPE;
    } while (!atomic_compare_exchange_weak(&stripes_taken, &taken, taken | 1u << stripe));
    if (pthread_setspecific(stripe_key, (void *)(intptr_t)(stripe + 1)) != 0) {
        atomic_fetch_and(&stripes_taken, ~(1u << stripe));
        return SHARED_STRIPE;
    }
    return stripe;
}

static void add_own(mface_counter *counter, int64_t value)
{
    atomic_store_explicit(counter, mface_counter_get(counter) + value, memory_order_relaxed);
}

struct cache_stripe *cache_own_stripe(struct mface_cache *cache)
{
    if (!stripe_plus_1)
        stripe_plus_1 = take_stripe() + 1;
    return &cache->stripes[stripe_plus_1 - 1];
}

void cache_count_hit(struct mface_cache *cache, unsigned cls, int64_t cost_us)
{
    struct cache_stripe *stripe = cache_own_stripe(cache);
    if (stripe_plus_1 - 1 == SHARED_STRIPE) {
        mface_counter_add(&stripe->hits[cls], 1);
        mface_counter_add(&stripe->saved_us[cls], cost_us);
        return;
    }
    add_own(&stripe->hits[cls], 1);
    add_own(&stripe->saved_us[cls], cost_us);
}

void cache_count_miss(struct mface_cache *cache, unsigned cls)
{
    struct cache_stripe *stripe = cache_own_stripe(cache);
    if (stripe_plus_1 - 1 == SHARED_STRIPE)
        mface_counter_add(&stripe->misses[cls], 1);
    else
        add_own(&stripe->misses[cls], 1);
}

static void sum_class(const struct mface_cache *cache, int i, struct mface_cache_class_stats *stats)
{
    const struct cache_class_counts *counts = &cache->classes[i];
    *stats = (struct mface_cache_class_stats) {
        .inserts = counts->inserts,
        .evictions = counts->evictions,
        .n_entries = counts->n_entries,
        .bytes = counts->bytes,
    };
    for (int k = 0; k < CACHE_STRIPES; k++) {
        stats->hits += mface_counter_get(&cache->stripes[k].hits[i]);
        stats->misses += mface_counter_get(&cache->stripes[k].misses[i]);
        stats->saved_us += mface_counter_get(&cache->stripes[k].saved_us[i]);
    }
}

void mface_cache_get_stats(const struct mface_cache *cache_const, struct mface_cache_stats *stats)
{
    struct mface_cache *cache = (struct mface_cache *)cache_const; // the books only
    cache_ledger_open(cache);
    cache_make_room(cache, 0); // the policy's memory may have grown
    *stats = (struct mface_cache_stats) {
        .limit_bytes = cache->limit_bytes,
        .used_bytes = cache_used_bytes(cache),
        .peak_bytes = cache->peak_bytes,
        .rejected = cache->rejected,
    };
    for (int i = 0; i < MFACE_CACHE_CLASSES_MAX; i++) {
        struct mface_cache_class_stats *cls = &stats->classes[i];
        sum_class(cache, i, cls);
        stats->hits += cls->hits;
        stats->misses += cls->misses;
        stats->inserts += cls->inserts;
        stats->evictions += cls->evictions;
        stats->n_entries += cls->n_entries;
        stats->saved_us += cls->saved_us;
    }
    cache_ledger_close(cache);
}
