/* Slots of whole pages; see room.h. Slabs are cut from slots in slab.c. */
#include "base/mem.h"
#include "cache/slab.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, HUGE_BYTES = 2 << 20, ARENA_BYTES = 64 << 20 };

void cache_room_init(struct cache_room *room, size_t slab_objects)
{
    *room = (struct cache_room) { .slab_objects = slab_objects };
}

static void free_class(struct room_class *cls)
{
    for (struct room_arena *arena = cls->arenas, *next; arena; arena = next) {
        next = arena->next;
        munmap(arena->memory, arena->bytes);
        mface_mem_free(arena);
    }
    mface_mem_free(cls->free);
    mface_mem_free(cls);
}

void cache_room_clear(struct cache_room *room)
{
    for (size_t i = 0; i < sizeof room->classes / sizeof room->classes[0]; i++)
        for (struct room_class *cls = room->classes[i], *next; cls; cls = next) {
            next = cls->chain;
            free_class(cls);
        }
    *room = (struct cache_room) { 0 };
}

/* Object sizes of slabs and slot sizes of pages never collide: the former are marked odd. */
static struct room_class **find_class(struct cache_room *room, size_t slot_bytes, size_t object)
{
    const size_t id = object ? object | 1 : slot_bytes;
    struct room_class **link = &room->classes[(id * 0x9e3779b97f4a7c15u) >> 56];
    while (*link && ((*link)->slot_bytes != slot_bytes || (*link)->object_bytes != object))
        link = &(*link)->chain;
    return link;
}

struct room_class *cache_room_class(struct cache_room *room, size_t size, bool make)
{
    const size_t object = cache_slab_object_bytes(size);
    const size_t slot_bytes =
        object ? cache_slab_bytes(object, room->slab_objects) : mface_align_up(size, PAGE_BYTES);
    struct room_class **link = find_class(room, slot_bytes, object);
    if (*link || !make)
        return *link;
    struct room_class *cls = mface_mem_calloc(1, sizeof *cls);
    if (!cls)
        return NULL;
    cls->slot_bytes = slot_bytes;
    cls->object_bytes = object;
    cls->stride_bytes =
        slot_bytes >= HUGE_BYTES ? mface_align_up(slot_bytes, HUGE_BYTES) : slot_bytes;
    room->own_bytes += (int64_t)sizeof *cls;
    return *link = cls;
}

/* Keeps room to note every slot as free, so that giving one back cannot fail. */
static bool fit_free_list(struct cache_room *room, struct room_class *cls, size_t n_slots)
{
    if (n_slots <= cls->free_capacity)
        return true;
    size_t capacity = cls->free_capacity ? cls->free_capacity * 2 : 8;
    void **list = mface_mem_alloc(capacity * sizeof list[0]);
    if (!list)
        return false;
    if (cls->n_free)
        memcpy(list, cls->free, cls->n_free * sizeof list[0]);
    mface_mem_free(cls->free);
    room->own_bytes += (int64_t)((capacity - cls->free_capacity) * sizeof list[0]);
    cls->free = list;
    cls->free_capacity = capacity;
    return true;
}

/* Address space for more slots, aligned for huge pages and slabs. */
static bool add_arena(struct cache_room *room, struct room_class *cls)
{
    struct room_arena *arena = mface_mem_calloc(1, sizeof *arena);
    if (!arena)
        return false;
    const size_t n_slots = cls->stride_bytes < ARENA_BYTES ? ARENA_BYTES / cls->stride_bytes : 1;
    arena->bytes = n_slots * cls->stride_bytes + HUGE_BYTES;
    arena->memory = mmap(NULL, arena->bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena->memory == MAP_FAILED) {
        mface_mem_free(arena);
        return false;
    }
    cls->next_slot = (uint8_t *)mface_align_up((uintptr_t)arena->memory, HUGE_BYTES);
    cls->n_uncut = n_slots;
    arena->next = cls->arenas;
    cls->arenas = arena;
    room->own_bytes += (int64_t)sizeof *arena;
    return true;
}

/* A slot never used before. */
static void *cut_slot(struct cache_room *room, struct room_class *cls)
{
    if (!fit_free_list(room, cls, cls->n_slots + 1) || (!cls->n_uncut && !add_arena(room, cls)))
        return NULL;
    uint8_t *slot = cls->next_slot;
    cls->next_slot += cls->stride_bytes;
    cls->n_uncut--;
    cls->n_slots++;
    if (cls->slot_bytes >= HUGE_BYTES)
        madvise(slot, cls->slot_bytes & ~(size_t)(HUGE_BYTES - 1), MADV_HUGEPAGE);
    return slot;
}

static void link_warm(struct cache_room *room, struct room_class *cls)
{
    cls->next_warm = room->warm;
    cls->prev_warm = NULL;
    if (room->warm)
        room->warm->prev_warm = cls;
    room->warm = cls;
}

static void unlink_warm(struct cache_room *room, struct room_class *cls)
{
    *(cls->prev_warm ? &cls->prev_warm->next_warm : &room->warm) = cls->next_warm;
    if (cls->next_warm)
        cls->next_warm->prev_warm = cls->prev_warm;
}

/* Free slots: the cold ones first, then the warm ones, so that the warmest is at the end. */
void *cache_room_take_slot(struct cache_room *room, struct room_class *cls)
{
    if (cls->n_free > cls->n_cold) {
        if (cls->n_free - 1 == cls->n_cold)
            unlink_warm(room, cls);
        return cls->free[--cls->n_free];
    }
    void *slot;
    if (cls->n_free) {
        cls->n_cold--;
        slot = cls->free[--cls->n_free];
    } else {
        slot = cut_slot(room, cls);
    }
    if (slot)
        room->resident_bytes += (int64_t)cls->slot_bytes;
    return slot;
}

void cache_room_give_slot(struct cache_room *room, struct room_class *cls, void *slot)
{
    if (cls->n_free == cls->n_cold)
        link_warm(room, cls);
    cls->free[cls->n_free++] = slot;
}

bool cache_room_chill(struct cache_room *room)
{
    struct room_class *cls = room->warm;
    if (!cls)
        return false;
    madvise(cls->free[cls->n_cold++], cls->slot_bytes, MADV_DONTNEED);
    room->resident_bytes -= (int64_t)cls->slot_bytes;
    if (cls->n_cold == cls->n_free)
        unlink_warm(room, cls);
    return true;
}

bool cache_room_same_slot(size_t a, size_t b)
{
    if (a == b)
        return true;
    const size_t object = cache_slab_object_bytes(a);
    return object == cache_slab_object_bytes(b) &&
           (object || mface_align_up(a, PAGE_BYTES) == mface_align_up(b, PAGE_BYTES));
}

int64_t cache_room_need(struct cache_room *room, size_t size)
{
    const struct room_class *cls = cache_room_class(room, size, true);
    if (!cls)
        return INT64_MAX / 2;
    return cls->gaps || cls->n_free > cls->n_cold ? 0 : (int64_t)cls->slot_bytes;
}

void *cache_room_take(struct cache_room *room, size_t size, uint32_t id)
{
    struct room_class *cls = cache_room_class(room, size, true);
    if (!cls)
        return NULL;
    return cls->object_bytes ? cache_slab_take(room, cls, id) : cache_room_take_slot(room, cls);
}

void cache_room_give(struct cache_room *room, void *data, size_t size)
{
    struct room_class *cls = cache_room_class(room, size, false);
    if (cls->object_bytes)
        cache_slab_give(room, cls, data);
    else
        cache_room_give_slot(room, cls, data);
}
