/* A piece of an input: which frames and packets are of it, and when they come in the output. */
#ifndef MFACE_MEDIA_PIECE_H
#define MFACE_MEDIA_PIECE_H

#include "media/demux.h"

#include <stdbool.h>

struct mface_piece {
    bool is_part;         // else the whole input, which keeps its times
    AVRational time_base; // of all below: the video stream's
    int64_t start, end;   // frames with start <= pts < end; INT64_MIN, INT64_MAX: the input's own
    int64_t origin;       // what becomes the output's 0
};

/* Whether the parameters can be of a piece. MFACE_ERR_ARG, logged. */
MFACE_NODISCARD enum mface_status mface_piece_check(const struct mface_reader_params *params);

/* The piece that the parameters want of an opened input. */
void mface_piece_init(struct mface_piece *piece, const struct mface_demux *demux,
    const struct mface_reader_params *params);

/* The output's 0 is the piece's first frame, so that no player shows a gap before it; but the start
 * itself where the picture comes later than that by a frame's time or more and sound goes before.
 */
void mface_piece_begin(struct mface_piece *piece, int64_t first_pts, AVRational frame_rate);

/* What becomes the output's 0, 0 for a whole input. */
int64_t mface_piece_origin(const struct mface_piece *piece, AVRational time_base);

/* Whether a packet of `stream`, which is not the video, can be of the piece. Asked of the input's
 * packets before the first frame is known. */
bool mface_piece_may_hold(
    const struct mface_piece *piece, const AVStream *stream, const AVPacket *packet);

/* Whether the packet begins where the piece has ended. */
bool mface_piece_is_behind(const struct mface_piece *piece, const AVPacket *packet);

/* Makes the packet's times the output's; false where it is none of the piece. A subtitle that
 * reaches over a border is cut. Sound is never cut within a packet: where players skip what lies
 * before 0, the packets that the first sample is made from begin there, else it starts with the
 * first packet that does not. */
bool mface_piece_cut(const struct mface_piece *piece, const AVStream *stream, bool may_be_negative,
    AVPacket *packet);

/* The same for a span of time; false where none of it is left. */
bool mface_piece_cut_span(
    const struct mface_piece *piece, AVRational time_base, int64_t *start, int64_t *end);

#endif
