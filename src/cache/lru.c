/* Least recently used: one list in the order of the last use; the oldest unpinned entry goes.
 *
 * The order changes at every hit, so every hit takes the policy's lock. It is kept as the yardstick
 * others are measured by. */
#include "base/mem.h"
#include "cache/policy.h"

struct lru {
    struct cache_policy base;
    struct cache_list list;
};

static struct cache_policy *lru_create(struct mface_blob *entries)
{
    struct lru *lru = mface_mem_calloc(1, sizeof *lru);
    if (!lru)
        return NULL;
    lru->base.ops = &cache_policy_lru;
    lru->base.entries = entries;
    return &lru->base;
}

static void lru_free(struct cache_policy *policy)
{
    mface_mem_free(policy);
}

static void lru_insert(struct cache_policy *policy, struct mface_blob *entry)
{
    cache_policy_tick(policy);
    cache_list_append(&((struct lru *)policy)->list, policy->entries, entry);
}

static void lru_remove(struct cache_policy *policy, struct mface_blob *entry)
{
    cache_list_remove(&((struct lru *)policy)->list, policy->entries, entry);
}

static void lru_hit(struct cache_policy *policy, struct mface_blob *entry)
{
    lru_remove(policy, entry);
    cache_list_append(&((struct lru *)policy)->list, policy->entries, entry);
}

/* A pinned entry is in use now, so it counts as used now: it is not met again soon. */
static struct mface_blob *lru_victim(struct cache_policy *policy)
{
    struct lru *lru = (struct lru *)policy;
    for (int64_t i = 0; i < lru->list.n; i++) {
        struct mface_blob *entry = &policy->entries[lru->list.oldest];
        if (!cache_entry_is_pinned(entry))
            return entry;
        cache_list_rotate(&lru->list, policy->entries);
    }
    return NULL;
}

static int64_t lru_bytes(const struct cache_policy *policy)
{
    (void)policy;
    return sizeof(struct lru);
}

const struct cache_policy_ops cache_policy_lru = {
    .name = "lru",
    .create = lru_create,
    .free = lru_free,
    .insert = lru_insert,
    .hit = lru_hit,
    .remove = lru_remove,
    .victim = lru_victim,
    .bytes = lru_bytes,
};
