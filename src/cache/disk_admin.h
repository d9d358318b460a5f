/* Looking after a folder of the disk tier while nobody, or somebody, uses it. */
#ifndef MFACE_CACHE_DISK_ADMIN_H
#define MFACE_CACHE_DISK_ADMIN_H

#include "cache/disk_folder.h"

struct disk_survey {
    char path[PATH_MAX];
    int64_t n_segments, n_unsealed, n_entries, bytes; // bytes: of all files
    uint64_t oldest_us, newest_us;                    // since 1970; 0: nothing there
    struct {
        int64_t n_entries, bytes;
    } classes[MFACE_DISK_CLASSES_MAX];
};

/* Logs on failure; statuses of disk_folder_open() and MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status disk_survey_take(const char *dir, struct disk_survey *survey);

/* Called for each damaged place: the file's name, where in it, and what is wrong. */
typedef void (*disk_damage_fn)(void *user, const char *file, uint64_t offset, const char *what);

struct disk_verdict {
    int64_t n_records, n_sound; // records found, and those whose every byte is right
    int64_t n_damaged;          // times `damage` was called
    int64_t n_unfinished; // segments that end within a record because their writer was stopped
};

/* Checks every byte of every file. Logs on failure to open; what cannot be read is damage. */
MFACE_NODISCARD enum mface_status disk_verify(
    const char *dir, disk_damage_fn damage, void *user, struct disk_verdict *verdict);

#endif
