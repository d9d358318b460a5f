#include "cache/disk_index.h"

#include "base/mem.h"

enum { MIN_SLOTS = 256 };

void disk_index_clear(struct disk_index *index)
{
    mface_mem_free(index->slots);
    *index = (struct disk_index) { 0 };
}

/* Keys are hashes already. */
static size_t home_of(const struct disk_index *index, struct mface_key key)
{
    return (size_t)key.lo & (index->n_slots - 1);
}

/* The slot of the key, or the free one where it belongs. */
static size_t probe(const struct disk_index *index, struct mface_key key)
{
    size_t i = home_of(index, key);
    while (index->slots[i].segment != DISK_NO_SEGMENT && !mface_key_equal(index->slots[i].key, key))
        i = (i + 1) & (index->n_slots - 1);
    return i;
}

const struct disk_entry *disk_index_find(const struct disk_index *index, struct mface_key key)
{
    if (index->n_entries == 0)
        return NULL;
    const struct disk_entry *entry = &index->slots[probe(index, key)];
    return entry->segment == DISK_NO_SEGMENT ? NULL : entry;
}

static bool grow(struct disk_index *index)
{
    struct disk_index larger = { .n_slots = index->n_slots ? 2 * index->n_slots : MIN_SLOTS };
    larger.slots = mface_mem_calloc(larger.n_slots, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < larger.n_slots; i++)
        larger.slots[i].segment = DISK_NO_SEGMENT;
    for (size_t i = 0; i < index->n_slots; i++)
        if (index->slots[i].segment != DISK_NO_SEGMENT)
            larger.slots[probe(&larger, index->slots[i].key)] = index->slots[i];
    larger.n_entries = index->n_entries;
    mface_mem_free(index->slots);
    *index = larger;
    return true;
}

bool disk_index_insert(struct disk_index *index, const struct disk_entry *entry)
{
    if (4 * (index->n_entries + 1) > 3 * index->n_slots && !grow(index))
        return false;
    struct disk_entry *slot = &index->slots[probe(index, entry->key)];
    index->n_entries += slot->segment == DISK_NO_SEGMENT;
    *slot = *entry;
    return true;
}

/* Closes the gap: later entries of the same run move up unless they are at home after it. */
static void remove_slot(struct disk_index *index, size_t gap)
{
    const size_t mask = index->n_slots - 1;
    for (size_t i = (gap + 1) & mask; index->slots[i].segment != DISK_NO_SEGMENT;
         i = (i + 1) & mask) {
        const size_t home = home_of(index, index->slots[i].key);
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        index->slots[gap] = index->slots[i];
        gap = i;
    }
    index->slots[gap].segment = DISK_NO_SEGMENT;
    index->n_entries--;
}

void disk_index_remove(struct disk_index *index, struct mface_key key)
{
    if (index->n_entries == 0)
        return;
    const size_t i = probe(index, key);
    if (index->slots[i].segment != DISK_NO_SEGMENT)
        remove_slot(index, i);
}

void disk_index_remove_segment(struct disk_index *index, uint32_t segment)
{
    for (size_t i = 0; i < index->n_slots;) {
        if (index->slots[i].segment == segment)
            remove_slot(index, i); // another may have moved here: look again
        else
            i++;
    }
}
