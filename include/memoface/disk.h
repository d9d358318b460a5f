/* The disk tier: results that survive restarts, in append-only segment files (docs/cache.md).
 *
 * It stores opaque bytes by 128-bit key, as the RAM cache does, and never serves a byte that was
 * not checked: whatever is damaged, cut off or gone is a miss. Writing happens on a thread of its
 * own behind a bounded queue. Several processes may share one folder. Every function is thread-safe
 * unless it says otherwise. */
#ifndef MEMOFACE_DISK_H
#define MEMOFACE_DISK_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_disk; // opaque

enum { MFACE_DISK_CLASSES_MAX = 16 };

struct mface_disk_params {
    const char *dir;       // the cache folder, made if missing; "" or NULL: the user's own
    int64_t limit_bytes;   // all files of the tier together; ≥ 1 MiB
    int64_t segment_bytes; // size at which a segment is sealed; 0: a 16th of the limit, ≤ 256 MiB
    int64_t queue_bytes;   // waiting to be written, in memory; 0: 32 MiB
    /* Mixed into every key: whatever changes results and is in no key, such as the version of the
     * program and the instruction set. Entries of another realm are never found. */
    struct mface_key realm;
};

/* Figures since the tier was opened; sizes are now. */
struct mface_disk_stats {
    int64_t limit_bytes, used_bytes; // used: at the last look at the folder, and written since
    int64_t n_entries, memory_bytes; // memory: index and queue
    int64_t hits, misses, read_bytes;
    int64_t saved_us;            // sum of the costs of the entries at each hit
    int64_t writes, write_bytes; // entries written, their bytes
    int64_t drops;               // entries not written: queue full, too large, or after a failure
    int64_t damaged;             // entries that failed their checks and became misses
    int64_t segments_evicted;
    int is_writable; // 0 after a failure to write; what was read stays readable
};

/* Opens the tier and reads the index. Logs on failure: MFACE_ERR_ARG (limit), MFACE_ERR_NOMEM,
 * MFACE_ERR_IO (no access), MFACE_ERR_FORMAT (the folder holds something else). A folder that can
 * be read and not written is opened with a warning. */
MFACE_API MFACE_NODISCARD enum mface_status mface_disk_open(
    const struct mface_disk_params *params, struct mface_disk **out);

/* Writes what is queued, seals the segment and nulls the pointer. NULL is accepted. */
MFACE_API void mface_disk_close(struct mface_disk **disk);

/* Where an entry lies; a plain value. */
struct mface_disk_hit {
    struct mface_key key; // as stored, realm included
    uint64_t offset;
    int64_t cost_us; // what it took to compute
    uint32_t size, segment;
    unsigned cls;
};

/* Nonzero: find() would find the entry now. Counts nothing. */
MFACE_API int mface_disk_has(struct mface_disk *disk, struct mface_key key);

/* Looks an entry up in memory; no file is touched. Nonzero: *hit says how much room read() needs.
 * Counts a miss if there is none. */
MFACE_API int mface_disk_find(
    struct mface_disk *disk, struct mface_key key, struct mface_disk_hit *hit);

/* Reads the entry into `data` (hit->size bytes) and checks it. MFACE_OK counts a hit;
 * MFACE_ERR_NOENT, not logged, counts a miss: it is gone or damaged, `data` holds nothing of use,
 * and find() will not find it again. */
MFACE_API MFACE_NODISCARD enum mface_status mface_disk_read(
    struct mface_disk *disk, const struct mface_disk_hit *hit, void *data);

/* Copies an entry into the queue; never waits. An entry that is there already is left alone; one
 * for which the queue has no room is dropped and counted. cls < MFACE_DISK_CLASSES_MAX. */
MFACE_API void mface_disk_put(struct mface_disk *disk, struct mface_key key, unsigned cls,
    int64_t cost_us, const void *data, size_t size);

/* Waits until everything queued so far has been written or dropped. */
MFACE_API void mface_disk_flush(struct mface_disk *disk);

MFACE_API void mface_disk_get_stats(struct mface_disk *disk, struct mface_disk_stats *stats);

/* The cache folder a setting stands for: `dir` itself, or for "" and NULL memoface under
 * $XDG_CACHE_HOME or ~/.cache. Logs on failure: MFACE_ERR_NOENT (no home), MFACE_ERR_ARG (too
 * long). `path_bytes`: room at `path`. */
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_folder(
    const char *dir, char *path, size_t path_bytes);

/* Looking after a cache folder; `dir` as above. All log on failure, MFACE_ERR_NOENT where there is
 * no cache and MFACE_ERR_FORMAT where the folder is something else.
 *   print:  entries, bytes by stage, segments, age.
 *   verify: reads and checks every record, names what is damaged; *n_damaged counts it.
 *   clear:  removes the tier's files and nothing else; segments being written stay. */
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_folder_print(
    const char *dir, FILE *file, int as_json);
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_folder_verify(
    const char *dir, FILE *file, int as_json, int64_t *n_damaged);
MFACE_API MFACE_NODISCARD enum mface_status mface_cache_folder_clear(
    const char *dir, int64_t *n_removed);

#ifdef __cplusplus
}
#endif
#endif
