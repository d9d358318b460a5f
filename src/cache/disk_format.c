#include "cache/disk_format.h"

#include "base/hash.h"

#include <string.h>

static const char segment_magic[8] = { 'M', 'F', 'A', 'C', 'E', 'S', 'E', 'G' };
static const char sidecar_magic[8] = { 'M', 'F', 'A', 'C', 'E', 'I', 'D', 'X' };
enum { RECORD_MAGIC = 0x5243464d }; // "MFCR"

uint64_t disk_checksum(const void *data, size_t size)
{
    return mface_key_from_bytes(data, size).lo;
}

/* The checksum of a header lies at its end and covers all before it. */
#define CHECKSUM_OF(header) disk_checksum((header), sizeof *(header) - sizeof(uint64_t))

struct disk_segment_header disk_segment_header_make(uint64_t created_us)
{
    struct disk_segment_header header = { .version = DISK_VERSION, .created_us = created_us };
    memcpy(header.magic, segment_magic, sizeof header.magic);
    header.checksum = CHECKSUM_OF(&header);
    return header;
}

bool disk_segment_header_check(const struct disk_segment_header *header)
{
    return memcmp(header->magic, segment_magic, sizeof header->magic) == 0 &&
           header->version == DISK_VERSION && header->checksum == CHECKSUM_OF(header);
}

void disk_record_seal(struct disk_record *record)
{
    record->magic = RECORD_MAGIC;
    record->version = DISK_VERSION;
    record->checksum = CHECKSUM_OF(record);
}

bool disk_record_check(const struct disk_record *record, uint64_t offset)
{
    return record->magic == RECORD_MAGIC && record->version == DISK_VERSION &&
           record->checksum == CHECKSUM_OF(record) && record->offset == offset &&
           record->size <= DISK_PAYLOAD_MAX_BYTES && record->cls < MFACE_DISK_CLASSES_MAX;
}

struct disk_sidecar_header disk_sidecar_header_make(
    uint64_t segment_bytes, const struct disk_entry *entries, uint64_t n_entries)
{
    struct disk_sidecar_header header = {
        .version = DISK_VERSION,
        .segment_bytes = segment_bytes,
        .n_entries = n_entries,
        .entries_checksum = disk_checksum(entries, n_entries * sizeof *entries),
    };
    memcpy(header.magic, sidecar_magic, sizeof header.magic);
    header.checksum = CHECKSUM_OF(&header);
    return header;
}

bool disk_sidecar_header_check(const struct disk_sidecar_header *header)
{
    return memcmp(header->magic, sidecar_magic, sizeof header->magic) == 0 &&
           header->version == DISK_VERSION && header->checksum == CHECKSUM_OF(header);
}

static bool entry_fits(const struct disk_entry *entry, uint64_t segment_bytes)
{
    return entry->cls < MFACE_DISK_CLASSES_MAX && entry->size <= DISK_PAYLOAD_MAX_BYTES &&
           entry->offset >= sizeof(struct disk_segment_header) && entry->offset <= segment_bytes &&
           segment_bytes - entry->offset >= sizeof(struct disk_record) + entry->size;
}

bool disk_sidecar_entries_check(
    const struct disk_sidecar_header *header, const struct disk_entry *entries)
{
    if (header->entries_checksum != disk_checksum(entries, header->n_entries * sizeof *entries))
        return false;
    for (uint64_t i = 0; i < header->n_entries; i++)
        if (!entry_fits(&entries[i], header->segment_bytes))
            return false;
    return true;
}
