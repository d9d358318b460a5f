/* Least recently used: a list in the order of the last use; the oldest unreferenced entry goes. */
#include "base/mem.h"
#include "cache/internal.h"

struct cache_policy {
    struct mface_blob ends; // ends.older: most recent entry; ends.newer: oldest. A ring.
};

static struct cache_policy *lru_create(void)
{
    struct cache_policy *policy = mface_mem_calloc(1, sizeof *policy);
    if (policy)
        policy->ends.newer = policy->ends.older = &policy->ends;
    return policy;
}

static void lru_free(struct cache_policy *policy)
{
    mface_mem_free(policy);
}

static void lru_insert(struct cache_policy *policy, struct mface_blob *blob)
{
    blob->newer = &policy->ends;
    blob->older = policy->ends.older;
    blob->older->newer = blob;
    policy->ends.older = blob;
}

static void lru_remove(struct cache_policy *policy, struct mface_blob *blob)
{
    (void)policy;
    blob->newer->older = blob->older;
    blob->older->newer = blob->newer;
}

static void lru_hit(struct cache_policy *policy, struct mface_blob *blob)
{
    lru_remove(policy, blob);
    lru_insert(policy, blob);
}

static struct mface_blob *lru_victim(struct cache_policy *policy)
{
    struct mface_blob *blob = policy->ends.newer;
    while (blob != &policy->ends && atomic_load_explicit(&blob->n_refs, memory_order_acquire))
        blob = blob->newer;
    return blob == &policy->ends ? NULL : blob;
}

const struct cache_policy_ops cache_policy_lru = {
    .name = "lru",
    .create = lru_create,
    .free = lru_free,
    .insert = lru_insert,
    .hit = lru_hit,
    .remove = lru_remove,
    .victim = lru_victim,
};
