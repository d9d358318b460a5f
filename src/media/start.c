/* Key frames of the container's index are a promise at best: decoding may begin later than a seek
 * was for (the index counts decoding times, MPEG-TS has none), and pictures that come before the
 * key frame although they follow it in the file (open GOPs) lack what they are made from. So the
 * decoded pictures tell: unless a key frame no later than what is wanted is among them, the seek is
 * repeated further back, each time by twice as much, at last to the file's beginning.
 *
 * There is a way to go in any case: a decoder holds pictures back, and libav's for H.264 gives none
 * of those back at the end of a file that followed the key frame of an open GOP. */
#include "media/start.h"

#include "base/log.h"
#include "media/decode.h"

#include <libavutil/common.h>
#include <math.h>
#include <string.h>

static int64_t video_begin(const struct mface_reader *reader)
{
    return mface_demux_video_begin(&reader->demux);
}

static double tick_s(const struct mface_reader *reader)
{
    return av_q2d(reader->piece.time_base);
}

static int64_t second(const struct mface_reader *reader)
{
    return llround(1 / tick_s(reader));
}

/* How many frames of a constant rate begin before a time. */
static double count_before(const struct mface_reader *reader, int64_t time, double n_all)
{
    const double rounding = 0.01; // of a frame: times in containers are rounded
    const double since_s = ((double)time - (double)video_begin(reader)) * tick_s(reader);
    const double n = ceil(since_s * av_q2d(reader->frame_rate) - rounding);
    return fmin(fmax(n, 0), n_all);
}

int64_t mface_start_count(const struct mface_reader *reader, int64_t n_all)
{
    const struct mface_piece *piece = &reader->piece;
    const double all = n_all > 0 ? (double)n_all : INFINITY;
    const double end = piece->end == INT64_MAX ? all : count_before(reader, piece->end, all);
    const double start = piece->start == INT64_MIN ? 0 : count_before(reader, piece->start, all);
    const double n = end - start - (double)reader->params.n_frames_skip;
    return isinf(n) ? 0 : (int64_t)fmax(n, 0);
}

/* When the first frame that is wanted comes; half a frame early where frames are counted, since
 * times in containers are rounded. INT64_MIN: at the beginning. */
static int64_t wanted_time(const struct mface_reader *reader)
{
    const struct mface_piece *piece = &reader->piece;
    const int64_t n_skip = reader->params.n_frames_skip;
    if (n_skip == 0)
        return piece->start;
    const double before =
        piece->start == INT64_MIN ? 0 : count_before(reader, piece->start, INFINITY);
    const double frames = before + (double)n_skip - 0.5;
    return video_begin(reader) + llround(frames / av_q2d(reader->frame_rate) / tick_s(reader));
}

/* What was read before the input was sought in is none of what comes now. */
static void forget(struct mface_reader *reader)
{
    avcodec_flush_buffers(reader->decoder);
    mface_carry_clear(reader->carry);
    mface_frame_unref(&reader->first);
    reader->at_end = false;
    reader->n_frames = reader->n_damaged = 0;
}

/* The beginning is found for certain by opening the input once more: not all containers can be
 * sought back to it, and a seek that failed leads anywhere. */
static enum mface_status start_over(struct mface_reader *reader)
{
    forget(reader);
    mface_demux_close(&reader->demux);
    return mface_demux_open(&reader->demux, &reader->params);
}

/* A second, and more pictures than any decoder holds back. */
static int64_t least_way(const struct mface_reader *reader)
{
    const int64_t pictures =
        av_rescale_q(17, av_inv_q(reader->frame_rate), reader->piece.time_base);
    return FFMAX(second(reader), pictures);
}

static enum mface_status next(struct mface_reader *reader)
{
    mface_frame_unref(&reader->first);
    return mface_decode_next(reader, &reader->first);
}

/* Reads on from wherever a seek led. *found: to a key frame that is no later than `time`; what came
 * before it may be damaged. */
static enum mface_status find_key_frame(struct mface_reader *reader, int64_t time, bool *found)
{
    enum mface_status status = MFACE_OK;
    *found = false;
    while (!*found && (status = next(reader)) == MFACE_OK && reader->now <= time)
        *found = reader->first->av->key_frame && reader->first->av->pts != AV_NOPTS_VALUE;
    return status == MFACE_ERR_EOF ? MFACE_OK : status;
}

/* Goes to where decoding leads to `time`; leaves a frame on the way in reader->first, or none where
 * the input is read from its beginning. */
static enum mface_status approach(struct mface_reader *reader, int64_t time)
{
    const int64_t begin = video_begin(reader);
    int64_t back = least_way(reader);
    if (!mface_demux_can_seek(&reader->demux) || time - back <= begin)
        return MFACE_OK;
    for (; time - back > begin && mface_demux_seek(&reader->demux, time - back); back *= 2) {
        forget(reader);
        bool found;
        MFACE_TRY(find_key_frame(reader, time, &found));
        if (found)
            return MFACE_OK;
    }
    return start_over(reader);
}

/* The usual MP4 has its index at the end; where that cannot be gone back from, nothing is found. */
static enum mface_status explain_nothing(const struct mface_reader *reader)
{
    const AVFormatContext *ic = reader->demux.ic;
    const bool is_mp4 = strncmp(ic->iformat->name, "mov,", 4) == 0;
    if (is_mp4 && ic->pb && !(ic->pb->seekable & AVIO_SEEKABLE_NORMAL))
        return mface_fail(MFACE_ERR_FORMAT,
            "%s: no frame could be decoded; an MP4 that comes through a pipe needs its index at "
            "the "
            "beginning (ffmpeg -movflags +faststart): give the file itself, or Matroska",
            reader->params.url);
    return mface_fail(MFACE_ERR_FORMAT, "%s: no frame could be decoded", reader->params.url);
}

static enum mface_status explain_end(const struct mface_reader *reader, int64_t time)
{
    const AVFormatContext *ic = reader->demux.ic;
    const int64_t begin_us = ic->start_time == AV_NOPTS_VALUE ? 0 : ic->start_time;
    const double counted_s = (double)reader->n_frames * av_q2d(av_inv_q(reader->frame_rate));
    const double end_s = reader->demux.end_s - (double)begin_us / AV_TIME_BASE;
    const double start_s =
        (double)time * tick_s(reader) - (double)mface_demux_start_us(&reader->demux) / AV_TIME_BASE;
    if (reader->n_frames == 0)
        return explain_nothing(reader);
    return mface_fail(MFACE_ERR_ARG, "%s: no frame at %.6g s or later: it ends at %.2f s",
        reader->params.url, start_s, fmax(counted_s, end_s));
}

/* What was decoded on the way does not count, nor does what was damaged there. */
static enum mface_status begin(struct mface_reader *reader)
{
    struct mface_frame *first = reader->first;
    if (reader->now >= reader->piece.end)
        return mface_fail(MFACE_ERR_ARG, "%s: no frame from %g s to %g s", reader->params.url,
            reader->params.start_s, reader->params.end_s);
    mface_piece_begin(&reader->piece, reader->now, reader->frame_rate);
    if (first->index == 0)
        return MFACE_OK;
    reader->n_passed = first->index;
    reader->n_frames = 1;
    reader->start_pts = first->av->pts == AV_NOPTS_VALUE ? 0 : first->av->pts;
    first->index = 0;
    first->time_s = 0;
    reader->n_damaged = reader->demux.n_damaged = 0;
    return MFACE_OK;
}

enum mface_status mface_start_reading(struct mface_reader *reader)
{
    const int64_t time = wanted_time(reader);
    if (time != INT64_MIN)
        MFACE_TRY(approach(reader, time));
    while (!reader->first || reader->now < time) {
        const enum mface_status status = next(reader);
        if (status == MFACE_ERR_EOF)
            return explain_end(reader, time);
        MFACE_TRY(status);
    }
    return begin(reader);
}
