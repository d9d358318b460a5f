#include "media/clock.h"

#include "base/log.h"

#include <libavutil/common.h>

/* Sound and picture may be so far apart, and decoding times may go back so far. */
enum { FORWARD_US = 10 * AV_TIME_BASE, BACK_US = AV_TIME_BASE / 10 };

void mface_clock_init(struct mface_clock *clock, const AVFormatContext *ic, int64_t start_us)
{
    *clock = (struct mface_clock) {
        .shift_us = start_us,
        .may_jump = ic->iformat->flags & AVFMT_TS_DISCONT,
    };
    for (int i = 0; i < MFACE_CLOCK_STREAMS; i++)
        clock->next_us[i] = AV_NOPTS_VALUE;
}

static bool tells_time(const struct mface_clock *clock, const AVStream *stream)
{
    const enum AVMediaType type = stream->codecpar->codec_type;
    return clock->may_jump && stream->index < MFACE_CLOCK_STREAMS &&
           (type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO);
}

static void close_jump(struct mface_clock *clock, int64_t *next_us, int64_t dts_us, const char *url)
{
    const int64_t jump_us = av_sat_sub64(av_sat_sub64(dts_us, clock->shift_us), *next_us);
    if (*next_us == AV_NOPTS_VALUE || (jump_us >= -BACK_US && jump_us <= FORWARD_US))
        return;
    if (!clock->said_jump)
        mface_log(MFACE_LOG_WARN,
            "%s: its clock jumps by %.2f s at %.2f s; what follows is put right behind", url,
            (double)jump_us / AV_TIME_BASE, (double)*next_us / AV_TIME_BASE);
    clock->said_jump = true;
    clock->shift_us = av_sat_add64(clock->shift_us, jump_us);
}

void mface_clock_correct(
    struct mface_clock *clock, const AVStream *stream, AVPacket *packet, const char *url)
{
    if (tells_time(clock, stream) && packet->dts != AV_NOPTS_VALUE) {
        int64_t *next_us = &clock->next_us[stream->index];
        const int64_t dts_us = av_rescale_q(packet->dts, stream->time_base, AV_TIME_BASE_Q);
        close_jump(clock, next_us, dts_us, url);
        *next_us = av_sat_add64(av_sat_sub64(dts_us, clock->shift_us),
            av_rescale_q(packet->duration, stream->time_base, AV_TIME_BASE_Q));
    }
    const int64_t shift = av_rescale_q(clock->shift_us, AV_TIME_BASE_Q, stream->time_base);
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts = av_sat_sub64(packet->pts, shift);
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts = av_sat_sub64(packet->dts, shift);
}
