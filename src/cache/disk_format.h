/* What lies in the files of the disk tier, byte for byte.
 *
 *   segment  ┌────────┬────────┬─────────┬────────┬─────────┬──
 *   .seg     │ header │ record │ payload │ record │ payload │ …
 *            │ 32     │ 64     │ size    │ 64     │ size    │
 *            └────────┴────────┴─────────┴────────┴─────────┴──
 *   sidecar  ┌────────┬───────┬───────┬──
 *   .idx     │ header │ entry │ entry │ …      written when the segment is sealed
 *            │ 48     │ 40    │ 40    │
 *            └────────┴───────┴───────┴──
 *
 * No byte lies outside a checksum and there is no padding, so a change of any byte shows. Numbers
 * are little-endian, checksums XXH3 of 64 bits. */
#ifndef MFACE_CACHE_DISK_FORMAT_H
#define MFACE_CACHE_DISK_FORMAT_H

#include <memoface/disk.h>
#include <stdbool.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as they lie");

enum { DISK_VERSION = 1, DISK_PAYLOAD_MAX_BYTES = 1 << 30 };

struct disk_segment_header {
    char magic[8]; // "MFACESEG"
    uint32_t version, reserved;
    uint64_t created_us; // since 1970
    uint64_t checksum;   // of the bytes before
};

struct disk_record {
    uint32_t magic;
    uint16_t version, cls;
    struct mface_key key;
    uint64_t offset; // of this record in its file, so that a misplaced one shows
    uint32_t size, cost_us;
    uint64_t created_us;
    uint64_t payload_checksum;
    uint64_t checksum; // of the bytes before
};

struct disk_sidecar_header {
    char magic[8]; // "MFACEIDX"
    uint32_t version, reserved;
    uint64_t segment_bytes; // of the sealed segment; another size means another segment
    uint64_t n_entries;
    uint64_t entries_checksum;
    uint64_t checksum; // of the bytes before
};

/* A record as the index knows it; the entry of a sidecar. */
struct disk_entry {
    struct mface_key key;
    uint64_t offset;
    uint32_t size, cost_us;
    uint32_t cls, segment; // segment: in memory only, 0 in files
};

_Static_assert(sizeof(struct disk_segment_header) == 32, "no padding");
_Static_assert(sizeof(struct disk_record) == 64, "no padding");
_Static_assert(sizeof(struct disk_sidecar_header) == 48, "no padding");
_Static_assert(sizeof(struct disk_entry) == 40, "no padding");

uint64_t disk_checksum(const void *data, size_t size);

struct disk_segment_header disk_segment_header_make(uint64_t created_us);
bool disk_segment_header_check(const struct disk_segment_header *header);

/* Fills in magic, version and the checksum of the header; the payload's must be there. */
void disk_record_seal(struct disk_record *record);
/* Sound, and meant for this place? */
bool disk_record_check(const struct disk_record *record, uint64_t offset);

struct disk_sidecar_header disk_sidecar_header_make(
    uint64_t segment_bytes, const struct disk_entry *entries, uint64_t n_entries);
bool disk_sidecar_header_check(const struct disk_sidecar_header *header);

/* Entries of a sidecar: the sum, and each within the segment. */
bool disk_sidecar_entries_check(
    const struct disk_sidecar_header *header, const struct disk_entry *entries);

#endif
