/* Encoding: frames in the reader's format and time base to packets.
 *
 * What the encoder cannot take as it is (pixel format, range, a size that changed midway, an
 * orientation the container cannot tag) is converted on the way in. */
#ifndef MFACE_MEDIA_ENCODE_H
#define MFACE_MEDIA_ENCODE_H

#include "media/convert.h"
#include "media/frame.h"
#include "media/media.h"

#include <libavcodec/avcodec.h>

enum { MFACE_ENCODER_TIMES = 512 }; // above any encoder's delay in frames

struct mface_encoder_spec {
    const struct mface_writer_params *params;
    const AVCodec *codec;
    AVRational in_time_base; // of the frames' pts
    int64_t origin;          // pts of what is the output's 0
    AVRational time_base;    // of the packets
    AVRational frame_rate;
    bool global_header;
    bool turn_upright;     // else the container tags the orientation
    bool is_joined_midway; // by viewers, who wait for a key frame
};

struct mface_encoder {
    AVCodecContext *ctx;
    AVFrame *target; // no pixels: format, size, range and matrix every frame gets
    struct mface_converter converter;
    AVRational in_time_base;
    int64_t origin;
    bool turn_upright, said_size, said_times;
    int64_t last_pts;
    struct {
        int64_t pts, duration;
    } times[MFACE_ENCODER_TIMES]; // of the last frames, a ring
    unsigned n_times;
};

/* Opens the encoder for frames like `first`. MFACE_ERR_ARG, MFACE_ERR_UNSUPPORTED,
 * MFACE_ERR_NOMEM; logged. Release with mface_encoder_close(), also after a failure. */
MFACE_NODISCARD enum mface_status mface_encoder_open(struct mface_encoder *encoder,
    const struct mface_encoder_spec *spec, const struct mface_frame *first);
void mface_encoder_close(struct mface_encoder *encoder); // accepts a zeroed struct

/* One frame, or NULL: no more. */
MFACE_NODISCARD enum mface_status mface_encoder_send(
    struct mface_encoder *encoder, const struct mface_frame *frame);

/* The next finished packet, in the encoder's time base. MFACE_ERR_EOF when none is ready (or, after
 * NULL was sent, left). */
MFACE_NODISCARD enum mface_status mface_encoder_receive(
    struct mface_encoder *encoder, AVPacket *packet);

#endif
