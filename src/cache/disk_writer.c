/* The writer: one thread that takes records from the queue and appends them to its own segment.
 *
 * A segment that is full is synced, gets its sidecar and is never touched again. The sync has
 * little left to do, since the system is asked to start writing every few megabytes. After a failed
 * write or sync nobody knows what the file holds, so it is removed and the tier writes no more:
 * what other segments hold can still be read. */
#include "cache/disk_tier.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SEGMENTS_MAX = 4096, START_WRITING_BYTES = 8 << 20 };

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Eviction */

/* What a segment takes, or will when its writer is done. */
static int64_t claim_of(const struct mface_disk *disk, struct disk_file *file, bool *in_use)
{
    *in_use = !file->is_sealed && disk_folder_in_use(&disk->folder, file->stem);
    const int64_t bytes = (int64_t)(file->bytes + file->sidecar_bytes);
    return *in_use && bytes < disk->segment_bytes ? disk->segment_bytes : bytes;
}

static void forget_segment(struct mface_disk *disk, const char *stem)
{
    pthread_mutex_lock(&disk->lock);
    for (size_t i = 0; i < disk->n_segments; i++)
        if (strcmp(disk->segments[i].stem, stem) == 0)
            disk_index_remove_segment(&disk->index, (uint32_t)i);
    pthread_mutex_unlock(&disk->lock);
}

static int compare_use(const void *a, const void *b)
{
    const struct disk_file *x = a, *y = b;
    return x->used_us != y->used_us ? (x->used_us < y->used_us ? -1 : 1) : strcmp(x->stem, y->stem);
}

/* Removes the segments unused for longest until another one fits. Under the folder's lock. */
static bool make_room(struct mface_disk *disk)
{
    struct disk_file *files;
    size_t n_files;
    int64_t total = disk->segment_bytes;
    bool in_use;
    if (disk_folder_list(&disk->folder, &files, &n_files) != MFACE_OK)
        return false;
    for (size_t i = 0; i < n_files; i++)
        total += claim_of(disk, &files[i], &in_use);
    if (n_files > 1)
        qsort(files, n_files, sizeof *files, compare_use);
    size_t n_left = n_files;
    int64_t n_evicted = 0;
    const int64_t limit = disk->stats.limit_bytes;
    for (size_t i = 0; i < n_files && (total > limit || n_left >= SEGMENTS_MAX); i++) {
        const int64_t claim = claim_of(disk, &files[i], &in_use);
        if (in_use || !disk_folder_remove(&disk->folder, files[i].stem))
            continue;
        forget_segment(disk, files[i].stem);
        total -= claim;
        n_left--;
        n_evicted++;
    }
    mface_mem_free(files);
    pthread_mutex_lock(&disk->lock);
    disk->stats.used_bytes = total - disk->segment_bytes;
    disk->stats.segments_evicted += n_evicted;
    pthread_mutex_unlock(&disk->lock);
    errno = total <= limit ? 0 : ENOSPC;
    return total <= limit;
}

/* The active segment */

static void active_clear(struct disk_active *active)
{
    if (active->fd >= 0)
        close(active->fd);
    disk_scan_clear(&active->entries);
    active->fd = -1;
}

/* Creates and locks the file. Under the folder's lock, so that nobody adopts it in between. */
static bool create_file(struct mface_disk *disk)
{
    struct disk_active *active = &disk->active;
    unsigned random = 0;
    const uint64_t created_us = now_us();
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = (unsigned)(uintptr_t)disk ^ (unsigned)created_us;
    snprintf(active->stem, sizeof active->stem, "%016llx-%08x-%08x", (unsigned long long)created_us,
        (unsigned)getpid(), random);
    active->fd =
        disk_folder_open_file(&disk->folder, active->stem, ".seg", O_RDWR | O_CREAT | O_EXCL);
    if (active->fd < 0)
        return false;
    const struct disk_segment_header header = disk_segment_header_make(created_us);
    active->bytes = active->started_bytes = sizeof header;
    return flock(active->fd, LOCK_EX | LOCK_NB) == 0 &&
           disk_write_at(active->fd, &header, sizeof header, 0);
}

static bool start_segment(struct mface_disk *disk)
{
    struct disk_active *active = &disk->active;
    disk_folder_lock(&disk->folder);
    bool ok = make_room(disk) && create_file(disk);
    const int error = errno;
    disk_folder_unlock(&disk->folder);
    pthread_mutex_lock(&disk->lock);
    ok = ok && disk_add_segment(disk, active->stem, &active->segment);
    pthread_mutex_unlock(&disk->lock);
    errno = error;
    return ok;
}

/* Gives up writing: the segment goes, what is queued goes, one line says why. */
static void give_up(struct mface_disk *disk)
{
    const int error = errno;
    if (disk->active.fd >= 0) {
        (void)disk_folder_remove(&disk->folder, disk->active.stem);
        forget_segment(disk, disk->active.stem);
    }
    active_clear(&disk->active);
    pthread_mutex_lock(&disk->lock);
    disk->stats.is_writable = 0;
    pthread_mutex_unlock(&disk->lock);
    disk_warn_once(disk, "%s: cannot write (%s); the run goes on, nothing more is kept there",
        disk->folder.path, error ? strerror(error) : "out of memory");
}

static bool seal(struct mface_disk *disk)
{
    struct disk_active *active = &disk->active;
    if (active->fd < 0)
        return true;
    if (fdatasync(active->fd) != 0)
        return false;
    disk_folder_lock(&disk->folder);
    /* Without a sidecar the next start walks the headers; no reason to fail. */
    (void)disk_folder_write_sidecar(&disk->folder, active->stem, active->bytes, &active->entries);
    disk_folder_unlock(&disk->folder);
    active_clear(active);
    return true;
}

static void start_writing_back(struct disk_active *active)
{
    if (active->bytes - active->started_bytes < START_WRITING_BYTES)
        return;
    (void)sync_file_range(active->fd, (off_t)active->started_bytes,
        (off_t)(active->bytes - active->started_bytes), SYNC_FILE_RANGE_WRITE);
    active->started_bytes = active->bytes;
}

static bool append(struct disk_active *active, struct disk_record *record, const void *payload)
{
    const struct iovec parts[] = { { record, sizeof *record }, { (void *)payload, record->size } };
    const size_t whole = sizeof *record + record->size;
    ssize_t n;
    do
        n = pwritev(active->fd, parts, record->size ? 2 : 1, (off_t)active->bytes);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)whole)
        return true;
    /* A short write most often has a reason that the next one tells. */
    return n >= 0 && disk_write_at(active->fd, record, sizeof *record, active->bytes) &&
           disk_write_at(active->fd, payload, record->size, active->bytes + sizeof *record);
}

static bool write_record(struct mface_disk *disk, struct disk_job *job)
{
    struct disk_active *active = &disk->active;
    const uint64_t whole = sizeof job->record + job->record.size;
    if (active->fd >= 0 && active->bytes + whole > (uint64_t)disk->segment_bytes && !seal(disk))
        return false;
    if (active->fd < 0 && !start_segment(disk))
        return false;
    job->record.offset = active->bytes;
    job->record.created_us = now_us();
    job->record.payload_checksum = disk_checksum(job->payload, job->record.size);
    disk_record_seal(&job->record);
    if (!append(active, &job->record, job->payload))
        return false;
    struct disk_entry entry = {
        .key = job->record.key,
        .offset = active->bytes,
        .size = job->record.size,
        .cost_us = job->record.cost_us,
        .cls = job->record.cls,
    };
    active->bytes += whole;
    start_writing_back(active);
    errno = 0;
    if (!disk_scan_add(&active->entries, &entry))
        return false;
    entry.segment = active->segment;
    pthread_mutex_lock(&disk->lock);
    const bool ok = disk_index_insert(&disk->index, &entry);
    disk->stats.writes++;
    disk->stats.write_bytes += entry.size;
    disk->stats.used_bytes += (int64_t)whole;
    pthread_mutex_unlock(&disk->lock);
    return ok;
}

/* Waits for a record; NULL when the tier closes and nothing is left. */
static struct disk_job *take_job(struct mface_disk *disk, bool *is_writable)
{
    pthread_mutex_lock(&disk->lock);
    disk->is_busy = false;
    if (!disk->first)
        pthread_cond_broadcast(&disk->idle);
    while (!disk->first && !disk->is_closing)
        pthread_cond_wait(&disk->work, &disk->lock);
    struct disk_job *job = disk->first;
    if (job) {
        disk->first = job->next;
        disk->last = disk->first ? disk->last : NULL;
        disk->is_busy = true;
    }
    *is_writable = disk->stats.is_writable;
    pthread_mutex_unlock(&disk->lock);
    return job;
}

static void end_job(struct mface_disk *disk, struct disk_job *job, bool is_dropped)
{
    pthread_mutex_lock(&disk->lock);
    disk->queued_bytes -= (int64_t)(sizeof *job + job->record.size);
    disk->stats.drops += is_dropped;
    pthread_mutex_unlock(&disk->lock);
    mface_mem_free(job);
}

/* A limit that was lowered since the last run counts from the start. */
static void trim(struct mface_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    const bool is_over = disk->stats.used_bytes > disk->stats.limit_bytes;
    pthread_mutex_unlock(&disk->lock);
    if (!is_over || disk->folder.lock_fd < 0)
        return;
    disk_folder_lock(&disk->folder);
    (void)make_room(disk);
    disk_folder_unlock(&disk->folder);
}

void *disk_writer_run(void *arg)
{
    struct mface_disk *disk = arg;
    struct disk_job *job;
    bool is_writable;
    trim(disk);
    while ((job = take_job(disk, &is_writable))) {
        const bool ok = is_writable && write_record(disk, job);
        if (is_writable && !ok)
            give_up(disk);
        end_job(disk, job, !ok);
    }
    if (!seal(disk))
        give_up(disk);
    return NULL;
}
