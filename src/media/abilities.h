/* What the FFmpeg at hand can do. */
#ifndef MFACE_MEDIA_ABILITIES_H
#define MFACE_MEDIA_ABILITIES_H

#include <stdbool.h>
#include <stddef.h>

/* "FFmpeg 5.1.6". As snprintf(). */
int mface_media_print_version(char *text, size_t text_bytes);

/* Whether there is a video encoder of that name. */
bool mface_media_has_encoder(const char *name);

#endif
