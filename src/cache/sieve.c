/* SIEVE (Zhang et al., NSDI 2024): one list in the order of insertion that hits never change, and a
 * hand that walks it from old to new. What was hit since the hand last passed stays where it is,
 * the first that was not goes. */
#include "base/mem.h"
#include "cache/policy.h"

struct sieve {
    struct cache_policy base;
    struct cache_list list;
    uint32_t hand; // next to be examined; 0: start at the oldest
};

static struct cache_policy *sieve_create(struct mface_blob *entries)
{
    struct sieve *sieve = mface_mem_calloc(1, sizeof *sieve);
    if (!sieve)
        return NULL;
    sieve->base.ops = &cache_policy_sieve;
    sieve->base.entries = entries;
    return &sieve->base;
}

static void sieve_free(struct cache_policy *policy)
{
    mface_mem_free(policy);
}

static void sieve_insert(struct cache_policy *policy, struct mface_blob *entry)
{
    cache_policy_tick(policy);
    cache_list_append(&((struct sieve *)policy)->list, policy->entries, entry);
}

static void sieve_remove(struct cache_policy *policy, struct mface_blob *entry)
{
    struct sieve *sieve = (struct sieve *)policy;
    if (sieve->hand == (uint32_t)(entry - policy->entries))
        sieve->hand = entry->newer;
    cache_list_remove(&sieve->list, policy->entries, entry);
}

/* Two rounds: the first may find every entry hit. */
static struct mface_blob *sieve_victim(struct cache_policy *policy)
{
    struct sieve *sieve = (struct sieve *)policy;
    for (int64_t i = 0; i < 2 * sieve->list.n; i++) {
        if (!sieve->hand)
            sieve->hand = sieve->list.oldest;
        struct mface_blob *entry = &policy->entries[sieve->hand];
        const bool pinned = cache_entry_is_pinned(entry);
        if (!pinned && !cache_entry_hits(entry))
            return entry;
        if (!pinned)
            cache_entry_clear_hits(entry);
        sieve->hand = entry->newer;
    }
    return NULL;
}

static int64_t sieve_bytes(const struct cache_policy *policy)
{
    (void)policy;
    return sizeof(struct sieve);
}

const struct cache_policy_ops cache_policy_sieve = {
    .name = "sieve",
    .create = sieve_create,
    .free = sieve_free,
    .insert = sieve_insert,
    .remove = sieve_remove,
    .victim = sieve_victim,
    .bytes = sieve_bytes,
};
