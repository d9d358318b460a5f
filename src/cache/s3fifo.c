/* S3-FIFO (Yang et al., SOSP 2023): a small queue through which everything must pass, a main queue
 * for what was hit meanwhile, and a memory of the keys the small queue let go. A tenth of the bytes
 * is small; what comes back while remembered enters main at once. */
#include "base/mem.h"
#include "cache/ghost.h"
#include "cache/policy.h"

enum { SMALL, MAIN, N_QUEUES };
enum { SMALL_PART = 10 }; // one part in ten

struct s3fifo {
    struct cache_policy base;
    struct cache_list queues[N_QUEUES];
    struct cache_ghost ghost; // time: the clock at the eviction
};

static struct cache_policy *s3fifo_create(struct mface_blob *entries)
{
    struct s3fifo *s3 = mface_mem_calloc(1, sizeof *s3);
    if (!s3)
        return NULL;
    s3->base.ops = &cache_policy_s3fifo;
    s3->base.entries = entries;
    return &s3->base;
}

static void s3fifo_free(struct cache_policy *policy)
{
    cache_ghost_clear(&((struct s3fifo *)policy)->ghost);
    mface_mem_free(policy);
}

static void append(struct s3fifo *s3, struct mface_blob *entry, uint32_t queue)
{
    entry->place = queue;
    cache_list_append(&s3->queues[queue], s3->base.entries, entry);
}

/* As many keys are remembered as are resident. */
static bool is_remembered(struct s3fifo *s3, struct mface_key key)
{
    uint32_t time;
    bool mark;
    const int64_t n = s3->queues[SMALL].n + s3->queues[MAIN].n;
    return cache_ghost_take(&s3->ghost, key, &time, &mark) &&
           (int64_t)(cache_policy_now(&s3->base) - time) <= n;
}

static void s3fifo_insert(struct cache_policy *policy, struct mface_blob *entry)
{
    struct s3fifo *s3 = (struct s3fifo *)policy;
    cache_policy_tick(policy);
    append(s3, entry, is_remembered(s3, entry->key) ? MAIN : SMALL);
    cache_ghost_fit(&s3->ghost, s3->queues[SMALL].n + s3->queues[MAIN].n);
}

static void s3fifo_remove(struct cache_policy *policy, struct mface_blob *entry)
{
    struct s3fifo *s3 = (struct s3fifo *)policy;
    if (entry->place == SMALL)
        cache_ghost_put(&s3->ghost, entry->key, cache_policy_now(policy), false);
    cache_list_remove(&s3->queues[entry->place], policy->entries, entry);
}

/* Looks at the oldest of a queue: the victim, or NULL after it was moved out of the way. What is
 * pinned goes to main, where it does not block the small queue. */
static struct mface_blob *examine(struct s3fifo *s3, uint32_t queue)
{
    struct mface_blob *entry = &s3->base.entries[s3->queues[queue].oldest];
    const bool pinned = cache_entry_is_pinned(entry);
    const unsigned hits = cache_entry_hits(entry);
    if (!pinned && hits <= (queue == SMALL ? 1 : 0))
        return entry;
    cache_list_remove(&s3->queues[queue], s3->base.entries, entry);
    append(s3, entry, MAIN);
    if (queue == SMALL)
        cache_entry_clear_hits(entry);
    else if (hits)
        cache_entry_drop_hit(entry);
    return NULL;
}

static struct mface_blob *s3fifo_victim(struct cache_policy *policy)
{
    struct s3fifo *s3 = (struct s3fifo *)policy;
    const struct cache_list *small = &s3->queues[SMALL], *main = &s3->queues[MAIN];
    const int64_t n = small->n + main->n;
    for (int64_t i = 0; i < n * (int64_t)(CACHE_HITS_MAX + 2); i++) {
        const bool small_is_full = small->bytes * SMALL_PART >= small->bytes + main->bytes;
        const bool from_small = small->n && (small_is_full || !main->n);
        struct mface_blob *entry = examine(s3, from_small ? SMALL : MAIN);
        if (entry)
            return entry;
    }
    return NULL;
}

static int64_t s3fifo_bytes(const struct cache_policy *policy)
{
    return (int64_t)sizeof(struct s3fifo) +
           cache_ghost_bytes(&((const struct s3fifo *)policy)->ghost);
}

const struct cache_policy_ops cache_policy_s3fifo = {
    .name = "s3fifo",
    .create = s3fifo_create,
    .free = s3fifo_free,
    .insert = s3fifo_insert,
    .remove = s3fifo_remove,
    .victim = s3fifo_victim,
    .bytes = s3fifo_bytes,
};
