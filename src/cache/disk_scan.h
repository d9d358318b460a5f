/* From a segment's files to its entries: by the sidecar, or from header to header. */
#ifndef MFACE_CACHE_DISK_SCAN_H
#define MFACE_CACHE_DISK_SCAN_H

#include "cache/disk_format.h"

/* How a walk along a segment ended. */
enum disk_end {
    DISK_END_CLEAN, // with the file
    DISK_END_TORN,  // within a record: its writer was stopped, or the file was cut off
    DISK_END_BAD,   // at a header that fails its checks
};

/* Zeroed is empty; release with disk_scan_clear(). */
struct disk_scan {
    struct disk_entry *entries;
    size_t n_entries, capacity;
    uint64_t file_bytes, good_bytes; // good: up to where the walk got
    uint64_t created_us;
    enum disk_end end;
};

void disk_scan_clear(struct disk_scan *scan);
bool disk_scan_add(struct disk_scan *scan, const struct disk_entry *entry); // false: no memory

/* Walks the headers from the start and stops at the first bad one. Payloads are not read.
 * MFACE_OK whatever the file holds; MFACE_ERR_IO or MFACE_ERR_NOMEM, not logged. */
MFACE_NODISCARD enum mface_status disk_scan_segment(int fd, struct disk_scan *scan);

/* Reads the sidecar of a segment that is `segment_bytes` long. False: not there, damaged, or of
 * another length; *scan is empty then. */
bool disk_scan_sidecar(int fd, uint64_t segment_bytes, struct disk_scan *scan);

/* Exactly `size` bytes from `offset`; false at a short file or an error. */
bool disk_read_at(int fd, void *data, size_t size, uint64_t offset);

/* Reads one record's payload and checks header and payload against the entry. MFACE_OK,
 * MFACE_ERR_FORMAT (damaged or cut off) or MFACE_ERR_IO. Not logged. */
MFACE_NODISCARD enum mface_status disk_read_entry(
    int fd, const struct disk_entry *entry, void *data);

#endif
