#include "store.h"

#include "base/mem.h"

#include <string.h>

/* First in, first out: the plainest policy, to check the simulator itself. */
struct fifo {
    struct cache_policy base;
    struct cache_list list;
};

static struct cache_policy *fifo_create(struct mface_blob *entries);

static void fifo_free(struct cache_policy *policy)
{
    mface_mem_free(policy);
}

static void fifo_insert(struct cache_policy *policy, struct mface_blob *entry)
{
    cache_list_append(&((struct fifo *)policy)->list, policy->entries, entry);
    cache_policy_tick(policy);
}

static void fifo_remove(struct cache_policy *policy, struct mface_blob *entry)
{
    cache_list_remove(&((struct fifo *)policy)->list, policy->entries, entry);
}

static struct mface_blob *fifo_victim(struct cache_policy *policy)
{
    const uint32_t id = ((struct fifo *)policy)->list.oldest;
    return id ? &policy->entries[id] : NULL;
}

static int64_t fifo_bytes(const struct cache_policy *policy)
{
    (void)policy;
    return sizeof(struct fifo);
}

static const struct cache_policy_ops fifo_ops = {
    .name = "fifo",
    .create = fifo_create,
    .free = fifo_free,
    .insert = fifo_insert,
    .remove = fifo_remove,
    .victim = fifo_victim,
    .bytes = fifo_bytes,
};

static struct cache_policy *fifo_create(struct mface_blob *entries)
{
    struct fifo *fifo = mface_mem_calloc(1, sizeof *fifo);
    if (!fifo)
        return NULL;
    fifo->base.ops = &fifo_ops;
    fifo->base.entries = entries;
    return &fifo->base;
}

const struct cache_policy_ops *store_find_policy(const char *name)
{
    return strcmp(name, fifo_ops.name) == 0 ? &fifo_ops : cache_policy_find(name);
}

bool store_init(struct store *store, const struct cache_policy_ops *ops, uint32_t n_objects,
    int64_t budget_bytes, int64_t overhead_bytes)
{
    *store = (struct store) {
        .ops = ops,
        .entries = mface_mem_calloc((size_t)n_objects + 1, sizeof *store->entries),
        .budget_bytes = budget_bytes,
        .overhead_bytes = overhead_bytes,
    };
    store->policy = store->entries ? ops->create(store->entries) : NULL;
    if (!store->policy)
        mface_mem_free(store->entries);
    return store->policy != NULL;
}

void store_clear(struct store *store)
{
    store->ops->free(store->policy);
    mface_mem_free(store->entries);
    *store = (struct store) { 0 };
}

bool store_hit(struct store *store, uint32_t object)
{
    struct mface_blob *entry = &store->entries[object];
    if (!cache_entry_try_hit(entry, cache_policy_now(store->policy), 0)) {
        store->n_misses++;
        return false;
    }
    if (store->ops->hit)
        store->ops->hit(store->policy, entry);
    store->n_hits++;
    return true;
}

static bool is_resident(const struct store *store, uint32_t object)
{
    return cache_meta_is_visible(
        atomic_load_explicit(&store->entries[object].meta, memory_order_relaxed));
}

static bool evict(struct store *store)
{
    struct mface_blob *victim = store->ops->victim(store->policy);
    if (!victim)
        return false;
    store->ops->remove(store->policy, victim);
    store->used_bytes -= (int64_t)victim->size + store->overhead_bytes;
    store->n_evictions++;
    memset(victim, 0, sizeof *victim);
    return true;
}

void store_insert(struct store *store, uint32_t object, unsigned cls, int64_t bytes, double cost_us)
{
    struct mface_blob *entry = &store->entries[object];
    const int64_t footprint_bytes = bytes + store->overhead_bytes;
    if (footprint_bytes > store->budget_bytes)
        return;
    while (store->used_bytes + footprint_bytes > store->budget_bytes)
        if (!evict(store))
            return;
    entry->key = (struct mface_key) { .lo = object * UINT64_C(0x9e3779b97f4a7c15),
        .hi = object * UINT64_C(0xd6e8feb86659fd93) }; // policies take a key for a hash
    entry->size = (uint64_t)bytes & ((UINT64_C(1) << 56) - 1);
    entry->cls = (uint8_t)cls;
    entry->cost_us = cost_us < 4e9 ? (uint32_t)(cost_us + 0.5) : UINT32_MAX;
    atomic_init(&entry->meta, cache_meta_make(CACHE_VISIBLE, cache_policy_now(store->policy), 0));
    store->ops->insert(store->policy, entry);
    store->used_bytes += footprint_bytes;
    store->n_inserts++;
}

void store_inherit(struct store *store, uint32_t heir, const uint32_t *from, int n)
{
    struct mface_blob *entries[STORE_FROM_MAX];
    if (!store->ops->inherit || !is_resident(store, heir))
        return;
    for (int i = 0; i < n; i++) {
        if (!is_resident(store, from[i]))
            return;
        entries[i] = &store->entries[from[i]];
    }
    store->ops->inherit(store->policy, &store->entries[heir], entries, n);
}
