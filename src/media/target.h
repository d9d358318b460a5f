/* Where output goes: a temporary name beside the final one until it is complete. */
#ifndef MFACE_MEDIA_TARGET_H
#define MFACE_MEDIA_TARGET_H

#include <memoface/status.h>
#include <stdbool.h>

struct mface_target {
    char *path; // the final name; for a symbolic link, what it points to
    char *temp; // NULL: written directly (URL, device, pipe)
};

/* Picks the temporary name, which differs between processes and between targets of one process.
 * `direct`: the container makes files of its own from the name (HLS), so there is no temporary one.
 * MFACE_ERR_NOENT: no such folder; MFACE_ERR_IO: not writable; MFACE_ERR_ARG: the output is the
 * file `input` (may be NULL), or its name is too long; logged. Release with keep or drop. */
MFACE_NODISCARD enum mface_status mface_target_init(
    struct mface_target *target, const char *url, const char *input, bool direct);

/* What to open for writing. */
const char *mface_target_name(const struct mface_target *target);

/* Gives the complete file its final name. MFACE_ERR_IO, logged; the file then stays under its
 * temporary one, for it may have taken hours. Releases the target. */
MFACE_NODISCARD enum mface_status mface_target_keep(struct mface_target *target);
/* Removes the temporary file; accepts a zeroed struct. Releases the target. */
void mface_target_drop(struct mface_target *target);

/* Whether both names lead to the same existing file or folder. */
bool mface_target_is_same(const char *a, const char *b);

#endif
