/* Room for the blobs' bytes: slots of exact sizes inside reservations of addresses.
 *
 * Blobs above 8 KB (and those that fill their pages) get a slot of whole pages, those below share
 * slabs of objects of one size:
 *
 *   arena of a size class ≥ 64 MB of addresses         slab: a slot of 4 to 64 KB
 *   ┌────────┬────────┬────────┬────────┬──            ┌──────┬──────────────┬─────┬─────┬──
 *   │ slot   │ slot   │ slot   │ slot   │ …            │ head │ entry number │ obj │ obj │ …
 *   │ in use │ warm   │ cold   │ in use │              │      │ of each obj  │     │     │
 *   └────────┴────────┴────────┴────────┴──            └──────┴──────────────┴─────┴─────┴──
 *      memory   memory  addresses only
 *
 * Addresses are plentiful, memory is what the budget is about; so slots of different sizes never
 * share addresses, and a free slot is either warm (its pages are kept for the next blob of that
 * size: a reused 602 KB buffer costs 13 µs to fill, a fresh one 165) or cold (its pages went back
 * to the system by MADV_DONTNEED, at once). Large slots therefore cannot fragment, and shrinking
 * needs no arena to run empty. Slots of 2 MB and more begin at a multiple of 2 MB and ask for huge
 * pages for their whole multiples of it, never beyond, so that what is counted is what is used.
 *
 * Only slabs can fragment. cache_room_emptiest() names the one to clear by evicting what it holds.
 *
 * Guarded by the cache's ledger lock. */
#ifndef MFACE_CACHE_ROOM_H
#define MFACE_CACHE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache_room {
    struct room_class *classes[256]; // by hash of the slot's size
    struct room_class *warm;         // classes with warm slots
    int64_t resident_bytes;          // slots in use, warm slots, slabs: whole pages
    int64_t own_bytes;               // bookkeeping
    size_t slab_objects;             // how many a slab is made for
};

/* A slab, as far as an evictor must know it. */
struct cache_slab_view {
    const uint32_t *ids; // entry numbers; 0: unused object
    uint32_t n_ids;
};

/* More objects a slab cost less each, but leave larger gaps. */
void cache_room_init(struct cache_room *room, size_t slab_objects);
void cache_room_clear(struct cache_room *room); // unmaps everything

/* Whether room for one of the sizes is room for the other. */
bool cache_room_same_slot(size_t a, size_t b);

/* By how much resident_bytes would grow by taking room for `size` bytes now: 0 when a warm slot or
 * a slab with a gap is at hand. */
int64_t cache_room_need(struct cache_room *room, size_t size);

/* Room for entry `id`, 64-byte aligned, or NULL when the system refuses. */
void *cache_room_take(struct cache_room *room, size_t size, uint32_t id);
void cache_room_give(struct cache_room *room, void *data, size_t size); // becomes warm

/* Returns one warm slot's pages to the system; false when there is none. */
bool cache_room_chill(struct cache_room *room);

/* The slab with the least in use among those with gaps; false when there is none. The ids stay
 * valid until the next call that gives room. */
bool cache_room_emptiest(struct cache_room *room, struct cache_slab_view *view);

#endif
