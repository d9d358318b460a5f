/* The folder of the disk tier: its marker, its lock, the names in it.
 *
 *   <cache folder>/results/memoface-cache            says whose folder it is
 *   <cache folder>/results/lock                      flock: creating, adopting, evicting segments
 *   <cache folder>/results/<time>-<pid>-<random>.seg one writer each, who holds its flock until
 * sealed <cache folder>/results/<time>-<pid>-<random>.idx sidecar of a sealed segment
 *
 * Names sort by age. Only names of this shape are ever removed. */
#ifndef MFACE_CACHE_DISK_FOLDER_H
#define MFACE_CACHE_DISK_FOLDER_H

#include "cache/disk_scan.h"

#include <limits.h>

enum { DISK_STEM_BYTES = 35, DISK_NAME_BYTES = 40 }; // without and with an extension

struct disk_folder {
    char path[PATH_MAX];
    int fd;      // of the directory; -1: closed
    int lock_fd; // -1: the folder cannot be written
};

/* A segment as it lies in the folder. */
struct disk_file {
    char stem[DISK_STEM_BYTES];
    uint64_t bytes, sidecar_bytes;
    int64_t used_us; // last written or hit
    bool is_sealed;
};

/* Opens <dir>/results, with `create` making what is missing. Logs on failure: MFACE_ERR_NOENT,
 * MFACE_ERR_IO, MFACE_ERR_FORMAT (a folder without our marker). */
MFACE_NODISCARD enum mface_status disk_folder_open(
    const char *dir, bool create, struct disk_folder *folder);
void disk_folder_clear(struct disk_folder *folder);

/* Waits for other processes; nothing happens in a folder that cannot be written. */
void disk_folder_lock(struct disk_folder *folder);
void disk_folder_unlock(struct disk_folder *folder);

/* The segments, oldest name first; free *files with mface_mem_free(). Not logged. */
MFACE_NODISCARD enum mface_status disk_folder_list(
    const struct disk_folder *folder, struct disk_file **files, size_t *n_files);

/* Removes sidecars without a segment and unfinished ones. Under the lock. */
void disk_folder_sweep(const struct disk_folder *folder);

/* Opens <stem><extension>; -1 with errno. */
int disk_folder_open_file(
    const struct disk_folder *folder, const char *stem, const char *extension, int flags);
bool disk_folder_remove(const struct disk_folder *folder, const char *stem); // both files

/* Writes the sidecar of a sealed segment, whole or not at all. Under the lock. */
bool disk_folder_write_sidecar(const struct disk_folder *folder, const char *stem,
    uint64_t segment_bytes, const struct disk_scan *scan);

/* Whether a living writer holds the segment; under the lock. */
bool disk_folder_in_use(const struct disk_folder *folder, const char *stem);

bool disk_write_at(int fd, const void *data, size_t size, uint64_t offset); // all of it, or errno

#endif
