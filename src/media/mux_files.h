/* The files a muxer makes of its own accord: HLS and DASH open, fill and close theirs, and forget
 * much of what fails on the way, a full disk among it. So we listen in. */
#ifndef MFACE_MEDIA_MUX_FILES_H
#define MFACE_MEDIA_MUX_FILES_H

#include <libavformat/avformat.h>

struct mface_mux_files {
    int error; // the first AVERROR of any of them; 0: none
    int (*open)(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **);
    int (*close)(AVFormatContext *, AVIOContext *);
};

/* Before the header is written. `files` stays where it is as long as the container; its muxer, and
 * those that one has work for it, find it by their `opaque`. */
void mface_mux_files_watch(struct mface_mux_files *files, AVFormatContext *oc);

#endif
