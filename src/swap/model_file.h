/* A model file mapped into memory, and what identifies it. */
#ifndef MFACE_SWAP_MODEL_FILE_H
#define MFACE_SWAP_MODEL_FILE_H

#include <memoface/key.h>
#include <memoface/status.h>
#include <stddef.h>

struct mface_model_file {
    const void *data; // read-only, page-aligned
    size_t size;
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

/* Both digests of the file. MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_model_file_digest(
    const struct mface_model_file *file, struct mface_model_digests *out);

#endif
