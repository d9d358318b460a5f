/* A model file mapped into memory, and what identifies it. */
#ifndef MFACE_SWAP_MODEL_FILE_H
#define MFACE_SWAP_MODEL_FILE_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>

struct mface_model_file {
    const void *data; // read-only, page-aligned
    size_t size;
    int fd;
    struct mface_key identity; // of which file it is, not of what it holds
    bool is_settled;           // it was not changed during the last seconds
};

/* Logs on failure. MFACE_ERR_NOENT, MFACE_ERR_IO, MFACE_ERR_FORMAT (empty, or no regular file).
 * Close with mface_model_file_close(). */
MFACE_NODISCARD enum mface_status mface_model_file_open(
    const char *path, struct mface_model_file *out);
void mface_model_file_close(struct mface_model_file *file); // accepts a zeroed struct

/* Gives the pages back to the system until they are read again. */
void mface_model_file_release_pages(const struct mface_model_file *file);

struct mface_model_digests {
    char sha256[65];      // lower-case hex
    struct mface_key key; // XXH3
};

/* Both digests of the file, read as a stream: no page of the mapping is touched. MFACE_ERR_NOMEM,
 * MFACE_ERR_IO. */
MFACE_NODISCARD enum mface_status mface_model_file_key(
    const struct mface_model_file *file, struct mface_key *key);
MFACE_NODISCARD enum mface_status mface_model_file_sha256(
    const struct mface_model_file *file, char sha256[65]);

/* The digests as remembered in a folder (swap/memory.h), and remembering them.
 *
 * Hashing half a gigabyte takes seconds, most of it SHA-256. A remembered digest is believed when
 * the file has the same device, inode, size, time of change (ctime, which no tool can set back),
 * and the same bytes in a few dozen places. What that misses: a change of the bytes in between by
 * something that writes to the disk beneath the file system. Reading the whole file again at each
 * start would cost what the record is to save. A file changed within the last seconds is not
 * remembered: a second change might carry the same time. */
bool mface_model_file_recall(
    const struct mface_model_file *file, const char *folder, struct mface_model_digests *digests);
void mface_model_file_remember(const struct mface_model_file *file, const char *folder,
    const struct mface_model_digests *digests);

#endif
