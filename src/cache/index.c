/* See index.h. The home of a slot follows from the half of the hash it stores, so slots can move
 * without a look at their entries. */
#include "cache/index.h"

#include <sys/mman.h>

enum { MIN_SLOTS = 512 }; // one page

static uint64_t load(const struct cache_index *index, uint64_t i)
{
    return atomic_load_explicit(&index->slots[i], memory_order_relaxed);
}

static void store(struct cache_index *index, uint64_t i, uint64_t slot)
{
    atomic_store_explicit(&index->slots[i], slot, memory_order_release);
}

static uint64_t mask_of(const struct cache_index *index)
{
    return atomic_load_explicit(&index->mask, memory_order_relaxed);
}

bool cache_index_init(struct cache_index *index, size_t n_max)
{
    size_t n_slots = MIN_SLOTS;
    while (n_slots * 4 < n_max * 5)
        n_slots *= 2;
    *index = (struct cache_index) { .reserved_bytes = 2 * n_slots * sizeof index->slots[0] };
    void *memory = mmap(NULL, index->reserved_bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    index->slots = memory;
    atomic_init(&index->mask, MIN_SLOTS - 1);
    return true;
}

void cache_index_clear(struct cache_index *index)
{
    if (index->slots)
        munmap(index->slots, index->reserved_bytes);
    *index = (struct cache_index) { 0 };
}

static void put(struct cache_index *index, uint64_t slot)
{
    const uint64_t mask = mask_of(index);
    uint64_t i = slot >> 32 & mask;
    while (load(index, i))
        i = (i + 1) & mask;
    store(index, i, slot);
}

/* Takes a slot out and closes the gap: what probed past it moves back (no tombstones). */
static void take(struct cache_index *index, uint64_t gap)
{
    const uint64_t mask = mask_of(index);
    for (uint64_t i = (gap + 1) & mask; load(index, i); i = (i + 1) & mask) {
        const uint64_t home = load(index, i) >> 32 & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            store(index, gap, load(index, i));
            gap = i;
        }
    }
    store(index, gap, 0);
}

/* Lays all slots out anew among n_new. The second half of the reservation holds them meanwhile: a
 * rehash never fails. */
static void rehash(struct cache_index *index, uint64_t n_new)
{
    const uint64_t n_old = mask_of(index) + 1;
    _Atomic uint64_t *scratch = index->slots + index->reserved_bytes / 2 / sizeof scratch[0];
    for (uint64_t i = 0; i < n_old; i++) {
        atomic_init(&scratch[i], load(index, i));
        store(index, i, 0);
    }
    atomic_store_explicit(&index->mask, n_new - 1, memory_order_relaxed);
    for (uint64_t i = 0; i < n_old; i++)
        if (scratch[i])
            put(index, scratch[i]);
    madvise(scratch, n_old * sizeof scratch[0], MADV_DONTNEED);
}

int64_t cache_index_insert(struct cache_index *index, uint64_t hash, uint32_t id)
{
    const int64_t before = cache_index_bytes(index);
    if ((uint64_t)++index->n_entries * 5 > (mask_of(index) + 1) * 4)
        rehash(index, (mask_of(index) + 1) * 2);
    put(index, hash >> 32 << 32 | id);
    return cache_index_bytes(index) - before;
}

void cache_index_remove(struct cache_index *index, uint64_t hash, uint32_t id)
{
    const uint64_t mask = mask_of(index), slot = hash >> 32 << 32 | id;
    uint64_t i = hash >> 32 & mask;
    while (load(index, i) != slot)
        i = (i + 1) & mask;
    take(index, i);
    index->n_entries--;
}

int64_t cache_index_trim(struct cache_index *index)
{
    const int64_t before = cache_index_bytes(index);
    while (mask_of(index) + 1 > MIN_SLOTS && (uint64_t)index->n_entries * 4 < mask_of(index) + 1)
        rehash(index, (mask_of(index) + 1) / 2);
    const int64_t after = cache_index_bytes(index);
    if (after < before)
        madvise((char *)index->slots + after, (size_t)(before - after), MADV_DONTNEED);
    return before - after;
}

int64_t cache_index_bytes(const struct cache_index *index)
{
    return (int64_t)((mask_of(index) + 1) * sizeof index->slots[0]);
}
