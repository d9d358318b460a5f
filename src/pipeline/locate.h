/* Where the built-in face models are. */
#ifndef MFACE_PIPELINE_LOCATE_H
#define MFACE_PIPELINE_LOCATE_H

#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>

/* Turns a built-in name ("ssd", "tiny", "68", "468") or a path into the path of an ONNX file.
 * Built-in models are looked for in $MEMOFACE_MODELS alone if that is set, else in `models` beside
 * the executable or one level up, in `share/memoface/models` of its prefix, in the same places seen
 * from the library, and in `memoface/models` of $XDG_DATA_HOME (~/.local/share). Logs on failure:
 * MFACE_ERR_NOENT (not there), MFACE_ERR_ARG (neither a name nor a path). */
MFACE_NODISCARD enum mface_status mface_model_locate(
    const char *name, char *path, size_t path_bytes);

/* The same without a word; false also where a path cannot be read. */
bool mface_model_find(const char *name, char *path, size_t path_bytes);

#endif
