/* The cache's inside, shared by its files.
 *
 *      key ─hash→ shard ─────────────→ entry (table.h) ───→ bytes (room.h)
 *                 index, flights         ↑ lists
 *                                      policy
 *
 * Locks: one a shard (index, flights) and one for the ledger (budget, policy, table, room). The
 * ledger's may be held when a shard's is taken, never the other way round. A hit takes neither: it
 * reads the index and swaps the entry's meta word (entry.h). Bytes are filled outside all locks,
 * between reserve and commit.
 *
 * A load opens the ledger once, in reserve, or once for several loads of one size (stock.c). Commit
 * only leaves the entry in its thread's `arrivals`, and whoever opens the ledger next takes it into
 * the policy, before anything else: so nobody who holds the ledger sees a policy without an entry
 * that was committed before. In a full cache reserve hands the victim's slot on as it is, and its
 * former key leaves the index after the ledger was closed.
 *
 * One ledger and not one a shard, because entries differ in size by five orders of magnitude: a
 * budget cut into shards would refuse what the whole could hold, and the policy would be another
 * one than that which was simulated. Loads are milliseconds apart; hits are not. */
#ifndef MFACE_CACHE_INTERNAL_H
#define MFACE_CACHE_INTERNAL_H

#include "base/stat.h"
#include "cache/index.h"
#include "cache/lock.h"
#include "cache/policy.h"
#include "cache/room.h"
#include "cache/table.h"

enum { CACHE_SHARDS_MAX = 16, CACHE_STRIPES = 16, CACHE_STOCK_MAX = 8 };

struct cache_flight;

struct cache_shard {
    _Alignas(64) struct cache_index index; // its first line and slots are read without the lock
    struct cache_lock lock;                // guards all of this
    struct cache_bell landed;              // some flight is done
    struct cache_flight *flights; // keys being loaded: as many as threads load, a short list
    struct cache_flight *spare;   // for reuse
};

_Static_assert(sizeof(struct cache_shard) == 128, "one line for readers, one for writers");

/* Evicted entries whose slots are kept for a thread's next loads; see stock.c. */
struct cache_stock {
    _Atomic uint32_t ids[CACHE_STOCK_MAX]; // 0: none
    size_t size;                           // that was last asked for
    int batch;                             // how many were taken together
};

/* What a thread does often it does where no other thread does it: counting lookups is then no
 * contention, and loads seldom meet. All threads beyond the stripes share the last one. */
struct cache_stripe {
    _Alignas(64) _Atomic uint32_t arrivals; // committed, not yet in the policy: the last of a chain
    struct cache_stock stock;               // size, batch: the thread's own
    _Alignas(64) mface_counter hits[MFACE_CACHE_CLASSES_MAX];
    mface_counter misses[MFACE_CACHE_CLASSES_MAX];
    mface_counter saved_us[MFACE_CACHE_CLASSES_MAX];
};

struct cache_class_counts {
    int64_t inserts, evictions, n_entries, bytes;
};

struct mface_cache {
    const struct cache_policy_ops *ops;
    struct cache_policy *policy; // lists: ledger lock; clock: atomic
    struct mface_blob *entries;  // table.entries
    uint64_t shard_mask;         // shards, less one
    struct cache_shard *shards;  //
    _Atomic int64_t index_bytes; // of all shards

    _Alignas(64) struct cache_lock ledger; // guards everything below but the stripes
    struct cache_table table;
    struct cache_room room;
    int64_t fixed_bytes; // of the cache itself
    int64_t limit_bytes, peak_bytes, rejected;
    int64_t evicted_bytes; // ever
    struct cache_class_counts classes[MFACE_CACHE_CLASSES_MAX];

    struct cache_stripe stripes[CACHE_STRIPES]; // each a thread's; the last is shared
};

static inline struct cache_shard *cache_shard_of(const struct mface_cache *cache, uint64_t hash)
{
    return &cache->shards[hash & cache->shard_mask];
}

/* ledger.c */
void cache_announce(struct mface_cache *cache, struct mface_blob *blob); // needs no lock
/* Takes the lock; what was announced before enters the policy and the counts. */
void cache_ledger_open(struct mface_cache *cache);
void cache_ledger_close(struct mface_cache *cache);
/* Gives the policy what was announced since; under the ledger. */
void cache_take_in(struct mface_cache *cache);
/* Takes a key of an evicted entry out of the index; with or without the ledger's lock. */
void cache_unlist(struct mface_cache *cache, struct mface_key key, const struct mface_blob *blob);

/* The rest of ledger.c, under the ledger's lock. */
int64_t cache_used_bytes(const struct mface_cache *cache);
/* Evicts and returns pages until `size` more bytes fit (0: until the budget is met); false when
 * what is left is pinned. */
bool cache_make_room(struct mface_cache *cache, size_t size);
bool cache_evict_one(struct mface_cache *cache);
void cache_note_peak(struct mface_cache *cache);
/* An entry in state FILLING with one reference and room for its bytes; NULL when there is none. */
struct mface_blob *cache_take_blob(struct mface_cache *cache, size_t size);
/* The same where something must go for it and the victim's slot suits: its entry and its bytes pass
 * on as they are, so no account changes and the next loader can have the ledger at once. Who uses
 * it must still unlist its former key. NULL where it is not as simple as that; one entry may
 * have been evicted then. */
struct mface_blob *cache_take_over(struct mface_cache *cache, size_t size);
void cache_give_blob(struct mface_cache *cache, struct mface_blob *blob); // FILLING; becomes FREE
void cache_trim(struct mface_cache *cache);

/* stock.c: entries as from cache_take_over(), some of them before they are needed. */
struct mface_blob *cache_stock_take(struct mface_cache *cache, size_t size); // needs no lock
struct mface_blob *cache_stock_fill(struct mface_cache *cache, size_t size); // under the ledger
/* Under the ledger: all that is in stock becomes free room; false when there was none. */
bool cache_stock_drain(struct mface_cache *cache);

/* flight.c; all under the shard's lock. */
struct cache_flight *cache_flight_find(struct cache_shard *shard, struct mface_key key);
bool cache_flight_start(struct cache_shard *shard, struct mface_key key); // false: no memory
/* Waits for another thread's load. *blob is a reference, or NULL when the load was aborted. */
enum mface_status cache_flight_wait(
    struct cache_shard *shard, struct cache_flight *flight, struct mface_blob **blob);
/* Ends the flight of `key`: waiters share `blob` (may be NULL) and `status`. Returns how many
 * references the waiters will hold; the caller adds them before it releases the lock. */
int cache_flight_land(struct cache_shard *shard, struct mface_key key, struct mface_blob *blob,
    enum mface_status status);
void cache_flight_clear(struct cache_shard *shard);

/* stats.c */
struct cache_stripe *cache_own_stripe(struct mface_cache *cache); // of the calling thread
void cache_count_hit(struct mface_cache *cache, unsigned cls, int64_t cost_us);
void cache_count_miss(struct mface_cache *cache, unsigned cls);

#endif
