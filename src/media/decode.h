/* Decoding one opened file: from packets to frames with timestamps and orientation. */
#ifndef MFACE_MEDIA_DECODE_H
#define MFACE_MEDIA_DECODE_H

#include "media/reader.h"

/* Opens the decoder of reader->demux.video. MFACE_ERR_UNSUPPORTED, MFACE_ERR_NOMEM; logged. */
MFACE_NODISCARD enum mface_status mface_decode_open(struct mface_reader *reader);
void mface_decode_close(struct mface_reader *reader);

/* The next frame in presentation order; other streams' packets go to the carrier on the way.
 * MFACE_ERR_EOF, MFACE_ERR_CANCELED (not logged), MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_decode_next(
    struct mface_reader *reader, struct mface_frame **frame);

/* After the first frame behind the piece: reads on until all sound has come behind it, too, or the
 * video is so far on that it will not. Statuses as above, without MFACE_ERR_EOF. */
MFACE_NODISCARD enum mface_status mface_decode_drain(struct mface_reader *reader);

#endif
