/* One shard's index: keys to entry numbers.
 *
 * Open addressing with linear probing in eight-byte slots: the upper half of the key's hash, then
 * the entry's number; 0 is empty. Eight slots share a cache line, so a lookup touches one line here
 * and the entry's own. One hash in four billion sends a reader to an entry of another key, which it
 * finds out after taking the reference, when the key cannot change.
 *
 * Writers hold the shard's lock. Readers hold nothing: the slots are a fixed reservation of
 * addresses that grows in place and is never unmapped, so the worst that a reader sees while slots
 * move is a miss, and a miss is looked up again under the lock. */
#ifndef MFACE_CACHE_INDEX_H
#define MFACE_CACHE_INDEX_H

#include <memoface/key.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache_index {
    _Atomic uint64_t *slots;
    _Atomic uint64_t mask; // slots in use, less one
    size_t reserved_bytes; // of addresses: twice the largest size
    uint8_t apart[40];     // what follows is written often: not on the line that readers need
    int64_t n_entries;
};

/* Callers need not pass well-mixed keys: either half may be a plain count. */
static inline uint64_t cache_key_hash(struct mface_key key)
{
    uint64_t hash = (key.lo ^ key.hi << 1) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
    return hash * 0x9e3779b97f4a7c15u;
}

/* Room for at most n_max entries. */
bool cache_index_init(struct cache_index *index, size_t n_max);
void cache_index_clear(struct cache_index *index);

/* Steps through the slots of a hash: the next entry number at or after *step that may have that
 * hash, 0 at the end. Start with *step = 0. Needs no lock. */
static inline uint32_t cache_index_probe(
    const struct cache_index *index, uint64_t hash, uint64_t *step)
{
    const uint64_t mask = atomic_load_explicit(&index->mask, memory_order_relaxed);
    while (*step <= mask) {
        const uint64_t slot = atomic_load_explicit(
            &index->slots[((hash >> 32) + (*step)++) & mask], memory_order_relaxed);
        if (!slot)
            return 0;
        if (slot >> 32 == hash >> 32)
            return (uint32_t)slot;
    }
    return 0;
}

/* Begins to load what a probe for that hash would read. */
static inline void cache_index_prefetch(const struct cache_index *index, uint64_t hash)
{
    const uint64_t mask = atomic_load_explicit(&index->mask, memory_order_relaxed);
    __builtin_prefetch(&index->slots[(hash >> 32) & mask], 1);
}

/* Both under the shard's lock. Insert cannot fail below n_max entries; it returns by how many bytes
 * the index grew. */
int64_t cache_index_insert(struct cache_index *index, uint64_t hash, uint32_t id);
void cache_index_remove(struct cache_index *index, uint64_t hash, uint32_t id);

/* Makes the index as small as its entries allow, under the shard's lock; returns bytes returned. */
int64_t cache_index_trim(struct cache_index *index);

int64_t cache_index_bytes(const struct cache_index *index);

#endif
