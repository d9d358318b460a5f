#include "media/piece.h"

#include "base/log.h"

#include <libavcodec/codec_desc.h>
#include <libavutil/common.h>
#include <libavutil/mathematics.h>
#include <math.h>

static const double latest_s = 1e9;

enum mface_status mface_piece_check(const struct mface_reader_params *params)
{
    const double start_s = params->start_s, end_s = params->end_s;
    if (!(start_s >= 0 && start_s <= latest_s && end_s >= 0 && end_s <= latest_s &&
            params->n_frames_skip >= 0))
        return mface_fail(MFACE_ERR_ARG, "%s: start and end are 0 to %g s", params->url, latest_s);
    if (end_s > 0 && start_s >= end_s)
        return mface_fail(MFACE_ERR_ARG, "%s: the start, %g s, is not before the end, %g s",
            params->url, start_s, end_s);
    return MFACE_OK;
}

/* The first tick that is no earlier. Whoever names a frame's time does so to the microsecond. */
static int64_t border(double time_s, AVRational time_base)
{
    const double rounding_s = 2e-6;
    return (int64_t)ceil((time_s - rounding_s) / av_q2d(time_base));
}

void mface_piece_init(struct mface_piece *piece, const struct mface_demux *demux,
    const struct mface_reader_params *params)
{
    const AVRational time_base = demux->video->time_base;
    const double begin_s = (double)mface_demux_start_us(demux) / AV_TIME_BASE;
    *piece = (struct mface_piece) {
        .is_part = params->start_s > 0 || params->end_s > 0,
        .time_base = time_base,
        .start = INT64_MIN,
        .end = INT64_MAX,
    };
    if (piece->is_part)
        piece->origin = border(begin_s + params->start_s, time_base);
    if (params->start_s > 0)
        piece->start = piece->origin;
    if (params->end_s > 0)
        piece->end = border(begin_s + params->end_s, time_base);
}

void mface_piece_begin(struct mface_piece *piece, int64_t first_pts, AVRational frame_rate)
{
    const int64_t frame = av_rescale_q(1, av_inv_q(frame_rate), piece->time_base);
    if (piece->is_part && first_pts < piece->origin + frame)
        piece->origin = first_pts;
}

int64_t mface_piece_origin(const struct mface_piece *piece, AVRational time_base)
{
    return piece->is_part ? av_rescale_q(piece->origin, piece->time_base, time_base) : 0;
}

static int64_t ticks(const struct mface_piece *piece, int64_t time, AVRational time_base)
{
    return av_rescale_q_rnd(
        time, piece->time_base, time_base, AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX);
}

static int64_t time_of(const AVPacket *packet)
{
    return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
}

static bool has_no_time(const AVStream *stream, const AVPacket *packet)
{
    return (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) || time_of(packet) == AV_NOPTS_VALUE;
}

/* When the packet is no longer needed: the windows of lossy sound overlap, so a decoder wants the
 * packet before the one that begins a piece. */
static int64_t needed_until(const AVStream *stream, const AVPacket *packet)
{
    const AVCodecDescriptor *codec = avcodec_descriptor_get(stream->codecpar->codec_id);
    const bool overlaps = stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO &&
                          (!codec || (codec->props & AV_CODEC_PROP_LOSSY));
    return av_sat_add64(time_of(packet), packet->duration * (overlaps ? 2 : 1));
}

static bool is_before(
    const struct mface_piece *piece, const AVStream *stream, const AVPacket *packet, int64_t start)
{
    const int64_t border = ticks(piece, start, packet->time_base);
    return time_of(packet) < border && needed_until(stream, packet) <= border;
}

bool mface_piece_is_behind(const struct mface_piece *piece, const AVPacket *packet)
{
    return time_of(packet) != AV_NOPTS_VALUE &&
           time_of(packet) >= ticks(piece, piece->end, packet->time_base);
}

bool mface_piece_may_hold(
    const struct mface_piece *piece, const AVStream *stream, const AVPacket *packet)
{
    return !piece->is_part || has_no_time(stream, packet) ||
           (!is_before(piece, stream, packet, piece->start) &&
               !mface_piece_is_behind(piece, packet));
}

static int64_t first_of(const struct mface_piece *piece)
{
    return piece->start == INT64_MIN ? INT64_MIN : piece->origin;
}

static void cut_subtitle(const struct mface_piece *piece, AVPacket *packet)
{
    int64_t end = av_sat_add64(packet->pts, packet->duration);
    if (packet->duration > 0 && packet->pts != AV_NOPTS_VALUE) {
        packet->pts = FFMAX(packet->pts, ticks(piece, first_of(piece), packet->time_base));
        end = FFMIN(end, ticks(piece, piece->end, packet->time_base));
        packet->dts = packet->pts;
        packet->duration = end - packet->pts;
    }
}

bool mface_piece_cut(
    const struct mface_piece *piece, const AVStream *stream, bool may_be_negative, AVPacket *packet)
{
    if (!piece->is_part || has_no_time(stream, packet))
        return true;
    if (is_before(piece, stream, packet, first_of(piece)) || mface_piece_is_behind(piece, packet))
        return false;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE)
        cut_subtitle(piece, packet);
    const int64_t first = ticks(piece, first_of(piece), packet->time_base);
    if (!may_be_negative && time_of(packet) < first)
        return false;
    const int64_t origin = mface_piece_origin(piece, packet->time_base);
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts -= origin;
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts -= origin;
    return true;
}

bool mface_piece_cut_span(
    const struct mface_piece *piece, AVRational time_base, int64_t *start, int64_t *end)
{
    if (!piece->is_part)
        return true;
    const int64_t origin = mface_piece_origin(piece, time_base);
    *start = FFMAX(*start, ticks(piece, first_of(piece), time_base)) - origin;
    *end = FFMIN(*end, ticks(piece, piece->end, time_base)) - origin;
    return *start < *end;
}
