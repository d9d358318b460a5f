#include "pipeline/live.h"

#include <stddef.h>
#include <string.h>

static const char *const devices[] = { "v4l2", "video4linux2", "x11grab", "kmsgrab", "fbdev",
    "decklink", "iec61883", "dshow", "gdigrab", "avfoundation" };
static const char *const schemes[] = {
    "rtp:", "rtsp:", "rtsps:", "rtmp:", "rtmps:", "srt:", "udp:", "sdp:"
};

bool mface_input_is_live(const char *url, const char *format)
{
    for (size_t i = 0; format && i < sizeof devices / sizeof devices[0]; i++)
        if (strcmp(format, devices[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return strncmp(url, "/dev/video", strlen("/dev/video")) == 0;
}
