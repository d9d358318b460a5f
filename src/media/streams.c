/* Whether a container can hold a stream is asked of the container itself: a header the video,
 * the streams accepted so far and that one is written to memory. Its tables alone do not tell
 * (AVERROR_PATCHWELCOME). */
#include "media/streams.h"

#include "base/log.h"
#include "media/meta.h"

#include <libavcodec/avcodec.h>
#include <libavutil/bprint.h>
#include <string.h>

static bool keeps_attachments(const AVOutputFormat *format)
{
    return strcmp(format->name, "matroska") == 0;
}

static bool is_cover(const AVStream *stream)
{
    return (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) && stream->attached_pic.size > 0;
}

/* Matroska keeps covers as attachments; a copied cover stream would become a video track. */
static int make_attachment(AVStream *out, const AVStream *in)
{
    AVCodecParameters *par = out->codecpar;
    const bool is_png = par->codec_id == AV_CODEC_ID_PNG;
    par->codec_type = AVMEDIA_TYPE_ATTACHMENT;
    av_freep(&par->extradata);
    par->extradata_size = 0;
    par->extradata = av_mallocz((size_t)in->attached_pic.size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata)
        return AVERROR(ENOMEM);
    memcpy(par->extradata, in->attached_pic.data, (size_t)in->attached_pic.size);
    par->extradata_size = in->attached_pic.size;
    out->disposition = 0;
    if (!av_dict_get(out->metadata, "filename", NULL, 0))
        av_dict_set(&out->metadata, "filename", is_png ? "cover.png" : "cover.jpg", 0);
    return av_dict_set(&out->metadata, "mimetype", is_png ? "image/png" : "image/jpeg", 0);
}

static int copy_side_data(AVStream *out, const AVStream *in)
{
    for (int i = 0; i < in->nb_side_data; i++) {
        const AVPacketSideData *side = &in->side_data[i];
        uint8_t *data = av_stream_new_side_data(out, side->type, side->size);
        if (!data)
            return AVERROR(ENOMEM);
        memcpy(data, side->data, side->size);
    }
    return 0;
}

/* A tag of another container may mean something else here. */
static uint32_t tag_for(const AVOutputFormat *format, const AVCodecParameters *par)
{
    unsigned other;
    const bool fits = !format->codec_tag ||
                      av_codec_get_id(format->codec_tag, par->codec_tag) == par->codec_id ||
                      !av_codec_get_tag2(format->codec_tag, par->codec_id, &other);
    return fits ? par->codec_tag : 0;
}

static int describe(AVStream *out, const AVStream *in, const AVOutputFormat *format)
{
    int err = avcodec_parameters_copy(out->codecpar, in->codecpar);
    if (err >= 0)
        err = copy_side_data(out, in);
    if (err < 0 || mface_meta_copy_stream(out, in, false) != MFACE_OK)
        return AVERROR(ENOMEM);
    out->codecpar->codec_tag = tag_for(format, in->codecpar);
    out->time_base = in->time_base;
    return is_cover(in) && keeps_attachments(format) ? make_attachment(out, in) : 0;
}

/* The streams accepted so far, and the candidate. */
static int add_trial_streams(
    AVFormatContext *trial, const AVFormatContext *oc, const AVStream *candidate)
{
    for (unsigned i = 0; i < oc->nb_streams; i++) {
        AVStream *out = avformat_new_stream(trial, NULL);
        if (!out || avcodec_parameters_copy(out->codecpar, oc->streams[i]->codecpar) < 0 ||
            av_dict_copy(&out->metadata, oc->streams[i]->metadata, 0) < 0)
            return AVERROR(ENOMEM);
        out->time_base = oc->streams[i]->time_base;
        out->avg_frame_rate = oc->streams[i]->avg_frame_rate;
        out->disposition = oc->streams[i]->disposition;
    }
    AVStream *out = avformat_new_stream(trial, NULL);
    return out ? describe(out, candidate, trial->oformat) : AVERROR(ENOMEM);
}

static int write_trial_header(
    AVFormatContext *trial, const AVFormatContext *oc, const AVStream *candidate)
{
    int err = add_trial_streams(trial, oc, candidate);
    if (err >= 0)
        err = avio_open_dyn_buf(&trial->pb);
    if (err >= 0)
        err = avformat_write_header(trial, NULL);
    uint8_t *bytes = NULL;
    if (trial->pb)
        avio_close_dyn_buf(trial->pb, &bytes);
    trial->pb = NULL;
    av_free(bytes);
    return err;
}

/* What MPEG-TS has a stream type for. Its muxer takes all else, too, as private data that nobody
 * can read. */
static bool is_known_to_mpegts(enum AVCodecID id)
{
    static const enum AVCodecID known[] = { AV_CODEC_ID_MP1, AV_CODEC_ID_MP2, AV_CODEC_ID_MP3,
        AV_CODEC_ID_AAC, AV_CODEC_ID_AAC_LATM, AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3, AV_CODEC_ID_DTS,
        AV_CODEC_ID_TRUEHD, AV_CODEC_ID_OPUS, AV_CODEC_ID_S302M, AV_CODEC_ID_MPEG1VIDEO,
        AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG4, AV_CODEC_ID_H264, AV_CODEC_ID_HEVC,
        AV_CODEC_ID_CAVS, AV_CODEC_ID_DIRAC, AV_CODEC_ID_VC1, AV_CODEC_ID_DVB_SUBTITLE,
        AV_CODEC_ID_DVB_TELETEXT, AV_CODEC_ID_HDMV_PGS_SUBTITLE, AV_CODEC_ID_SMPTE_KLV,
        AV_CODEC_ID_TIMED_ID3 };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == id)
            return true;
    return false;
}

/* Where packets follow each other with nothing between, a second stream would be noise in the
 * first. */
static bool is_one_bare_stream(const AVOutputFormat *format)
{
    return format->flags & AVFMT_NOTIMESTAMPS;
}

static bool can_hold(const AVFormatContext *oc, const AVStream *in)
{
    const AVOutputFormat *format = oc->oformat;
    const AVCodecParameters *par = in->codecpar;
    if (is_one_bare_stream(format) ||
        (strcmp(format->name, "mpegts") == 0 && !is_known_to_mpegts(par->codec_id)))
        return false;
    const int answer =
        avformat_query_codec(format, par->codec_id, FF_COMPLIANCE_NORMAL); // 1, 0, < 0: unknown
    const bool is_attached = par->codec_type == AVMEDIA_TYPE_ATTACHMENT;
    if (is_attached && !keeps_attachments(format))
        return false;
    if (answer == 0 && !is_attached && !(is_cover(in) && keeps_attachments(format)))
        return false;
    if (format->flags & AVFMT_NOFILE) // opens files of its own: no trial
        return answer == 1;
    AVFormatContext *trial = NULL;
    if (avformat_alloc_output_context2(&trial, format, NULL, NULL) < 0)
        return false;
    const int err = write_trial_header(trial, oc, in);
    avformat_free_context(trial);
    return err >= 0;
}

/* Chapter tracks and time codes are made anew by the muxer; other programs are other films. */
static bool is_left_out(const AVFormatContext *ic, const AVStream *video, const AVStream *in)
{
    if (in == video || in->discard == AVDISCARD_ALL ||
        in->codecpar->codec_tag == MKTAG('t', 'm', 'c', 'd'))
        return true;
    AVProgram *mine = av_find_program_from_stream((AVFormatContext *)ic, NULL, video->index);
    AVProgram *other = av_find_program_from_stream((AVFormatContext *)ic, NULL, in->index);
    return ic->nb_programs > 1 && mine && other && mine != other;
}

static void name_stream(AVBPrint *names, const AVStream *in)
{
    const char *type = av_get_media_type_string(in->codecpar->codec_type);
    av_bprintf(names, "%s%s (%s, stream %d)", names->len ? ", " : "", type ? type : "stream",
        avcodec_get_name(in->codecpar->codec_id), in->index);
}

static enum mface_status add_one(
    AVFormatContext *oc, const AVStream *in, struct mface_stream_copy *copy)
{
    AVStream *out = avformat_new_stream(oc, NULL);
    if (!out || describe(out, in, oc->oformat) < 0)
        return mface_fail_nomem("copying a stream");
    copy->last_dts = AV_NOPTS_VALUE;
    if (out->codecpar->codec_type != AVMEDIA_TYPE_ATTACHMENT)
        copy->out = out;
    return MFACE_OK;
}

enum mface_status mface_streams_add(AVFormatContext *oc, const AVFormatContext *ic,
    const AVStream *video, struct mface_stream_copy *copies)
{
    AVBPrint dropped;
    av_bprint_init(&dropped, 0, AV_BPRINT_SIZE_AUTOMATIC);
    for (unsigned i = 0; i < ic->nb_streams; i++) {
        const AVStream *in = ic->streams[i];
        if (is_left_out(ic, video, in))
            continue;
        if (can_hold(oc, in))
            MFACE_TRY(add_one(oc, in, &copies[i]));
        else
            name_stream(&dropped, in);
    }
    if (dropped.len)
        mface_log(MFACE_LOG_WARN, "%s holds no %s: left out", oc->oformat->name, dropped.str);
    return MFACE_OK;
}

void mface_streams_adapt(
    struct mface_stream_copy *copy, const AVFormatContext *oc, AVPacket *packet)
{
    av_packet_rescale_ts(packet, packet->time_base, copy->out->time_base);
    packet->stream_index = copy->out->index;
    packet->pos = -1;
    if (packet->dts == AV_NOPTS_VALUE)
        packet->dts = packet->pts;
    const int64_t step = oc->oformat->flags & AVFMT_TS_NONSTRICT ? 0 : 1;
    if (copy->last_dts != AV_NOPTS_VALUE && packet->dts != AV_NOPTS_VALUE &&
        packet->dts < copy->last_dts + step) {
        packet->dts = copy->last_dts + step;
        if (packet->pts != AV_NOPTS_VALUE && packet->pts < packet->dts)
            packet->pts = packet->dts;
    }
    if (packet->dts != AV_NOPTS_VALUE)
        copy->last_dts = packet->dts;
}
