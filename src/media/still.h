/* One still image file. */
#ifndef MFACE_MEDIA_STILL_H
#define MFACE_MEDIA_STILL_H

#include "media/frame.h"

#include <libavcodec/avcodec.h>

/* The encoder for the name's extension, or params->encoder. MFACE_ERR_UNSUPPORTED, logged. */
MFACE_NODISCARD enum mface_status mface_still_choose(
    const char *path, const struct mface_writer_params *params, const AVCodec **codec);

/* Encodes `frame` upright as `params` says (its url is not used) into `packet`. *pixel_format, if
 * wanted, is what was chosen, static. Statuses as mface_writer_write(). */
MFACE_NODISCARD enum mface_status mface_still_encode(const struct mface_writer_params *params,
    const AVCodec *codec, const struct mface_frame *frame, AVPacket *packet,
    const char **pixel_format);

/* Encodes `frame` upright as `params` says (its url is not used) and writes it with the metadata
 * to `path`: complete, or not at all; NULL: encodes only, to see whether it can be done.
 * *pixel_format, if wanted, is what was chosen, static. Statuses as mface_writer_write(). */
MFACE_NODISCARD enum mface_status mface_still_write(const char *path,
    const struct mface_writer_params *params, const AVCodec *codec, const struct mface_frame *frame,
    const char **pixel_format);

#endif
