/* One entry of the cache: 64 bytes, one cache line, in a table that never moves.
 *
 *    0        8                24      32        40      44      48      52      56       64
 *   ┌────────┬────────────────┬───────┬─────────┬───────┬───────┬───────┬───────┬────────┐
 *   │ meta   │ key            │ data  │ size cls│ cost  │ older │ newer │ place │ worth  │
 *   └────────┴────────────────┴───────┴─────────┴───────┴───────┴───────┴───────┴────────┘
 *     atomic   constant while the entry is not FREE      └ the policy's, under its lock ┘
 *
 *   meta: 63        32 31    28 27   26 25   24 23          0
 *        ┌────────────┬────────┬───────┬───────┬─────────────┐
 *        │ last use   │ unused │ state │ hits  │ references  │
 *        └────────────┴────────┴───────┴───────┴─────────────┘
 *
 * A hit is one compare-and-swap on meta: it takes the reference, counts the hit (saturating) and
 * stamps the time of use, and it succeeds only while the entry is VISIBLE. An eviction is the
 * opposite swap, VISIBLE without references → FREE, so neither needs a lock against the other. A
 * zeroed line is a FREE entry: pages of the table can be given back to the system at any time that
 * no entry on them is in use, even under a late reader's eyes. */
#ifndef MFACE_CACHE_ENTRY_H
#define MFACE_CACHE_ENTRY_H

#include <memoface/cache.h>
#include <stdatomic.h>
#include <stdbool.h>

enum cache_entry_state {
    CACHE_FREE,    // not an entry, or on its way out
    CACHE_FILLING, // between reserve and commit: its loader's own
    CACHE_VISIBLE, // in the index and in the policy
};

#define CACHE_REF         ((uint64_t)1)
#define CACHE_REFS_MASK   ((uint64_t)0xffffff)
#define CACHE_HITS_SHIFT  24
#define CACHE_HITS_MAX    ((uint64_t)3)
#define CACHE_HITS_MASK   (CACHE_HITS_MAX << CACHE_HITS_SHIFT)
#define CACHE_STATE_SHIFT 26
#define CACHE_STATE_MASK  ((uint64_t)3 << CACHE_STATE_SHIFT)
#define CACHE_USE_SHIFT   32

struct mface_blob {
    _Atomic uint64_t meta;
    struct mface_key key;
    uint8_t *data; // 64-byte aligned
    uint64_t size : 56, cls : 8;
    uint32_t cost_us;      // saturated; of the load that made it
    uint32_t older, newer; // neighbours in one of the policy's lists; 0: none
    uint32_t place;        // which list, as the policy numbers them
    double worth;          // for the policy
};

_Static_assert(sizeof(struct mface_blob) == 64, "an entry fills one cache line");

static inline uint64_t cache_meta_make(
    enum cache_entry_state state, uint32_t last_use, uint64_t n_refs)
{
    return (uint64_t)last_use << CACHE_USE_SHIFT | (uint64_t)state << CACHE_STATE_SHIFT | n_refs;
}

static inline bool cache_meta_is_visible(uint64_t meta)
{
    return (meta & CACHE_STATE_MASK) == (uint64_t)CACHE_VISIBLE << CACHE_STATE_SHIFT;
}

static inline bool cache_meta_is_pinned(uint64_t meta)
{
    return (meta & CACHE_REFS_MASK) != 0;
}

/* The meta word after one more hit at time `now` that takes `n_refs` references. */
static inline uint64_t cache_meta_hit(uint64_t meta, uint32_t now, uint64_t n_refs)
{
    const uint64_t hit =
        (meta & CACHE_HITS_MASK) == CACHE_HITS_MASK ? 0 : (uint64_t)1 << CACHE_HITS_SHIFT;
    return (uint64_t)now << CACHE_USE_SHIFT | ((meta & 0xffffffffu) + hit + n_refs);
}

/* Takes a reference and notes the hit; false when the entry is not (or no longer) visible. */
static inline bool cache_entry_try_hit(struct mface_blob *entry, uint32_t now, uint64_t n_refs)
{
    uint64_t meta = atomic_load_explicit(&entry->meta, memory_order_relaxed);
    do {
        if (!cache_meta_is_visible(meta))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&entry->meta, &meta,
        cache_meta_hit(meta, now, n_refs), memory_order_acquire, memory_order_relaxed));
    return true;
}

/* What policies ask of an entry. */
static inline bool cache_entry_is_pinned(const struct mface_blob *entry)
{
    return cache_meta_is_pinned(atomic_load_explicit(&entry->meta, memory_order_relaxed));
}

/* Hits since they were last cleared, 0..CACHE_HITS_MAX. */
static inline unsigned cache_entry_hits(const struct mface_blob *entry)
{
    const uint64_t meta = atomic_load_explicit(&entry->meta, memory_order_relaxed);
    return (unsigned)((meta & CACHE_HITS_MASK) >> CACHE_HITS_SHIFT);
}

static inline void cache_entry_clear_hits(struct mface_blob *entry)
{
    atomic_fetch_and_explicit(&entry->meta, ~CACHE_HITS_MASK, memory_order_relaxed);
}

/* One hit less; only for an entry that has one. Policies' lock: nobody else takes hits away. */
static inline void cache_entry_drop_hit(struct mface_blob *entry)
{
    atomic_fetch_sub_explicit(&entry->meta, (uint64_t)1 << CACHE_HITS_SHIFT, memory_order_relaxed);
}

/* The policy's clock at the last use (insertion is one). */
static inline uint32_t cache_entry_last_use(const struct mface_blob *entry)
{
    return (uint32_t)(atomic_load_explicit(&entry->meta, memory_order_relaxed) >> CACHE_USE_SHIFT);
}

#endif
