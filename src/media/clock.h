/* The clock of an input: one time line out of what its packets say.
 *
 * A live source counts from its own clock, which is taken off. MPEG-TS and its kin may besides
 * start anew in the middle of a file: joined recordings, a broadcast that was interrupted. There
 * whatever follows is put right behind what came before, all streams by the same amount, as ffmpeg
 * does it. */
#ifndef MFACE_MEDIA_CLOCK_H
#define MFACE_MEDIA_CLOCK_H

#include <libavformat/avformat.h>
#include <stdbool.h>

enum { MFACE_CLOCK_STREAMS = 16 }; // later ones are corrected but never the first to tell

struct mface_clock {
    int64_t shift_us;                     // taken off every timestamp
    int64_t next_us[MFACE_CLOCK_STREAMS]; // when the stream's next packet is due; AV_NOPTS_VALUE
    bool may_jump, said_jump;
};

/* `start_us` is the first time of a live source, 0 of others. */
void mface_clock_init(struct mface_clock *clock, const AVFormatContext *ic, int64_t start_us);

/* Puts the packet's times on the one time line. A jump is said once, in a warning naming `url`. */
void mface_clock_correct(
    struct mface_clock *clock, const AVStream *stream, AVPacket *packet, const char *url);

#endif
