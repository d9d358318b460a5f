/* The file of packed weights.
 *
 *   header │ table: one entry per block │ blocks, each on a page of its own
 *
 * In the byte order of the machine that wrote it: packed layouts are worth nothing elsewhere. */
#ifndef MFACE_ONNX_WEIGHTS_FILE_H
#define MFACE_ONNX_WEIGHTS_FILE_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mface_weight_state {
    MFACE_WEIGHT_ABSENT,  // in the file only
    MFACE_WEIGHT_READING, // by some thread
    MFACE_WEIGHT_SOUND,   // its checksum held, or it was made here
    MFACE_WEIGHT_DAMAGED, // or not to be read
};

struct mface_weight_block {
    struct mface_key source, layout;
    struct mface_key checksum; // XXH3 of the bytes; of blocks in a file
    uint64_t offset;           // in the file; 0: it is not there
    void *data;                // of mface_mem_alloc_huge(); NULL: still in the file
    size_t bytes;
    enum mface_weight_state state;
    bool is_used; // a plan of this process found or gave it
};

struct mface_weights_file {
    int fd;          // of no meaning where n_blocks is 0
    size_t n_blocks; // 0: there is no file
};

/* Opens the file and reads its table into *blocks (mface_mem_free()). Anything wrong with header or
 * table makes it no file at all: false, with nothing to release. */
bool mface_weights_file_open(const char *path, struct mface_key identity,
    struct mface_weights_file *file, struct mface_weight_block **blocks);
void mface_weights_file_close(struct mface_weights_file *file);

/* Reads a block into memory of its own and verifies it: its state is then SOUND or DAMAGED, with no
 * data. Reading beats mapping: memory of our own can be huge pages, and a file that is cut off
 * meanwhile is a damaged block, not a crash. */
void mface_weights_file_read(
    const struct mface_weights_file *file, struct mface_weight_block *block);

/* Writes the used blocks, checksummed here, under another name and renames it. MFACE_OK,
 * MFACE_ERR_IO, MFACE_ERR_NOSPC, MFACE_ERR_NOMEM; not logged. */
MFACE_NODISCARD enum mface_status mface_weights_file_write(const char *path,
    struct mface_key identity, const struct mface_weight_block *blocks, size_t n_blocks);

#endif
