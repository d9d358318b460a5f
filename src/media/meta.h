/* What a file says about itself: metadata, chapters, and the tags of its streams. */
#ifndef MFACE_MEDIA_META_H
#define MFACE_MEDIA_META_H

#include "media/piece.h"

#include <libavformat/avformat.h>
#include <memoface/status.h>
#include <stdbool.h>

/* Copies the container's metadata and what is left of its chapters in the piece, and adds `pairs`
 * (key, value, …, NULL; may be NULL). Unless a pair is a comment of its own, all pairs also go into
 * the comment, which more players show than keys of our own. `in` may be NULL. MFACE_ERR_NOMEM,
 * logged. */
MFACE_NODISCARD enum mface_status mface_meta_copy_container(AVFormatContext *out,
    const AVFormatContext *in, const struct mface_piece *piece, const char *const *pairs);

/* Copies language, title, disposition and rates. For a stream that is encoded anew, what described
 * the old encoding is left out. */
MFACE_NODISCARD enum mface_status mface_meta_copy_stream(
    AVStream *out, const AVStream *in, bool encoded_anew);

/* Whether the pairs hold a key that MP4 keeps only among its free-form keys. */
bool mface_meta_has_custom_key(const char *const *pairs);

#endif
