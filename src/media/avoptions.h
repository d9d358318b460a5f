/* Options for FFmpeg as a user gives them: "key=value:key=value". */
#ifndef MFACE_MEDIA_AVOPTIONS_H
#define MFACE_MEDIA_AVOPTIONS_H

#include <libavutil/dict.h>
#include <memoface/status.h>

/* Adds what `text` says, nothing for NULL and "". The caller frees *options, also after a failure.
 * MFACE_ERR_ARG: it reads otherwise; MFACE_ERR_NOMEM; logged, by the setting's name. */
MFACE_NODISCARD enum mface_status mface_avoptions_parse(
    const char *setting, const char *text, AVDictionary **options);

/* What libav left of them, `owner` does not know. MFACE_ERR_ARG if there is any; logged. */
MFACE_NODISCARD enum mface_status mface_avoptions_check(
    const char *setting, const char *owner, const AVDictionary *left);

#endif
