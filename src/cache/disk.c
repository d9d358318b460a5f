/* The tier: opening a folder, finding, reading, queueing. Writing is in disk_writer.c.
 *
 *   put ──copy──► queue ──► writer ──► active segment ──seal──► sealed segments
 *                              │             │                       │ sidecars, at start
 *                              ▼             ▼                       ▼
 *   find ◄────────────────── index (key → segment, offset, size, cost)
 *   read ◄── pread, checks ── any segment
 *
 * A read opens its file anew: that costs a few microseconds, keeps no descriptor for each of
 * thousands of segments, and a segment that another process evicted is simply not there. */
#include "cache/disk_tier.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LIMIT_MIN_BYTES = 1 << 20,
    SEGMENT_MAX_BYTES = 256 << 20,
    QUEUE_DEFAULT_BYTES = 32 << 20,
};

void disk_warn_once(struct mface_disk *disk, const char *format, ...)
{
    char text[PATH_MAX + 256];
    va_list args;
    pthread_mutex_lock(&disk->lock);
    const bool is_first = !disk->is_warned;
    disk->is_warned = true;
    pthread_mutex_unlock(&disk->lock);
    if (!is_first)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mface_log(MFACE_LOG_WARN, "disk cache: %s", text);
}

bool disk_add_segment(struct mface_disk *disk, const char *stem, uint32_t *segment)
{
    if (disk->n_segments == disk->segments_capacity) {
        const size_t capacity = disk->segments_capacity ? 2 * disk->segments_capacity : 64;
        struct disk_segment *more = mface_mem_calloc(capacity, sizeof *more);
        if (!more)
            return false;
        if (disk->n_segments)
            memcpy(more, disk->segments, disk->n_segments * sizeof *more);
        mface_mem_free(disk->segments);
        disk->segments = more;
        disk->segments_capacity = capacity;
    }
    *segment = (uint32_t)disk->n_segments++;
    memcpy(disk->segments[*segment].stem, stem, DISK_STEM_BYTES);
    return true;
}

/* Opening */

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

/* Reading */

/* Keys are hashes, so the sum with another hash is as good a key. */
static struct mface_key stored_key(const struct mface_disk *disk, struct mface_key key)
{
    return (struct mface_key) { .lo = key.lo ^ disk->realm.lo, .hi = key.hi ^ disk->realm.hi };
}

int mface_disk_find(struct mface_disk *disk, struct mface_key key, struct mface_disk_hit *hit)
{
    pthread_mutex_lock(&disk->lock);
    const struct disk_entry *entry = disk_index_find(&disk->index, stored_key(disk, key));
    const int found = entry != NULL;
    if (found)
        *hit = (struct mface_disk_hit) {
            .key = entry->key,
            .offset = entry->offset,
            .cost_us = entry->cost_us,
            .size = entry->size,
            .segment = entry->segment,
            .cls = entry->cls,
        };
    else
        disk->stats.misses++;
    pthread_mutex_unlock(&disk->lock);
    return found;
}

/* Opens the file of a segment, whose time then says that it is in use. */
static int open_segment(struct mface_disk *disk, uint32_t segment)
{
    char stem[DISK_STEM_BYTES];
    pthread_mutex_lock(&disk->lock);
    assert(segment < disk->n_segments);
    struct disk_segment *known = &disk->segments[segment];
    const bool is_first = !known->is_touched;
    known->is_touched = true;
    memcpy(stem, known->stem, sizeof stem);
    pthread_mutex_unlock(&disk->lock);
    const int fd = disk_folder_open_file(&disk->folder, stem, ".seg", O_RDONLY);
    if (fd >= 0 && is_first)
        (void)futimens(fd, NULL);
    return fd;
}

/* Drops what could not be read. A file that is gone takes its entries along; a damaged entry goes
 * alone, unless a newer one took its place meanwhile. */
static void drop_entry(struct mface_disk *disk, const struct mface_disk_hit *hit, bool is_gone)
{
    pthread_mutex_lock(&disk->lock);
    const struct disk_entry *now = disk_index_find(&disk->index, hit->key);
    if (is_gone)
        disk_index_remove_segment(&disk->index, hit->segment);
    else if (now && now->segment == hit->segment && now->offset == hit->offset)
        disk_index_remove(&disk->index, hit->key);
    disk->stats.misses++;
    disk->stats.damaged += !is_gone;
    pthread_mutex_unlock(&disk->lock);
}

enum mface_status mface_disk_read(
    struct mface_disk *disk, const struct mface_disk_hit *hit, void *data)
{
    const struct disk_entry entry = { .key = hit->key, .offset = hit->offset, .size = hit->size };
    const int fd = open_segment(disk, hit->segment);
    if (fd < 0) {
        const int error = errno;
        drop_entry(disk, hit, true);
        if (error != ENOENT) // evicted by another process: as it should be
            disk_warn_once(disk, "%s: cannot read: %s", disk->folder.path, strerror(error));
        return MFACE_ERR_NOENT;
    }
    errno = 0;
    const enum mface_status status = disk_read_entry(fd, &entry, data);
    const int error = errno;
    close(fd);
    if (status != MFACE_OK) {
        drop_entry(disk, hit, false);
        disk_warn_once(disk,
            "%s: an entry is damaged (%s) and is computed again; "
            "'memoface cache verify' lists such",
            disk->folder.path, status == MFACE_ERR_IO ? strerror(error) : "checksum");
        return MFACE_ERR_NOENT;
    }
    pthread_mutex_lock(&disk->lock);
    disk->stats.hits++;
    disk->stats.read_bytes += hit->size;
    disk->stats.saved_us += hit->cost_us;
    pthread_mutex_unlock(&disk->lock);
    return MFACE_OK;
}

/* Queueing */

/* Asks for room in the queue; false: nothing is to be queued. */
static bool claim_queue(struct mface_disk *disk, struct mface_key key, size_t size)
{
    const uint64_t largest = (uint64_t)disk->segment_bytes - sizeof(struct disk_segment_header);
    pthread_mutex_lock(&disk->lock);
    const bool is_known = disk_index_find(&disk->index, key) != NULL;
    const bool has_room =
        disk->stats.is_writable && size <= DISK_PAYLOAD_MAX_BYTES &&
        size + sizeof(struct disk_record) <= largest &&
        disk->queued_bytes + (int64_t)(size + sizeof(struct disk_job)) <= disk->queue_limit_bytes;
    const bool ok = !is_known && has_room;
    if (ok)
        disk->queued_bytes += (int64_t)(size + sizeof(struct disk_job));
    disk->stats.drops += !is_known && !has_room;
    pthread_mutex_unlock(&disk->lock);
    return ok;
}

void mface_disk_put(struct mface_disk *disk, struct mface_key key, unsigned cls, int64_t cost_us,
    const void *data, size_t size)
{
    assert(cls < MFACE_DISK_CLASSES_MAX);
    key = stored_key(disk, key);
    if (!claim_queue(disk, key, size))
        return;
    struct disk_job *job = mface_mem_alloc(sizeof *job + size);
    if (job) {
        *job = (struct disk_job) { .record = { .key = key, .cls = (uint16_t)cls } };
        job->record.size = (uint32_t)size;
        job->record.cost_us = cost_us < UINT32_MAX ? (uint32_t)cost_us : UINT32_MAX;
        memcpy(job->payload, data, size);
    }
    pthread_mutex_lock(&disk->lock);
    if (job) {
        *(disk->last ? &disk->last->next : &disk->first) = job;
        disk->last = job;
        pthread_cond_signal(&disk->work);
    } else {
        disk->queued_bytes -= (int64_t)(size + sizeof *job);
        disk->stats.drops++;
    }
    pthread_mutex_unlock(&disk->lock);
}

void mface_disk_flush(struct mface_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    while (disk->first || disk->is_busy)
        pthread_cond_wait(&disk->idle, &disk->lock);
    pthread_mutex_unlock(&disk->lock);
}

void mface_disk_get_stats(struct mface_disk *disk, struct mface_disk_stats *stats)
{
    pthread_mutex_lock(&disk->lock);
    *stats = disk->stats;
    stats->n_entries = (int64_t)disk->index.n_entries;
    stats->memory_bytes =
        (int64_t)(disk->index.n_slots * sizeof(struct disk_entry)) + disk->queued_bytes;
    pthread_mutex_unlock(&disk->lock);
}
