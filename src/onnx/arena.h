/* A growing arena: many small pieces that live and die together. Not thread-safe. */
#ifndef MFACE_ONNX_ARENA_H
#define MFACE_ONNX_ARENA_H

#include <stddef.h>

struct mface_arena {
    struct mface_arena_block *blocks; // newest first; zero-initialised is empty and ready
};

/* Zeroed bytes aligned to 16, or NULL; also NULL when n × size wraps.
 * Never NULL for n 0. */
void *mface_arena_calloc(struct mface_arena *arena, size_t n, size_t size);

/* Releases every piece; the arena is empty and usable again. */
void mface_arena_clear(struct mface_arena *arena);

#endif
