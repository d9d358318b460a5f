/* Opening the tier: the index is read from what lies in the folder, segments whose writer is gone
 * are sealed, and the writer is started. */
#include "cache/disk_tier.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    LIMIT_MIN_BYTES = 1 << 20,
    SEGMENT_MAX_BYTES = 256 << 20,
    QUEUE_DEFAULT_BYTES = 32 << 20,
};

/* Takes over a segment whose writer is gone: cuts off what no header leads to and seals it. */
static void adopt(struct mface_disk *disk, int fd, const char *stem, const struct disk_scan *scan)
{
    if (scan->good_bytes < sizeof(struct disk_segment_header)) {
        (void)disk_folder_remove(&disk->folder, stem);
        return;
    }
    if (scan->good_bytes < scan->file_bytes && ftruncate(fd, (off_t)scan->good_bytes) != 0)
        return;
    (void)disk_folder_write_sidecar(&disk->folder, stem, scan->good_bytes, scan);
}

static enum mface_status read_entries(
    struct mface_disk *disk, const struct disk_file *file, struct disk_scan *scan)
{
    const int sidecar_fd = disk_folder_open_file(&disk->folder, file->stem, ".idx", O_RDONLY);
    *scan = (struct disk_scan) { 0 };
    if (sidecar_fd >= 0) {
        const bool ok = disk_scan_sidecar(sidecar_fd, file->bytes, scan);
        close(sidecar_fd);
        if (ok)
            return MFACE_OK;
    }
    int fd = disk_folder_open_file(&disk->folder, file->stem, ".seg", O_RDWR);
    const bool is_mine = fd >= 0 && disk->folder.lock_fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd < 0)
        fd = disk_folder_open_file(&disk->folder, file->stem, ".seg", O_RDONLY);
    if (fd < 0)
        return MFACE_ERR_IO;
    const enum mface_status status = disk_scan_segment(fd, scan);
    if (status == MFACE_OK && is_mine)
        adopt(disk, fd, file->stem, scan);
    close(fd);
    return status;
}

static enum mface_status index_file(struct mface_disk *disk, const struct disk_file *file)
{
    struct disk_scan scan;
    enum mface_status status = read_entries(disk, file, &scan);
    if (status == MFACE_ERR_IO)
        return MFACE_OK; // this one is no use; others may be
    MFACE_TRY(status);
    uint32_t segment = 0;
    bool ok = disk_add_segment(disk, file->stem, &segment);
    for (size_t i = 0; ok && i < scan.n_entries; i++) {
        scan.entries[i].segment = segment;
        ok = disk_index_insert(&disk->index, &scan.entries[i]);
    }
    disk->stats.used_bytes += (int64_t)(scan.good_bytes + file->sidecar_bytes);
    disk_scan_clear(&scan);
    return ok ? MFACE_OK : MFACE_ERR_NOMEM;
}

static enum mface_status read_index(struct mface_disk *disk)
{
    struct disk_file *files;
    size_t n_files;
    disk_folder_lock(&disk->folder);
    if (disk->folder.lock_fd >= 0)
        disk_folder_sweep(&disk->folder);
    enum mface_status status = disk_folder_list(&disk->folder, &files, &n_files);
    for (size_t i = 0; i < n_files && status == MFACE_OK; i++)
        status = index_file(disk, &files[i]);
    disk_folder_unlock(&disk->folder);
    mface_mem_free(files);
    if (status == MFACE_ERR_IO)
        return mface_fail(
            status, "%s: cannot list the cache: %s", disk->folder.path, strerror(errno));
    return status == MFACE_OK ? MFACE_OK : mface_fail_nomem("index of the disk cache");
}

/* Signals go to threads that know what to do with them; a file-size limit is an error here, not
 * the end of the program. */
static enum mface_status start_writer(struct mface_disk *disk)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    disk->has_writer = pthread_create(&disk->writer, NULL, disk_writer_run, disk) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return disk->has_writer ? MFACE_OK : mface_fail_nomem("disk cache");
}

static enum mface_status open_steps(struct mface_disk *disk, const char *dir)
{
    MFACE_TRY(disk_folder_open(dir, true, &disk->folder));
    MFACE_TRY(read_index(disk));
    disk->stats.is_writable = disk->folder.lock_fd >= 0;
    if (!disk->stats.is_writable)
        disk_warn_once(disk, "%s cannot be written; what is there is used, nothing is added",
            disk->folder.path);
    return start_writer(disk);
}

enum mface_status mface_disk_open(const struct mface_disk_params *params, struct mface_disk **out)
{
    *out = NULL;
    if (params->limit_bytes < LIMIT_MIN_BYTES)
        return mface_fail(MFACE_ERR_ARG,
            "disk cache: a limit of %lld bytes is too small; give 1M or more",
            (long long)params->limit_bytes);
    struct mface_disk *disk = mface_mem_calloc(1, sizeof *disk);
    if (!disk)
        return mface_fail_nomem("disk cache");
    const int64_t share = params->limit_bytes / 16;
    const int64_t chosen = share < SEGMENT_MAX_BYTES ? share : SEGMENT_MAX_BYTES;
    disk->realm = params->realm;
    disk->segment_bytes = params->segment_bytes ? params->segment_bytes : chosen;
    disk->queue_limit_bytes = params->queue_bytes ? params->queue_bytes : QUEUE_DEFAULT_BYTES;
    disk->stats.limit_bytes = params->limit_bytes;
    disk->folder.fd = disk->folder.lock_fd = disk->active.fd = -1;
    pthread_mutex_init(&disk->lock, NULL);
    pthread_cond_init(&disk->work, NULL);
    pthread_cond_init(&disk->idle, NULL);
    const enum mface_status status = open_steps(disk, params->dir);
    if (status != MFACE_OK)
        mface_disk_close(&disk);
    *out = disk;
    return status;
}

void mface_disk_close(struct mface_disk **disk_ptr)
{
    struct mface_disk *disk = *disk_ptr;
    if (!disk)
        return;
    pthread_mutex_lock(&disk->lock);
    disk->is_closing = true;
    pthread_cond_broadcast(&disk->work);
    pthread_mutex_unlock(&disk->lock);
    if (disk->has_writer)
        pthread_join(disk->writer, NULL);
    disk_folder_clear(&disk->folder);
    disk_index_clear(&disk->index);
    mface_mem_free(disk->segments);
    pthread_cond_destroy(&disk->idle);
    pthread_cond_destroy(&disk->work);
    pthread_mutex_destroy(&disk->lock);
    mface_mem_free(disk);
    *disk_ptr = NULL;
}
