/* The cache: immutable blobs in RAM, by 128-bit key, within a hard byte budget.
 *
 * It never knows what a blob means. A hit is a reference to the very bytes that were inserted;
 * they stay valid and unchanged until the reference is given back, whatever is evicted meanwhile.
 * Many threads asking for one missing key get one loader: the rest wait for its result or its
 * error (single flight). Every function is thread-safe unless it says otherwise. */
#ifndef MEMOFACE_CACHE_H
#define MEMOFACE_CACHE_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_cache; // opaque
struct mface_blob;  // opaque: one referenced entry

enum { MFACE_CACHE_CLASSES_MAX = 16 };

struct mface_cache_params {
    int64_t budget_bytes; // everything counts: blobs, index, pinned, in flight
    const char *policy;   // "smart" (also NULL), "lru", "s3fifo" or "sieve"
};

/* One class of entries (a stage): figures since the cache was created. */
struct mface_cache_class_stats {
    int64_t hits, misses, inserts, evictions;
    int64_t n_entries, bytes; // resident now
    int64_t saved_us;         // sum of the costs of the entries at each hit
};

/* What the memory governor did: it lowers the limit of the cache while memory is short. */
struct mface_governor_stats {
    int64_t user_limit_bytes;   // what the user allowed; the cache's limit is never above it
    int64_t n_shrinks, n_grows; // changes of the limit
    int64_t n_emergencies;      // those shrinks for which memory was nearly full (90 %)
    double memory_used;         // 0..1 at the last reading, of the machine or the tightest cgroup
    int64_t memory_bytes;       // what that is a share of; 0: never read
    const char *reason;         // of the last change; "" none. Static
};

struct mface_cache_stats {
    int64_t limit_bytes, used_bytes, peak_bytes;
    int64_t n_entries;
    int64_t hits, misses, inserts, evictions;
    int64_t rejected; // inserts refused because everything in the way was pinned or too large
    int64_t saved_us;
    struct mface_cache_class_stats classes[MFACE_CACHE_CLASSES_MAX];
};

/* MFACE_OK, MFACE_ERR_NOMEM, or MFACE_ERR_ARG (budget < 1 MiB, unknown policy). */
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_create(
    const struct mface_cache_params *params, struct mface_cache **out);

/* Nulls the pointer. Every blob must have been unreferenced. NULL is accepted. */
MFACE_API void mface_cache_free(struct mface_cache **cache);

/* Nonzero: a look-up would hit now. Counts nothing, and is no use of the entry. */
MFACE_API int mface_cache_has(struct mface_cache *cache, struct mface_key key);

/* A reference to the entry, or NULL. Counts a hit or a miss of class `cls`; a hit adds the
 * entry's cost to saved_us. Never waits for a loader. */
MFACE_API struct mface_blob *mface_cache_get(
    struct mface_cache *cache, struct mface_key key, unsigned cls);

/* What mface_cache_begin() found. */
enum mface_cache_outcome {
    MFACE_CACHE_HIT,  // *blob is a reference
    MFACE_CACHE_LOAD, // the caller is the loader: it must call commit or abort
};

/* Like get, but a miss makes the caller the loader of that key, and a key being loaded by
 * another thread waits for it. If that loader aborts with an error the waiters get its status
 * (nothing is logged). A thread must not begin a key it is itself loading.
 * Returns MFACE_OK with *outcome set, or the loader's error. */
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_begin(struct mface_cache *cache,
    struct mface_key key, unsigned cls, enum mface_cache_outcome *outcome,
    struct mface_blob **blob);

/* Ends a load: room for `size` bytes within the budget, to be filled and then published.
 *   reserve: *blob is writable through mface_blob_data_mut() and visible to nobody else.
 *            MFACE_ERR_NOSPC, not logged, when the budget is fully pinned or too small; the
 *            caller then still aborts the load, and goes on uncached.
 *   commit:  publishes the blob as the result of the load. `cost_us` is what it took to compute.
 *            The caller keeps its reference. Waiters wake with a hit.
 *   abort:   ends the load without a result; `blob` from reserve or NULL. Waiters get `status`;
 *            MFACE_OK means "computed but not kept": each waiter then tries again itself. */
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_reserve(struct mface_cache *cache,
    struct mface_key key, unsigned cls, size_t size, struct mface_blob **blob);
MFACE_API void mface_cache_commit(
    struct mface_cache *cache, struct mface_blob *blob, int64_t cost_us);
MFACE_API void mface_cache_abort(struct mface_cache *cache, struct mface_key key,
    struct mface_blob *blob, enum mface_status status);

/* After a commit of `heir`: it was made from `n` other entries, and who finds it will not ask for
 * them. A hint to the policy, which may keep it in their stead; it does nothing when one of them is
 * not there, and changes no bytes. */
MFACE_API void mface_cache_inherit(
    struct mface_cache *cache, struct mface_key heir, const struct mface_key *from, int n);

MFACE_API const void *mface_blob_data(const struct mface_blob *blob); // 64-byte aligned
MFACE_API void *mface_blob_data_mut(struct mface_blob *blob);         // between reserve and commit
MFACE_API size_t mface_blob_size(const struct mface_blob *blob);
MFACE_API struct mface_blob *mface_blob_ref(struct mface_blob *blob); // returns its argument
MFACE_API void mface_blob_unref(struct mface_cache *cache, struct mface_blob **blob); // nulls

/* Changes the budget; shrinking evicts at once and returns memory to the system. */
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_resize(
    struct mface_cache *cache, int64_t budget_bytes);

/* Evicts everything that is not pinned. */
MFACE_API void mface_cache_drop_all(struct mface_cache *cache);

MFACE_API void mface_cache_get_stats(
    const struct mface_cache *cache, struct mface_cache_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
