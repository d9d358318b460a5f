/* Bump allocation from blocks that double in size; a piece larger than a block gets its own. */
#include "onnx/arena.h"

#include "base/mem.h"
#include <string.h>

enum { PIECE_ALIGN = 16, BLOCK_MIN_BYTES = 1 << 14, BLOCK_MAX_BYTES = 1 << 20 };

struct mface_arena_block {
    struct mface_arena_block *next;
    size_t used, size; // bytes, header included
};

static struct mface_arena_block *add_block(struct mface_arena *arena, size_t need)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_MIN_BYTES;
    if (size > BLOCK_MAX_BYTES)
        size = BLOCK_MAX_BYTES;
    const size_t head = mface_align_up(sizeof(struct mface_arena_block), PIECE_ALIGN);
    if (need > SIZE_MAX - head)
        return NULL;
    if (size < head + need)
        size = head + need;
    struct mface_arena_block *block = mface_mem_alloc(size);
    if (!block)
        return NULL;
    *block = (struct mface_arena_block) { .next = arena->blocks, .used = head, .size = size };
    arena->blocks = block;
    return block;
}

void *mface_arena_calloc(struct mface_arena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (!mface_mul_size(n, size, &bytes) || bytes > SIZE_MAX - PIECE_ALIGN)
        return NULL;
    bytes = mface_align_up(bytes ? bytes : 1, PIECE_ALIGN);
    struct mface_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < bytes)
        block = add_block(arena, bytes);
    if (!block)
        return NULL;
    void *piece = (char *)block + block->used;
    block->used += bytes;
    return memset(piece, 0, bytes);
}

void mface_arena_clear(struct mface_arena *arena)
{
    while (arena->blocks) {
        struct mface_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        mface_mem_free(block);
    }
}
