/* libFuzzer target: a segment and a sidecar of any bytes must be read or refused, and no record may
 * be served whose bytes do not match its checksum.
 *
 * The first two bytes of the input say how much of it is the sidecar; the rest is the segment. Bit
 * 15 of them set: checksums of headers are mended first, so that the fuzzer gets past them. */
#include "base/mem.h"
#include "cache/disk_scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const void *data, size_t size)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    return fd;
}

/* Every entry is read; a sound one lies within the file and hashes to what its header says. */
static void read_all(int fd, const struct disk_scan *scan, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < scan->n_entries; i++) {
        const struct disk_entry *entry = &scan->entries[i];
        if (entry->size > size)
            abort(); // a scan promises what the file can hold
        void *payload = mface_mem_alloc(entry->size);
        if (payload && disk_read_entry(fd, entry, payload) == MFACE_OK) {
            struct disk_record record;
            memcpy(&record, bytes + entry->offset, sizeof record);
            if (entry->offset + sizeof record + entry->size > size ||
                record.payload_checksum !=
                    disk_checksum(bytes + entry->offset + sizeof record, entry->size))
                abort();
        }
        mface_mem_free(payload);
    }
}

static void mend_segment(uint8_t *bytes, size_t size)
{
    struct disk_segment_header header;
    struct disk_record record;
    if (size < sizeof header)
        return;
    header = disk_segment_header_make(1);
    memcpy(bytes, &header, sizeof header);
    for (size_t at = sizeof header; at + sizeof record <= size;) {
        memcpy(&record, bytes + at, sizeof record);
        record.offset = at;
        record.cls %= MFACE_DISK_CLASSES_MAX;
        record.size %= 512;
        const size_t left = size - at - sizeof record;
        if (record.size <= left && record.cost_us % 2)
            record.payload_checksum = disk_checksum(bytes + at + sizeof record, record.size);
        disk_record_seal(&record);
        memcpy(bytes + at, &record, sizeof record);
        at += sizeof record + record.size;
    }
}

static void mend_sidecar(uint8_t *bytes, size_t size, size_t segment_bytes)
{
    struct disk_sidecar_header header;
    if (size < sizeof header)
        return;
    const size_t n = (size - sizeof header) / sizeof(struct disk_entry);
    struct disk_entry *entries = mface_mem_calloc(n + 1, sizeof *entries);
    if (!entries)
        return;
    memcpy(entries, bytes + sizeof header, n * sizeof *entries);
    header = disk_sidecar_header_make(segment_bytes, entries, n);
    memcpy(bytes, &header, sizeof header);
    mface_mem_free(entries);
}

static void read_both(uint8_t *sidecar, size_t sidecar_bytes, uint8_t *segment, size_t size)
{
    struct disk_scan scan;
    const int fd = file_of(segment, size), sidecar_fd = file_of(sidecar, sidecar_bytes);
    if (disk_scan_segment(fd, &scan) == MFACE_OK)
        read_all(fd, &scan, segment, size);
    disk_scan_clear(&scan);
    if (disk_scan_sidecar(sidecar_fd, size, &scan))
        read_all(fd, &scan, segment, size);
    disk_scan_clear(&scan);
    close(fd);
    close(sidecar_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const unsigned head = data[0] | (unsigned)data[1] << 8;
    const size_t rest = size - 2;
    const size_t sidecar_bytes = (head & 0x7fff) < rest ? head & 0x7fff : rest;
    const size_t segment_bytes = rest - sidecar_bytes;
    uint8_t *sidecar = mface_mem_alloc(sidecar_bytes), *segment = mface_mem_alloc(segment_bytes);
    if (sidecar && segment) {
        memcpy(sidecar, data + 2, sidecar_bytes);
        memcpy(segment, data + 2 + sidecar_bytes, segment_bytes);
        if (head & 0x8000) {
            mend_segment(segment, segment_bytes);
            mend_sidecar(sidecar, sidecar_bytes, segment_bytes);
        }
        read_both(sidecar, sidecar_bytes, segment, segment_bytes);
    }
    mface_mem_free(sidecar);
    mface_mem_free(segment);
    return 0;
}
