/* Keys to places, in memory: open addressing with linear probing, 40 bytes a slot, at most
 * three quarters full. The tier's lock guards it. */
#ifndef MFACE_CACHE_DISK_INDEX_H
#define MFACE_CACHE_DISK_INDEX_H

#include "cache/disk_format.h"

/* Zeroed is empty. */
struct disk_index {
    struct disk_entry *slots; // segment DISK_NO_SEGMENT: free
    size_t n_slots, n_entries;
};

#define DISK_NO_SEGMENT UINT32_MAX

void disk_index_clear(struct disk_index *index);
const struct disk_entry *disk_index_find(const struct disk_index *index, struct mface_key key);

/* Replaces an entry of the same key: the newer one counts. False: no memory, nothing changed. */
bool disk_index_insert(struct disk_index *index, const struct disk_entry *entry);
void disk_index_remove(struct disk_index *index, struct mface_key key); // absent is fine
void disk_index_remove_segment(struct disk_index *index, uint32_t segment);

#endif
