/* Survey, verification, clearing. None of them changes a record. */
#include "cache/disk_admin.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum mface_status open_and_list(
    const char *dir, struct disk_folder *folder, struct disk_file **files, size_t *n_files)
{
    MFACE_TRY(disk_folder_open(dir, false, folder));
    const enum mface_status status = disk_folder_list(folder, files, n_files);
    if (status == MFACE_OK)
        return MFACE_OK;
    const int error = errno;
    mface_mem_free(*files);
    disk_folder_clear(folder);
    return mface_fail(status, "%s: cannot list the cache: %s", folder->path, strerror(error));
}

static bool scan_sidecar_of(
    const struct disk_folder *folder, const struct disk_file *file, struct disk_scan *scan)
{
    const int fd = disk_folder_open_file(folder, file->stem, ".idx", O_RDONLY);
    if (fd < 0)
        return false;
    const bool ok = disk_scan_sidecar(fd, file->bytes, scan);
    close(fd);
    return ok;
}

/* The entries of a segment, by sidecar or headers; an unreadable one has none. */
static enum mface_status scan_file(
    const struct disk_folder *folder, const struct disk_file *file, struct disk_scan *scan)
{
    *scan = (struct disk_scan) { 0 };
    if (scan_sidecar_of(folder, file, scan))
        return MFACE_OK;
    const int fd = disk_folder_open_file(folder, file->stem, ".seg", O_RDONLY);
    if (fd < 0)
        return MFACE_OK;
    const enum mface_status status = disk_scan_segment(fd, scan);
    close(fd);
    return status == MFACE_ERR_NOMEM ? mface_fail_nomem("cache folder") : MFACE_OK;
}

/* Survey */

static uint64_t created_us(const struct disk_file *file)
{
    return strtoull(file->stem, NULL, 16); // the name begins with it
}

static void add_file(
    struct disk_survey *survey, const struct disk_file *file, const struct disk_scan *scan)
{
    const uint64_t born_us = created_us(file);
    survey->n_segments++;
    survey->n_unsealed += !file->is_sealed;
    survey->n_entries += (int64_t)scan->n_entries;
    survey->bytes += (int64_t)(file->bytes + file->sidecar_bytes);
    survey->oldest_us = survey->oldest_us ? survey->oldest_us : born_us; // files come by age
    survey->newest_us = born_us;
    for (size_t i = 0; i < scan->n_entries; i++) {
        survey->classes[scan->entries[i].cls].n_entries++;
        survey->classes[scan->entries[i].cls].bytes += scan->entries[i].size;
    }
}

enum mface_status disk_survey_take(const char *dir, struct disk_survey *survey)
{
    struct disk_folder folder;
    struct disk_file *files;
    size_t n_files;
    memset(survey, 0, sizeof *survey);
    MFACE_TRY(open_and_list(dir, &folder, &files, &n_files));
    memcpy(survey->path, folder.path, sizeof survey->path);
    enum mface_status status = MFACE_OK;
    for (size_t i = 0; i < n_files && status == MFACE_OK; i++) {
        struct disk_scan scan;
        status = scan_file(&folder, &files[i], &scan);
        if (status == MFACE_OK)
            add_file(survey, &files[i], &scan);
        disk_scan_clear(&scan);
    }
    mface_mem_free(files);
    disk_folder_clear(&folder);
    return status;
}

/* Verification */

struct verify {
    struct disk_folder folder;
    struct disk_verdict *verdict;
    disk_damage_fn damage;
    void *user;
    uint8_t *payload;
    size_t payload_bytes;
};

static void report(const struct verify *verify, const struct disk_file *file, const char *extension,
    uint64_t offset, const char *what)
{
    char name[DISK_NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", file->stem, extension);
    verify->verdict->n_damaged++;
    if (verify->damage)
        verify->damage(verify->user, name, offset, what);
}

static bool have_room(struct verify *verify, size_t size)
{
    if (size <= verify->payload_bytes)
        return true;
    mface_mem_free(verify->payload);
    verify->payload = mface_mem_alloc(size);
    verify->payload_bytes = verify->payload ? size : 0;
    return verify->payload != NULL;
}

static enum mface_status check_entries(
    struct verify *verify, const struct disk_file *file, int fd, const struct disk_scan *scan)
{
    for (size_t i = 0; i < scan->n_entries; i++) {
        const struct disk_entry *entry = &scan->entries[i];
        if (!have_room(verify, entry->size))
            return mface_fail_nomem("cache verification");
        errno = 0;
        const enum mface_status status = disk_read_entry(fd, entry, verify->payload);
        verify->verdict->n_records++;
        if (status == MFACE_OK)
            verify->verdict->n_sound++;
        else
            report(verify, file, ".seg", entry->offset,
                status == MFACE_ERR_IO ? strerror(errno) : "record fails its checksum");
    }
    return MFACE_OK;
}

/* What the walk along the headers says; a sidecar that fits leads to records beyond a bad one. */
static enum mface_status check_segment(struct verify *verify, const struct disk_file *file, int fd)
{
    struct disk_scan walk, sidecar;
    const enum mface_status scanned = disk_scan_segment(fd, &walk);
    if (scanned == MFACE_ERR_NOMEM)
        return mface_fail_nomem("cache verification");
    if (scanned != MFACE_OK) {
        report(verify, file, ".seg", 0, strerror(errno));
        return MFACE_OK;
    }
    const bool has_sidecar = file->is_sealed && scan_sidecar_of(&verify->folder, file, &sidecar);
    if (file->is_sealed && !has_sidecar)
        report(verify, file, ".idx", 0, "does not fit its segment, or fails its checksum");
    if (walk.end == DISK_END_TORN && !file->is_sealed)
        verify->verdict->n_unfinished++;
    else if (walk.end == DISK_END_TORN)
        report(verify, file, ".seg", walk.good_bytes, "cut off");
    else if (walk.end == DISK_END_BAD && (!has_sidecar || walk.good_bytes == 0))
        report(verify, file, ".seg", walk.good_bytes, "header fails its checksum");
    const enum mface_status status =
        check_entries(verify, file, fd, has_sidecar ? &sidecar : &walk);
    if (has_sidecar)
        disk_scan_clear(&sidecar);
    disk_scan_clear(&walk);
    return status;
}

static enum mface_status verify_file(struct verify *verify, const struct disk_file *file)
{
    const int fd = disk_folder_open_file(&verify->folder, file->stem, ".seg", O_RDONLY);
    if (fd < 0) {
        if (errno != ENOENT) // evicted since it was listed
            report(verify, file, ".seg", 0, strerror(errno));
        return MFACE_OK;
    }
    const enum mface_status status = check_segment(verify, file, fd);
    close(fd);
    return status;
}

enum mface_status disk_verify(
    const char *dir, disk_damage_fn damage, void *user, struct disk_verdict *verdict)
{
    struct verify verify = { .verdict = verdict, .damage = damage, .user = user };
    struct disk_file *files;
    size_t n_files;
    *verdict = (struct disk_verdict) { 0 };
    MFACE_TRY(open_and_list(dir, &verify.folder, &files, &n_files));
    enum mface_status status = MFACE_OK;
    for (size_t i = 0; i < n_files && status == MFACE_OK; i++)
        status = verify_file(&verify, &files[i]);
    mface_mem_free(verify.payload);
    mface_mem_free(files);
    disk_folder_clear(&verify.folder);
    return status;
}

/* Clearing */

enum mface_status mface_cache_folder_clear(const char *dir, int64_t *n_removed)
{
    struct disk_folder folder;
    struct disk_file *files;
    size_t n_files;
    *n_removed = 0;
    MFACE_TRY(open_and_list(dir, &folder, &files, &n_files));
    enum mface_status status = MFACE_OK;
    disk_folder_lock(&folder);
    for (size_t i = 0; i < n_files && status == MFACE_OK; i++) {
        if (!files[i].is_sealed && disk_folder_in_use(&folder, files[i].stem))
            continue;
        if (disk_folder_remove(&folder, files[i].stem))
            ++*n_removed;
        else if (errno != ENOENT)
            status = mface_fail(
                MFACE_ERR_IO, "%s: cannot remove a segment: %s", folder.path, strerror(errno));
    }
    disk_folder_sweep(&folder);
    disk_folder_unlock(&folder);
    mface_mem_free(files);
    disk_folder_clear(&folder);
    return status;
}
