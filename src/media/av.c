#include "media/av.h"

#include "base/log.h"

#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 512 };

static _Thread_local char first_error[MESSAGE_BYTES];
static _Thread_local char reason[MESSAGE_BYTES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void trim_line_end(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
        text[--length] = '\0';
}

static void take_libav_message(void *object, int level, const char *format, va_list args)
{
    if (level > AV_LOG_WARNING)
        return;
    char message[MESSAGE_BYTES];
    vsnprintf(message, sizeof message, format, args);
    trim_line_end(message);
    if (message[0] == '\0')
        return;
    const AVClass *class = object ? *(AVClass **)object : NULL;
    mface_log(MFACE_LOG_DEBUG, "%s: %s", class ? class->item_name(object) : "libav", message);
    if (level <= AV_LOG_ERROR && first_error[0] == '\0')
        snprintf(first_error, sizeof first_error, "%s", message);
}

static void init_once(void)
{
    av_log_set_callback(take_libav_message);
    avdevice_register_all();
    avformat_network_init();
}

void mface_av_init(void)
{
    pthread_once(&once, init_once);
}

enum mface_status mface_av_status(int averror)
{
    switch (averror) {
    case AVERROR_EOF:
        return MFACE_ERR_EOF;
    case AVERROR_EXIT:
        return MFACE_ERR_CANCELED;
    case AVERROR_INVALIDDATA:
        return MFACE_ERR_FORMAT;
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_ENCODER_NOT_FOUND:
    case AVERROR_MUXER_NOT_FOUND:
    case AVERROR_PROTOCOL_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
        return MFACE_ERR_UNSUPPORTED;
    case AVERROR_BUG:
    case AVERROR_EXTERNAL:
        return MFACE_ERR_INTERNAL;
    case AVERROR(ENOENT):
    case AVERROR(ENODEV):
        return MFACE_ERR_NOENT;
    case AVERROR(ENOMEM):
        return MFACE_ERR_NOMEM;
    case AVERROR(ENOSPC):
    case AVERROR(EDQUOT):
    case AVERROR(EFBIG):
        return MFACE_ERR_NOSPC;
    case AVERROR(EINVAL):
        return MFACE_ERR_ARG;
    default:
        return MFACE_ERR_IO;
    }
}

void mface_av_forget(void)
{
    first_error[0] = '\0';
}

const char *mface_av_reason(int averror)
{
    if (first_error[0])
        snprintf(reason, sizeof reason, "%s", first_error);
    else if (averror == AVERROR_INVALIDDATA)
        snprintf(reason, sizeof reason, "malformed data");
    else
        av_strerror(averror, reason, sizeof reason);
    return reason;
}
