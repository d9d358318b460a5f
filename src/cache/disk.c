/* The tier: finding, reading, queueing. Opening is in disk_open.c, writing in disk_writer.c.
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
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Reading */

/* Keys are hashes, so the sum with another hash is as good a key. */
static struct mface_key stored_key(const struct mface_disk *disk, struct mface_key key)
{
    return (struct mface_key) { .lo = key.lo ^ disk->realm.lo, .hi = key.hi ^ disk->realm.hi };
}

int mface_disk_has(struct mface_disk *disk, struct mface_key key)
{
    pthread_mutex_lock(&disk->lock);
    const int found = disk_index_find(&disk->index, stored_key(disk, key)) != NULL;
    pthread_mutex_unlock(&disk->lock);
    return found;
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
