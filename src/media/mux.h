/* Writing one container: the encoded video and the copied streams, interleaved. */
#ifndef MFACE_MEDIA_MUX_H
#define MFACE_MEDIA_MUX_H

#include "media/encode.h"
#include "media/mux_files.h"
#include "media/reader.h"
#include "media/streams.h"
#include "media/target.h"

struct mface_mux {
    AVFormatContext *oc;
    AVPacket *packet;
    struct mface_target target;
    struct mface_mux_files files;
    struct mface_encoder encoder;
    struct mface_carry *carry;
    struct mface_stream_copy *copies; // n_copies: by the input's stream index
    int n_copies;
    AVRational in_time_base;
    struct mface_piece piece; // of the input
    bool may_be_negative;     // times: the container has players skip what lies before 0
    int64_t n_refused;        // packets of other streams the container did not take
    double end_s;             // of the last frame written
};

/* Opens the file and writes its header; see mface_writer_open(). The mux starts zeroed and is
 * released by finish or discard, also after a failure here. */
MFACE_NODISCARD enum mface_status mface_mux_open(struct mface_mux *mux,
    const struct mface_writer_params *params, const AVOutputFormat *format,
    struct mface_reader *reader);

MFACE_NODISCARD enum mface_status mface_mux_write(
    struct mface_mux *mux, const struct mface_frame *frame);

/* Ends and names the file. Releases the mux; removes the file on failure. */
MFACE_NODISCARD enum mface_status mface_mux_finish(struct mface_mux *mux);
void mface_mux_discard(struct mface_mux *mux);

#endif
