#include "media/demux.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/av.h"
#include "media/avoptions.h"

#include <libavutil/avstring.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BAD_READS_MAX = 32, IDLE_US = 2000 };

static int is_canceled(void *user)
{
    const struct mface_demux *demux = user;
    return demux->cancel && atomic_load_explicit(demux->cancel, memory_order_relaxed);
}

/* Opens the URL as libav wants it: "-" is standard input, and a file of that very name is a file
 * even if it holds a colon, and one picture even if it holds "%d". `options` is left with those
 * nobody knows. */
static int open_url(
    AVFormatContext **ic, const char *url, const AVInputFormat *format, AVDictionary **options)
{
    static const char of_pictures[] = "pattern_type"; // their demuxers know it
    const bool is_there = access(url, F_OK) == 0;
    const char *protocol = is_there && strchr(url, ':') ? "file:" : "";
    char *text = strcmp(url, "-") == 0 ? av_strdup("pipe:0") : av_asprintf("%s%s", protocol, url);
    int err = text ? 0 : AVERROR(ENOMEM);
    if (err >= 0 && is_there && strchr(url, '%'))
        err = av_dict_set(options, of_pictures, "none", 0);
    if (err >= 0)
        err = avformat_open_input(ic, text, format, options);
    av_dict_set(options, of_pictures, NULL, 0);
    av_free(text);
    return err;
}

static enum mface_status find_format(const char *name, const AVInputFormat **format)
{
    *format = name ? av_find_input_format(name) : NULL;
    if (name && !*format)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: no such input format", name);
    return MFACE_OK;
}

static enum mface_status explain_open(const char *url, int averror)
{
    switch (averror) {
    case AVERROR(ENOENT):
        return mface_fail(MFACE_ERR_NOENT, "%s: no such file", url);
    case AVERROR_INVALIDDATA:
        return mface_fail(MFACE_ERR_FORMAT,
            "%s: not a video or picture, or its beginning or index is damaged (%s)", url,
            mface_av_reason(averror));
    case AVERROR_EXIT:
        return MFACE_ERR_CANCELED;
    case AVERROR(EINVAL):
    case AVERROR_EOF:
        return mface_fail(MFACE_ERR_FORMAT, "%s: not a video or picture", url);
    default:
        return mface_fail(
            mface_av_status(averror), "%s: cannot be opened: %s", url, mface_av_reason(averror));
    }
}

/* A format that refuses a value says so, and so do we. */
static enum mface_status explain_options(const struct mface_reader_params *params, int averror)
{
    const bool has_options = params->options && params->options[0];
    if (averror != AVERROR(EINVAL) || !has_options)
        return explain_open(params->url, averror);
    return mface_fail(MFACE_ERR_ARG, "%s: cannot be opened with input-options '%s': %s",
        params->url, params->options, mface_av_reason(averror));
}

static enum mface_status open_with_options(struct mface_demux *demux,
    const struct mface_reader_params *params, const AVInputFormat *format)
{
    static const char setting[] = "input-options";
    AVDictionary *options = NULL;
    enum mface_status status = mface_avoptions_parse(setting, params->options, &options);
    if (status == MFACE_OK) {
        mface_av_forget();
        const int err = open_url(&demux->ic, params->url, format, &options);
        status = err < 0 ? explain_options(params, err)
                         : mface_avoptions_check(setting, demux->ic->iformat->name, options);
    }
    av_dict_free(&options);
    return status;
}

static enum mface_status open_input(
    struct mface_demux *demux, const struct mface_reader_params *params)
{
    const AVInputFormat *format;
    MFACE_TRY(find_format(params->format, &format));
    demux->ic = avformat_alloc_context();
    if (!demux->ic)
        return mface_fail_nomem(params->url);
    demux->ic->interrupt_callback = (AVIOInterruptCB) { is_canceled, demux };
    MFACE_TRY(open_with_options(demux, params, format));
    /* The ANSI art reader takes any .txt; nobody swaps faces in that by accident. */
    if (!format && strcmp(demux->ic->iformat->name, "tty") == 0)
        return mface_fail(MFACE_ERR_FORMAT, "%s: a text, not a video or picture", params->url);
    const int err = avformat_find_stream_info(demux->ic, NULL);
    return err < 0 ? explain_open(params->url, err) : MFACE_OK;
}

/* Real video before covers, what the file marks as default, then the larger picture. */
static double rank(const AVStream *stream)
{
    const AVCodecParameters *par = stream->codecpar;
    if (par->codec_type != AVMEDIA_TYPE_VIDEO)
        return -1;
    const double area = (double)par->width * par->height;
    return area + 1e12 * !!(stream->disposition & AV_DISPOSITION_DEFAULT) +
           1e13 * !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC) +
           1e14 * (avcodec_find_decoder(par->codec_id) != NULL);
}

static enum mface_status find_video(struct mface_demux *demux, const char *url)
{
    double best = -1;
    for (unsigned i = 0; i < demux->ic->nb_streams; i++) {
        AVStream *stream = demux->ic->streams[i];
        if (rank(stream) > best) {
            best = rank(stream);
            demux->video = stream;
        }
    }
    if (!demux->video)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: holds no video", url);
    return MFACE_OK;
}

/* Live sources count from their own clock; a file's offset is part of it. */
static int64_t live_start_us(const AVFormatContext *ic)
{
    const bool is_live = ic->pb ? !(ic->pb->seekable & AVIO_SEEKABLE_NORMAL)
                                : (ic->iformat->flags & AVFMT_NOFILE) && ic->duration <= 0;
    return is_live && ic->start_time != AV_NOPTS_VALUE ? ic->start_time : 0;
}

enum mface_status mface_demux_open(
    struct mface_demux *demux, const struct mface_reader_params *params)
{
    *demux = (struct mface_demux) { .cancel = params->cancel, .url = params->url };
    enum mface_status status = open_input(demux, params);
    if (status == MFACE_OK)
        status = find_video(demux, params->url);
    if (status != MFACE_OK) {
        mface_demux_close(demux);
        return status;
    }
    mface_clock_init(&demux->clock, demux->ic, live_start_us(demux->ic));
    return MFACE_OK;
}

void mface_demux_close(struct mface_demux *demux)
{
    avformat_close_input(&demux->ic);
    *demux = (struct mface_demux) { 0 };
}

int64_t mface_demux_start_us(const struct mface_demux *demux)
{
    const int64_t start_us = demux->ic->start_time;
    return start_us != AV_NOPTS_VALUE ? start_us - live_start_us(demux->ic) : 0;
}

int64_t mface_demux_video_begin(const struct mface_demux *demux)
{
    const AVStream *video = demux->video;
    const int64_t live_start =
        av_rescale_q(live_start_us(demux->ic), AV_TIME_BASE_Q, video->time_base);
    if (video->start_time != AV_NOPTS_VALUE)
        return video->start_time - live_start;
    return av_rescale_q(mface_demux_start_us(demux), AV_TIME_BASE_Q, video->time_base);
}

bool mface_demux_can_seek(const struct mface_demux *demux)
{
    const AVFormatContext *ic = demux->ic;
    const bool is_file = ic->pb ? !!(ic->pb->seekable & AVIO_SEEKABLE_NORMAL) : ic->duration > 0;
    return is_file && demux->video->start_time != AV_NOPTS_VALUE; // else it has no times
}

bool mface_demux_seek(struct mface_demux *demux, int64_t time)
{
    if (av_seek_frame(demux->ic, demux->video->index, time, AVSEEK_FLAG_BACKWARD) < 0)
        return false;
    mface_clock_init(&demux->clock, demux->ic, live_start_us(demux->ic));
    demux->n_bad_in_a_row = 0;
    demux->n_damaged = 0;
    demux->ended_early = false;
    return true;
}

double mface_demux_duration_s(const struct mface_demux *demux)
{
    const int64_t us = demux->ic->duration;
    return us > 0 && us != AV_NOPTS_VALUE ? (double)us / AV_TIME_BASE : 0;
}

/* An index that points behind the end of the file tells a cut MP4 for sure. */
static bool index_overruns_file(const struct mface_demux *demux)
{
    const int64_t size = demux->ic->pb ? avio_size(demux->ic->pb) : -1;
    for (unsigned i = 0; size > 0 && i < demux->ic->nb_streams; i++) {
        AVStream *stream = demux->ic->streams[i];
        const int n = avformat_index_get_entries_count(stream);
        const AVIndexEntry *last = n > 0 ? avformat_index_get_entry(stream, n - 1) : NULL;
        if (last && last->pos + last->size > size)
            return true;
    }
    return false;
}

/* Whether the streams stop well before the duration the file's own header promises. Where a file
 * does not begin at 0, writers of Matroska count it from 0 or from the beginning: the later end is
 * doubted by neither. */
static bool stops_before_promise(const struct mface_demux *demux)
{
    const AVFormatContext *ic = demux->ic;
    const bool is_promise =
        ic->duration_estimation_method == AVFMT_DURATION_FROM_STREAM &&
        strncmp(ic->iformat->name, "mov,", 4) != 0; // edit lists; its index is the judge
    const double promise_s = mface_demux_duration_s(demux);
    const double slack_s = 0.25 + 0.01 * promise_s;
    return is_promise && promise_s > 0 && demux->end_s < promise_s - slack_s;
}

static enum mface_status end(struct mface_demux *demux, int averror)
{
    if (averror == AVERROR_EXIT || is_canceled(demux))
        return MFACE_ERR_CANCELED;
    const bool is_file = demux->ic->pb && (demux->ic->pb->seekable & AVIO_SEEKABLE_NORMAL);
    demux->ended_early |= averror != AVERROR_EOF ||
                          (is_file && (index_overruns_file(demux) || stops_before_promise(demux)));
    return MFACE_ERR_EOF;
}

static void take_note(struct mface_demux *demux, AVPacket *packet)
{
    AVStream *stream = demux->ic->streams[packet->stream_index];
    packet->time_base = stream->time_base;
    demux->n_bad_in_a_row = 0;
    demux->n_damaged += !!(packet->flags & AV_PKT_FLAG_CORRUPT);
    const int64_t ts = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    mface_clock_correct(&demux->clock, stream, packet, demux->url);
    if (ts != AV_NOPTS_VALUE)
        demux->end_s =
            fmax(demux->end_s, ((double)ts + (double)packet->duration) * av_q2d(stream->time_base));
}

enum mface_status mface_demux_read(struct mface_demux *demux, AVPacket *packet)
{
    while (!is_canceled(demux)) {
        const int err = av_read_frame(demux->ic, packet);
        if (err >= 0) {
            take_note(demux, packet);
            return MFACE_OK;
        }
        if (err == AVERROR(EAGAIN)) // a device with nothing to give yet
            usleep(IDLE_US);
        else if (err != AVERROR_INVALIDDATA || ++demux->n_bad_in_a_row > BAD_READS_MAX)
            return end(demux, err);
        else
            demux->n_damaged++;
    }
    return MFACE_ERR_CANCELED;
}
