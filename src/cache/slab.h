/* Small objects in slabs: the inside of room.h, shared by room.c and slab.c. */
#ifndef MFACE_CACHE_SLAB_H
#define MFACE_CACHE_SLAB_H

#include "cache/room.h"

/* A reservation of addresses cut into slots of one class. */
struct room_arena {
    struct room_arena *next;
    void *memory;
    size_t bytes;
};

/* All slots of one size. */
struct room_class {
    struct room_class *chain;
    struct room_class *next_warm, *prev_warm; // in room->warm while it has warm slots
    size_t slot_bytes;                        // whole pages that a slot uses
    size_t stride_bytes;                      // from slot to slot
    size_t object_bytes;                      // of slabs; 0: a slot holds one blob
    void **free;                              // n_cold cold slots, then the warm ones
    size_t n_free, n_cold, free_capacity, n_slots;
    struct room_arena *arenas;
    uint8_t *next_slot; // the first of n_uncut in the newest arena
    size_t n_uncut;
    struct cache_slab *gaps; // slabs with unused objects
};

/* The class for blobs of that size; NULL when there is none, or no memory to make it. */
struct room_class *cache_room_class(struct cache_room *room, size_t size, bool make);
void *cache_room_take_slot(struct cache_room *room, struct room_class *cls);
void cache_room_give_slot(struct cache_room *room, struct room_class *cls, void *slot);

/* Size of the objects that blobs of that size go to: multiples of 64 bytes, eight sizes an octave
 * (at most an eighth is lost); 0 for those that get a slot of their own: what is large, or fills
 * its pages anyway. */
size_t cache_slab_object_bytes(size_t size);

/* Size of slabs for about n_objects such objects: a power of two. */
size_t cache_slab_bytes(size_t object_bytes, size_t n_objects);

void *cache_slab_take(struct cache_room *room, struct room_class *cls, uint32_t id);
void cache_slab_give(struct cache_room *room, struct room_class *cls, void *object);

#endif
