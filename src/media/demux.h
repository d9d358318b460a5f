/* The opened input file: finds the video stream and hands out packets. */
#ifndef MFACE_MEDIA_DEMUX_H
#define MFACE_MEDIA_DEMUX_H

#include "media/clock.h"
#include "media/media.h"

#include <libavformat/avformat.h>

struct mface_demux {
    AVFormatContext *ic;
    AVStream *video;
    const atomic_bool *cancel; // borrowed; may be NULL
    const char *url;           // borrowed
    struct mface_clock clock;
    double end_s;       // latest end of any packet so far, by the file's own clock
    int n_bad_in_a_row; // reads that failed one after another
    int64_t n_damaged;  // packets missing or marked corrupt
    bool ended_early;
};

/* Logs on failure; see mface_reader_open(). Release with mface_demux_close(). */
MFACE_NODISCARD enum mface_status mface_demux_open(
    struct mface_demux *demux, const struct mface_reader_params *params);
void mface_demux_close(struct mface_demux *demux); // accepts a zeroed struct

/* The next packet of any stream, its time_base set. MFACE_ERR_EOF at the end, also an early one;
 * MFACE_ERR_CANCELED. Not logged. */
MFACE_NODISCARD enum mface_status mface_demux_read(struct mface_demux *demux, AVPacket *packet);

/* When the input begins, and its video, by the corrected clock: the first in microseconds, the
 * second in the video's time base. */
int64_t mface_demux_start_us(const struct mface_demux *demux);
int64_t mface_demux_video_begin(const struct mface_demux *demux);

/* Whether one may go to another place: in a file with times, not in a pipe. */
bool mface_demux_can_seek(const struct mface_demux *demux);

/* Goes to about the last key frame of the video before `time`, in its time base; what was read does
 * not count. False: it failed, and the next packet is any. */
bool mface_demux_seek(struct mface_demux *demux, int64_t time);

/* How long the file says it is, seconds; 0 unknown. */
double mface_demux_duration_s(const struct mface_demux *demux);

#endif
