/* What is remembered of a model between runs, in small files of one folder.
 *
 *   FOLDER/models/<identity>.digest      what a file's content hashes to
 *                 <identity>.precision   what runs faster here
 *                 <identity>.int8        how far a model's faces in int8 are from those in f32
 *                 <identity>.weights     packed weights (onnx/weights.h)
 *
 * Nothing here is needed: a folder that is missing, full or read-only, a record that is damaged or
 * of something else, all mean that the work is done again. All functions are thread-safe, also
 * between processes: files appear whole under their name. */
#ifndef MFACE_SWAP_MEMORY_H
#define MFACE_SWAP_MEMORY_H

#include <limits.h>
#include <memoface/key.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads a record of exactly `bytes`; false: there is none that holds. `folder` NULL or "": none.
 * `kind`: "digest". */
bool mface_memory_read(
    const char *folder, const char *kind, struct mface_key identity, void *data, size_t bytes);

/* Writes one, best effort; creates the folder. */
void mface_memory_write(const char *folder, const char *kind, struct mface_key identity,
    const void *data, size_t bytes);

/* The path of a file in the folder, which is created; false: no folder, or none can be made. */
bool mface_memory_path(
    const char *folder, const char *kind, struct mface_key identity, char path[PATH_MAX]);

/* Removes the weights used longest ago until those left take at most `limit_bytes`, and what
 * writers that were killed left behind. Never touches `keep`. */
void mface_memory_trim(const char *folder, size_t limit_bytes, const char *keep);

#endif
