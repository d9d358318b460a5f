/* Everything is read by pread() into memory of our own. A mapping would save the copy of headers,
 * and would turn a file that somebody cuts off into a SIGBUS. */
#include "cache/disk_scan.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

void disk_scan_clear(struct disk_scan *scan)
{
    mface_mem_free(scan->entries);
    *scan = (struct disk_scan) { 0 };
}

static bool grow(struct disk_scan *scan)
{
    const size_t capacity = scan->capacity ? 2 * scan->capacity : 64;
    struct disk_entry *entries = mface_mem_calloc(capacity, sizeof *entries);
    if (!entries)
        return false;
    if (scan->n_entries)
        memcpy(entries, scan->entries, scan->n_entries * sizeof *entries);
    mface_mem_free(scan->entries);
    scan->entries = entries;
    scan->capacity = capacity;
    return true;
}

bool disk_scan_add(struct disk_scan *scan, const struct disk_entry *entry)
{
    if (scan->n_entries == scan->capacity && !grow(scan))
        return false;
    scan->entries[scan->n_entries++] = *entry;
    return true;
}

bool disk_read_at(int fd, void *data, size_t size, uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        const ssize_t n = pread(fd, (char *)data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? 0 : errno;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool file_size(int fd, uint64_t *bytes)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *bytes = (uint64_t)info.st_size;
    return true;
}

/* The record at good_bytes: added, or the reason to stop in scan->end. */
static enum mface_status scan_record(int fd, struct disk_scan *scan, bool *goes_on)
{
    struct disk_record record;
    const uint64_t left = scan->file_bytes - scan->good_bytes;
    *goes_on = false;
    scan->end = DISK_END_TORN;
    if (left < sizeof record)
        return MFACE_OK;
    if (!disk_read_at(fd, &record, sizeof record, scan->good_bytes))
        return errno ? MFACE_ERR_IO : MFACE_OK; // a file that shrinks as we read is torn
    if (!disk_record_check(&record, scan->good_bytes)) {
        scan->end = DISK_END_BAD;
        return MFACE_OK;
    }
    if (left - sizeof record < record.size)
        return MFACE_OK;
    const struct disk_entry entry = {
        .key = record.key,
        .offset = record.offset,
        .size = record.size,
        .cost_us = record.cost_us,
        .cls = record.cls,
    };
    if (!disk_scan_add(scan, &entry))
        return MFACE_ERR_NOMEM;
    scan->good_bytes += sizeof record + record.size;
    *goes_on = true;
    return MFACE_OK;
}

enum mface_status disk_scan_segment(int fd, struct disk_scan *scan)
{
    struct disk_segment_header header;
    *scan = (struct disk_scan) { .end = DISK_END_TORN };
    if (!file_size(fd, &scan->file_bytes))
        return MFACE_ERR_IO;
    if (scan->file_bytes < sizeof header)
        return MFACE_OK;
    if (!disk_read_at(fd, &header, sizeof header, 0))
        return errno ? MFACE_ERR_IO : MFACE_OK;
    scan->end = DISK_END_BAD;
    if (!disk_segment_header_check(&header))
        return MFACE_OK;
    scan->created_us = header.created_us;
    scan->good_bytes = sizeof header;
    enum mface_status status = MFACE_OK;
    bool goes_on = true;
    while (status == MFACE_OK && goes_on && scan->good_bytes < scan->file_bytes)
        status = scan_record(fd, scan, &goes_on);
    if (status != MFACE_OK)
        disk_scan_clear(scan);
    else if (scan->good_bytes == scan->file_bytes)
        scan->end = DISK_END_CLEAN;
    return status;
}

static bool read_sidecar(int fd, uint64_t segment_bytes, struct disk_scan *scan)
{
    struct disk_sidecar_header header;
    uint64_t bytes;
    if (!file_size(fd, &bytes) || !disk_read_at(fd, &header, sizeof header, 0))
        return false;
    if (!disk_sidecar_header_check(&header) || header.segment_bytes != segment_bytes)
        return false;
    /* The number is compared with the file before memory is asked for. */
    if ((bytes - sizeof header) / sizeof *scan->entries != header.n_entries ||
        (bytes - sizeof header) % sizeof *scan->entries != 0)
        return false;
    scan->n_entries = scan->capacity = (size_t)header.n_entries;
    scan->entries = mface_mem_calloc(scan->capacity, sizeof *scan->entries);
    return scan->entries &&
           disk_read_at(
               fd, scan->entries, scan->n_entries * sizeof *scan->entries, sizeof header) &&
           disk_sidecar_entries_check(&header, scan->entries);
}

bool disk_scan_sidecar(int fd, uint64_t segment_bytes, struct disk_scan *scan)
{
    *scan = (struct disk_scan) { 0 };
    const bool ok = read_sidecar(fd, segment_bytes, scan);
    if (!ok)
        disk_scan_clear(scan);
    scan->file_bytes = scan->good_bytes = segment_bytes;
    return ok;
}

/* Header and payload in one call; what is missing of a short answer is asked for once more. */
static bool read_both(
    int fd, struct disk_record *record, const struct disk_entry *entry, void *data)
{
    const struct iovec parts[] = { { record, sizeof *record }, { data, entry->size } };
    const size_t whole = sizeof *record + entry->size;
    const ssize_t n = preadv(fd, parts, entry->size ? 2 : 1, (off_t)entry->offset);
    if (n == (ssize_t)whole)
        return true;
    return disk_read_at(fd, record, sizeof *record, entry->offset) &&
           disk_read_at(fd, data, entry->size, entry->offset + sizeof *record);
}

enum mface_status disk_read_entry(int fd, const struct disk_entry *entry, void *data)
{
    struct disk_record record;
    if (!read_both(fd, &record, entry, data))
        return errno ? MFACE_ERR_IO : MFACE_ERR_FORMAT;
    const bool ok = disk_record_check(&record, entry->offset) && record.size == entry->size &&
                    mface_key_equal(record.key, entry->key) &&
                    record.payload_checksum == disk_checksum(data, entry->size);
    return ok ? MFACE_OK : MFACE_ERR_FORMAT;
}
