#include "media/avoptions.h"

#include "base/log.h"

#include <libavutil/error.h>

enum mface_status mface_avoptions_parse(
    const char *setting, const char *text, AVDictionary **options)
{
    if (!text || !text[0])
        return MFACE_OK;
    const int err = av_dict_parse_string(options, text, "=", ":", 0);
    if (err == AVERROR(ENOMEM))
        return mface_fail_nomem(setting);
    return err >= 0 ? MFACE_OK
                    : mface_fail(MFACE_ERR_ARG, "%s: '%s' is not of the form key=value:key=value",
                          setting, text);
}

enum mface_status mface_avoptions_check(
    const char *setting, const char *owner, const AVDictionary *left)
{
    const AVDictionaryEntry *unknown = av_dict_get(left, "", NULL, AV_DICT_IGNORE_SUFFIX);
    return unknown ? mface_fail(
                         MFACE_ERR_ARG, "%s: %s has no option '%s'", setting, owner, unknown->key)
                   : MFACE_OK;
}
