/* Eviction policies: who goes first. A small table of verbs, one file each.
 *
 * A policy keeps lists of entries by number: entry n is entries[n], number 0 means none. It never
 * looks at an entry's bytes, never allocates per entry, and knows no budget: it is asked for one
 * victim at a time. Insert, hit, remove and victim are called under one lock (or from one thread);
 * hits change an entry's meta word at any time, which is why a policy reads it through entry.h.
 *
 * To drive a policy alone, as a simulator does, with an own array of entries (zeroed, 64-byte
 * aligned, number 0 unused) and the same figures as in the cache:
 *
 *   create   policy = ops->create(entries)
 *   hit      cache_entry_try_hit(entry, cache_policy_now(policy), 0);
 *            if (ops->hit) ops->hit(policy, entry)
 *   miss     while (used + size > budget && (v = ops->victim(policy))) {
 *                ops->remove(policy, v); used -= v's size, v's number is free again }
 *            entry->key, size, cls, cost_us = …; atomic_init(&entry->meta, cache_meta_make(
 *                CACHE_VISIBLE, cache_policy_now(policy), 0)); ops->insert(policy, entry)
 *
 * data stays NULL; older, newer, place and worth are the policy's own. A simulator with its loads
 * in flight can pin by n_refs 1 in either place and unpin by subtracting CACHE_REF from meta. */
#ifndef MFACE_CACHE_POLICY_H
#define MFACE_CACHE_POLICY_H

#include "cache/entry.h"

struct cache_policy_ops;

/* The part every policy begins with. */
struct cache_policy {
    const struct cache_policy_ops *ops;
    struct mface_blob *entries; // borrowed
    _Atomic uint32_t now;       // clock: insertions so far, modulo 2^32; read at every hit
};

struct cache_policy_ops {
    const char *name;
    /* NULL: out of memory. */
    struct cache_policy *(*create)(struct mface_blob *entries);
    void (*free)(struct cache_policy *policy);
    /* A new entry: size, class and cost are known. It may have been hit since it became visible.
     * Advances the clock. */
    void (*insert)(struct cache_policy *policy, struct mface_blob *entry);
    /* NULL unless the policy must act at each hit: the others find hits in the meta word later,
     * so that a hit needs no lock. */
    void (*hit)(struct cache_policy *policy, struct mface_blob *entry);
    /* The entry leaves: evicted, whether chosen by victim() or not. */
    void (*remove)(struct cache_policy *policy, struct mface_blob *entry);
    /* An entry that nobody referenced a moment ago, still in the lists; NULL when all are pinned.
     * Amortised O(1) when few are pinned. */
    struct mface_blob *(*victim)(struct cache_policy *policy);
    /* NULL, or: `heir` was just made from `n` > 0 others; who finds it asks for none of them. */
    void (*inherit)(struct cache_policy *policy, struct mface_blob *heir,
        struct mface_blob *const *from, int n);
    /* Memory it holds beside the entries. */
    int64_t (*bytes)(const struct cache_policy *policy);
};

extern const struct cache_policy_ops cache_policy_smart; // the default
extern const struct cache_policy_ops cache_policy_lru;
extern const struct cache_policy_ops cache_policy_s3fifo;
extern const struct cache_policy_ops cache_policy_sieve;

/* By name; NULL when there is none of that name. A NULL name finds the default. */
const struct cache_policy_ops *cache_policy_find(const char *name);

static inline uint32_t cache_policy_now(const struct cache_policy *policy)
{
    return atomic_load_explicit(&policy->now, memory_order_relaxed);
}

static inline void cache_policy_tick(struct cache_policy *policy)
{
    atomic_store_explicit(
        &policy->now, cache_policy_now(policy) + 1, memory_order_relaxed); // one writer: the lock
}

/* Entries in the order they came, oldest first. Zero-initialised is empty. */
struct cache_list {
    uint32_t oldest, newest; // entry numbers; 0: none
    int64_t n, bytes;
};

static inline void cache_list_append(
    struct cache_list *list, struct mface_blob *entries, struct mface_blob *entry)
{
    const uint32_t id = (uint32_t)(entry - entries);
    entry->older = list->newest;
    entry->newer = 0;
    *(list->newest ? &entries[list->newest].newer : &list->oldest) = id;
    list->newest = id;
    list->n++;
    list->bytes += (int64_t)entry->size;
}

static inline void cache_list_remove(
    struct cache_list *list, struct mface_blob *entries, struct mface_blob *entry)
{
    *(entry->older ? &entries[entry->older].newer : &list->oldest) = entry->newer;
    *(entry->newer ? &entries[entry->newer].older : &list->newest) = entry->older;
    list->n--;
    list->bytes -= (int64_t)entry->size;
}

/* Makes the oldest the newest. */
static inline void cache_list_rotate(struct cache_list *list, struct mface_blob *entries)
{
    struct mface_blob *entry = &entries[list->oldest];
    cache_list_remove(list, entries, entry);
    cache_list_append(list, entries, entry);
}

#endif
