#include "media/abilities.h"

#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>
#include <stdio.h>

int mface_media_print_version(char *text, size_t text_bytes)
{
    return snprintf(text, text_bytes, "FFmpeg %s", av_version_info());
}

bool mface_media_has_encoder(const char *name)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    return codec && codec->type == AVMEDIA_TYPE_VIDEO;
}
