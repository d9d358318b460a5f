/* Where reading begins: the way to the first frame that is wanted. */
#ifndef MFACE_MEDIA_START_H
#define MFACE_MEDIA_START_H

#include "media/reader.h"

/* Decodes up to the first frame of the piece, after those that are to be skipped, and keeps it as
 * reader->first. Logs on failure: MFACE_ERR_FORMAT (nothing can be decoded), MFACE_ERR_ARG (the
 * piece holds no frame), or what decoding says. */
MFACE_NODISCARD enum mface_status mface_start_reading(struct mface_reader *reader);

/* How many of `n_all` frames (0: unknown) there are from that one to the end of the piece, at a
 * constant rate; 0: unknown. */
int64_t mface_start_count(const struct mface_reader *reader, int64_t n_all);

#endif
