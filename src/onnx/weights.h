/* Packed weights: shared by the plans of a model, and kept in a file from one start to the next.
 *
 * A block is one constant in the layout a primitive wants. It is known by its source (which
 * constant of the model) and its layout, so plans that pack the same constant the same way (other
 * morph values, other outputs, other thread counts) share one block, and a block read back from a
 * file replaces both reading the model's weights and packing them.
 *
 *   plan ──find──▶ block in memory, or read from the file and verified ──▶ used as it is
 *     └─not there: packs, then gives──▶ block in memory ──save──▶ the file, rewritten whole
 *
 * The file is never trusted: header, table and each block carry checksums, and what does not hold
 * is packed anew. */
#ifndef MFACE_ONNX_WEIGHTS_H
#define MFACE_ONNX_WEIGHTS_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mface_weights; // thread-safe; outlives the plans that use it

/* An empty store. `path`: of the file to read now and to write in mface_weights_save(), NULL for
 * none; a file that is missing, damaged or of another `identity` counts as empty. Identity is all
 * that packed bytes depend on besides source and layout: the model's content, to begin with.
 * MFACE_OK, MFACE_ERR_NOMEM (logged). */
MFACE_NODISCARD enum mface_status mface_weights_create(
    const char *path, struct mface_key identity, struct mface_weights **out);

/* A store in which every block there could be is found, all of them zeros that take no memory:
 * plans made with it run as long as real ones and compute nonsense. For measuring. MFACE_ERR_NOMEM
 * (logged). */
MFACE_NODISCARD enum mface_status mface_weights_create_blank(struct mface_weights **out);

void mface_weights_free(struct mface_weights **weights); // every plan must have been freed

/* Writes the file if it lacks a block that is in use: under another name first, so that readers
 * see the old file or the new one whole. Blocks nobody asked for since the file was read are left
 * out, and leave memory. MFACE_OK (also without a path), MFACE_ERR_IO, MFACE_ERR_NOSPC; not logged:
 * the next start is slower and nothing else. */
MFACE_NODISCARD enum mface_status mface_weights_save(struct mface_weights *weights);

struct mface_weights_stats {
    int64_t memory_bytes, read_bytes; // of blocks in use: packed here, and from the file
    int n_packed, n_found, n_damaged; // found: served without packing
};
void mface_weights_get_stats(struct mface_weights *weights, struct mface_weights_stats *stats);

/* A constant as its plan names it for the store. `store` NULL: it is kept nowhere. */
struct mface_weight_source {
    struct mface_weights *store;
    struct mface_key key;
};

/* The block, aligned to MFACE_ALIGN, valid as long as the store; NULL: not there. */
const void *mface_weights_find(
    const struct mface_weight_source *source, struct mface_key layout, size_t bytes);

/* Hands over memory of mface_mem_alloc() that holds a packed block. False: the store has none, is
 * out of memory or got the block from another thread meanwhile; `data` stays the caller's then. */
bool mface_weights_give(
    const struct mface_weight_source *source, struct mface_key layout, void *data, size_t bytes);

#endif
