/* The output's other streams: which of the input's audio, subtitles, covers, attachments and data
 * the container can hold, copied without decoding. */
#ifndef MFACE_MEDIA_STREAMS_H
#define MFACE_MEDIA_STREAMS_H

#include <libavformat/avformat.h>
#include <memoface/status.h>

struct mface_stream_copy {
    AVStream *out; // NULL: the stream has no packets to copy
    int64_t last_dts;
};

/* Adds a stream to `oc`, whose video stream is already there and described, for every copyable
 * stream of `ic` but `video`; copies[i] belongs to ic->streams[i] and starts zeroed. What the
 * container cannot hold is named in one warning. MFACE_ERR_NOMEM, logged. */
MFACE_NODISCARD enum mface_status mface_streams_add(AVFormatContext *oc, const AVFormatContext *ic,
    const AVStream *video, struct mface_stream_copy *copies);

/* Makes the packet the output's: stream, time base, rising dts. */
void mface_streams_adapt(
    struct mface_stream_copy *copy, const AVFormatContext *oc, AVPacket *packet);

#endif
