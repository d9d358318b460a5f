/* What the module's own files see of a frame. */
#ifndef MFACE_MEDIA_FRAME_H
#define MFACE_MEDIA_FRAME_H

#include "media/media.h"
#include "media/orient.h"

#include <libavutil/frame.h>

struct mface_frame {
    AVFrame *av; // owned; pts counts the reader's time base
    int64_t index;
    double time_s;
    struct mface_orient orient;
    int file; // place in the reader's listing of image files; -1 without one
};

/* Takes `av`, also on failure. NULL when out of memory. */
struct mface_frame *mface_frame_create(AVFrame *av);

#endif
