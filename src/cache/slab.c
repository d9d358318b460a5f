/* See slab.h and the picture in room.h. A slab lies at a multiple of its own size, so an object's
 * address leads to its slab's head. A slab without objects goes back to be a free slot. */
#include "cache/slab.h"

#include "base/mem.h"

#include <string.h>

enum { OBJECT_MAX_BYTES = 8192, PAGE_BYTES = 4096, SLAB_MAX_BYTES = 256 << 10 };

struct cache_slab {
    struct cache_slab *newer, *older; // in the class's list while it has gaps
    uint32_t n_objects, n_used, first_gap;
    uint32_t ids[]; // of each object: its entry; 0: a gap
};

size_t cache_slab_object_bytes(size_t size)
{
    const size_t page_waste = mface_align_up(size, PAGE_BYTES) - size;
    if (size > OBJECT_MAX_BYTES || (size && page_waste <= size / 8))
        return 0;
    size_t step = MFACE_ALIGN;
    while (size > step * 16)
        step *= 2;
    return mface_align_up(size ? size : 1, step);
}

size_t cache_slab_bytes(size_t object_bytes, size_t n_objects)
{
    size_t bytes = PAGE_BYTES;
    while (bytes < object_bytes * n_objects && bytes < SLAB_MAX_BYTES)
        bytes *= 2;
    return bytes;
}

static size_t objects_offset(uint32_t n_objects)
{
    return mface_align_up(sizeof(struct cache_slab) + n_objects * sizeof(uint32_t), MFACE_ALIGN);
}

static uint8_t *object_at(const struct room_class *cls, struct cache_slab *slab, uint32_t i)
{
    return (uint8_t *)slab + objects_offset(slab->n_objects) + i * cls->object_bytes;
}

static void link_gaps(struct room_class *cls, struct cache_slab *slab)
{
    slab->older = cls->gaps;
    slab->newer = NULL;
    if (cls->gaps)
        cls->gaps->newer = slab;
    cls->gaps = slab;
}

static void unlink_gaps(struct room_class *cls, struct cache_slab *slab)
{
    *(slab->newer ? &slab->newer->older : &cls->gaps) = slab->older;
    if (slab->older)
        slab->older->newer = slab->newer;
}

static struct cache_slab *new_slab(struct cache_room *room, struct room_class *cls)
{
    struct cache_slab *slab = cache_room_take_slot(room, cls);
    if (!slab)
        return NULL;
    uint32_t n = (uint32_t)(cls->slot_bytes / cls->object_bytes);
    while (objects_offset(n) + n * cls->object_bytes > cls->slot_bytes)
        n--;
    memset(slab, 0, objects_offset(n));
    slab->n_objects = n;
    link_gaps(cls, slab);
    return slab;
}

void *cache_slab_take(struct cache_room *room, struct room_class *cls, uint32_t id)
{
    struct cache_slab *slab = cls->gaps ? cls->gaps : new_slab(room, cls);
    if (!slab)
        return NULL;
    uint32_t i = slab->first_gap;
    while (slab->ids[i])
        i++;
    slab->ids[i] = id;
    slab->first_gap = i + 1;
    if (++slab->n_used == slab->n_objects)
        unlink_gaps(cls, slab);
    return object_at(cls, slab, i);
}

void cache_slab_give(struct cache_room *room, struct room_class *cls, void *object)
{
    struct cache_slab *slab = (void *)((uintptr_t)object & ~(uintptr_t)(cls->slot_bytes - 1));
    const size_t offset = (size_t)((uint8_t *)object - object_at(cls, slab, 0));
    const uint32_t i = (uint32_t)(offset / cls->object_bytes);
    slab->ids[i] = 0;
    if (i < slab->first_gap)
        slab->first_gap = i;
    if (slab->n_used == slab->n_objects)
        link_gaps(cls, slab);
    if (--slab->n_used)
        return;
    unlink_gaps(cls, slab);
    cache_room_give_slot(room, cls, slab);
}

/* Looks at a few slabs of each class: those whose gaps came last. */
bool cache_room_emptiest(struct cache_room *room, struct cache_slab_view *view)
{
    enum { LOOK_AT = 16 };
    const struct cache_slab *best = NULL;
    for (size_t i = 0; i < sizeof room->classes / sizeof room->classes[0]; i++)
        for (const struct room_class *cls = room->classes[i]; cls; cls = cls->chain) {
            const struct cache_slab *slab = cls->gaps;
            for (int n = 0; slab && n < LOOK_AT; n++, slab = slab->older)
                if (!best || (uint64_t)slab->n_used * best->n_objects <
                                 (uint64_t)best->n_used * slab->n_objects)
                    best = slab;
        }
    if (best)
        *view = (struct cache_slab_view) { .ids = best->ids, .n_ids = best->n_objects };
    return best != NULL;
}
