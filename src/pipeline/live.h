/* Which inputs are live: they go on whether or not anyone keeps up. */
#ifndef MFACE_PIPELINE_LIVE_H
#define MFACE_PIPELINE_LIVE_H

#include <stdbool.h>

/* Devices and the URLs of streams that no server holds back (rtp, rtsp, rtmp, srt, udp, …), by the
 * name and FFmpeg's input format, which may be NULL. Over http most is a file. */
bool mface_input_is_live(const char *url, const char *format);

#endif
