/* Opening a container: its encoder, streams, tags and header. */
#include "media/mux.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/av.h"
#include "media/choose.h"
#include "media/meta.h"

#include <libavutil/avstring.h>
#include <math.h>
#include <string.h>

static bool is_mov_family(const AVOutputFormat *format)
{
    return av_match_name(format->name, "mov,mp4,ipod,3gp,3g2,psp,ismv,f4v");
}

/* Containers that know frame numbers but no times. (AVFMT_VARIABLE_FPS does not tell: MP4 and
 * MPEG-PS lack it.) */
static bool is_constant_rate(const AVOutputFormat *format)
{
    return av_match_name(format->name, "avi,yuv4mpegpipe,mxf,mxf_d10,mxf_opatom,gxf,dv,swf,roq,rm");
}

/* The rate that all frames of a variable one fall on, where libav found a likely one. */
static AVRational frame_grid(const struct mface_reader *reader)
{
    const AVRational base =
        reader->demux.video ? reader->demux.video->r_frame_rate : reader->frame_rate;
    const bool is_likely = base.num > 0 && base.den > 0 && av_q2d(base) <= 240 &&
                           av_cmp_q(base, reader->frame_rate) > 0;
    return is_likely ? base : reader->frame_rate;
}

static AVRational choose_time_base(
    const AVOutputFormat *format, const AVCodec *codec, const struct mface_reader *reader)
{
    const bool counts_frames = is_constant_rate(format) || codec->id == AV_CODEC_ID_MPEG1VIDEO ||
                               codec->id == AV_CODEC_ID_MPEG2VIDEO;
    AVRational base = counts_frames ? av_inv_q(frame_grid(reader)) : reader->time_base;
    if (codec->id == AV_CODEC_ID_MPEG4) // its syntax has 16 bits for the denominator
        av_reduce(&base.num, &base.den, base.num, base.den, 65535);
    return base;
}

static bool is_joined_midway(const struct mface_writer_params *params, const AVOutputFormat *format)
{
    const bool is_url = strstr(params->url, "://") && !av_strstart(params->url, "file:", NULL);
    return is_url || av_match_name(format->name, "hls,dash");
}

static enum mface_status open_encoder(struct mface_mux *mux,
    const struct mface_writer_params *params, const AVOutputFormat *format,
    const struct mface_reader *reader)
{
    const AVCodec *codec;
    MFACE_TRY(mface_choose_encoder(format, params->url, params->encoder, &codec));
    const struct mface_encoder_spec spec = {
        .params = params,
        .codec = codec,
        .in_time_base = reader->time_base,
        .origin = mface_piece_origin(&mux->piece, reader->time_base),
        .time_base = choose_time_base(format, codec, reader),
        .frame_rate = reader->frame_rate,
        .global_header = format->flags & AVFMT_GLOBALHEADER,
        .turn_upright = !is_mov_family(format) || reader->listing.n_files > 0,
        .is_joined_midway = is_joined_midway(params, format),
    };
    return mface_encoder_open(&mux->encoder, &spec, reader->first);
}

/* What is true of the pixels whoever encodes them. */
static bool outlives_encoding(enum AVPacketSideDataType type)
{
    return type == AV_PKT_DATA_MASTERING_DISPLAY_METADATA ||
           type == AV_PKT_DATA_CONTENT_LIGHT_LEVEL || type == AV_PKT_DATA_STEREO3D ||
           type == AV_PKT_DATA_SPHERICAL;
}

static enum mface_status add_side_data(
    AVStream *out, enum AVPacketSideDataType type, const void *from, size_t bytes)
{
    uint8_t *data = av_stream_new_side_data(out, type, bytes);
    if (!data)
        return mface_fail_nomem("opening the output");
    memcpy(data, from, bytes);
    return MFACE_OK;
}

/* What some streams say in their frames only. */
static enum mface_status copy_frame_side_data(
    struct mface_mux *mux, AVStream *out, const struct mface_reader *reader)
{
    static const struct {
        enum AVFrameSideDataType from;
        enum AVPacketSideDataType to;
    } rows[] = {
        { AV_FRAME_DATA_DISPLAYMATRIX, AV_PKT_DATA_DISPLAYMATRIX },
        { AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, AV_PKT_DATA_MASTERING_DISPLAY_METADATA },
        { AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, AV_PKT_DATA_CONTENT_LIGHT_LEVEL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const AVFrameSideData *side = av_frame_get_side_data(reader->first->av, rows[i].from);
        const bool is_settled = (rows[i].to == AV_PKT_DATA_DISPLAYMATRIX &&
                                    (reader->has_stream_matrix || mux->encoder.turn_upright)) ||
                                av_stream_get_side_data(out, rows[i].to, NULL);
        if (side && !is_settled)
            MFACE_TRY(add_side_data(out, rows[i].to, side->data, side->size));
    }
    return MFACE_OK;
}

static enum mface_status copy_video_side_data(
    struct mface_mux *mux, AVStream *out, const struct mface_reader *reader)
{
    const AVStream *in = reader->demux.video;
    for (int i = 0; in && i < in->nb_side_data; i++) {
        const AVPacketSideData *side = &in->side_data[i];
        const bool is_matrix =
            side->type == AV_PKT_DATA_DISPLAYMATRIX && !mux->encoder.turn_upright;
        if (is_matrix || outlives_encoding(side->type))
            MFACE_TRY(add_side_data(out, side->type, side->data, side->size));
    }
    return copy_frame_side_data(mux, out, reader);
}

static enum mface_status add_video(struct mface_mux *mux, const struct mface_reader *reader)
{
    AVCodecContext *ctx = mux->encoder.ctx;
    AVStream *out = avformat_new_stream(mux->oc, NULL);
    if (!out || avcodec_parameters_from_context(out->codecpar, ctx) < 0)
        return mface_fail_nomem("opening the output");
    if (reader->demux.video)
        MFACE_TRY(mface_meta_copy_stream(out, reader->demux.video, true));
    out->disposition &= ~AV_DISPOSITION_ATTACHED_PIC;
    out->time_base = ctx->time_base;
    out->avg_frame_rate = reader->frame_rate;
    out->sample_aspect_ratio = ctx->sample_aspect_ratio;
    if (ctx->codec_id == AV_CODEC_ID_HEVC && is_mov_family(mux->oc->oformat))
        out->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1'); // what Apple's players read
    return copy_video_side_data(mux, out, reader);
}

static enum mface_status add_streams(struct mface_mux *mux, struct mface_reader *reader)
{
    MFACE_TRY(add_video(mux, reader));
    const AVFormatContext *ic = reader->demux.ic;
    if (!ic)
        return MFACE_OK;
    mux->n_copies = (int)ic->nb_streams;
    mux->copies = mface_mem_calloc(ic->nb_streams, sizeof *mux->copies);
    bool *wanted = mface_mem_calloc(ic->nb_streams, sizeof *wanted);
    enum mface_status status =
        mux->copies && wanted ? mface_streams_add(mux->oc, ic, reader->demux.video, mux->copies)
                              : mface_fail_nomem("opening the output");
    for (int i = 0; status == MFACE_OK && i < mux->n_copies; i++)
        wanted[i] = mux->copies[i].out != NULL;
    mux->carry = mface_carry_ref(reader->carry);
    if (status == MFACE_OK)
        status = mface_carry_attach(mux->carry, wanted, mux->n_copies);
    mface_mem_free(wanted);
    return status;
}

/* Free-form keys push iTunes' own tags, the cover among them, out of an MP4; the comment then has
 * to do. */
static bool wants_custom_keys(const struct mface_mux *mux, const struct mface_writer_params *params)
{
    for (unsigned i = 0; i < mux->oc->nb_streams; i++)
        if (mux->oc->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC)
            return false;
    return mface_meta_has_custom_key(params->metadata);
}

static int set_format_options(
    const struct mface_mux *mux, const struct mface_writer_params *params, AVDictionary **options)
{
    if (!is_mov_family(mux->oc->oformat))
        return 0;
    const bool is_seekable = mux->oc->pb && (mux->oc->pb->seekable & AVIO_SEEKABLE_NORMAL);
    int err = av_dict_set(options, "movflags",
        is_seekable ? "+faststart" : "+frag_keyframe+empty_moov+default_base_moof", 0);
    if (err >= 0 && wants_custom_keys(mux, params))
        err = av_dict_set(options, "movflags", "+use_metadata_tags", AV_DICT_APPEND);
    return err;
}

/* The container, with the "file:" protocol before a file's name so that none is taken for another
 * protocol, be it now or when a muxer opens its own file again (faststart). */
static enum mface_status alloc_container(struct mface_mux *mux, const AVOutputFormat *format)
{
    char *url =
        av_asprintf("%s%s", mux->target.temp ? "file:" : "", mface_target_name(&mux->target));
    const int err = url ? avformat_alloc_output_context2(&mux->oc, format, NULL, url) : -1;
    av_free(url);
    return err < 0 ? mface_fail_nomem(mux->target.path) : MFACE_OK;
}

static int open_file(struct mface_mux *mux)
{
    if (mux->oc->oformat->flags & AVFMT_NOFILE)
        return 0;
    return avio_open(&mux->oc->pb, mux->oc->url, AVIO_FLAG_WRITE);
}

static enum mface_status write_header(
    struct mface_mux *mux, const struct mface_writer_params *params)
{
    AVDictionary *options = NULL;
    mface_av_forget();
    int err = open_file(mux);
    if (err < 0)
        return mface_fail(mface_av_status(err), "%s: cannot be written: %s", mux->target.path,
            mface_av_reason(err));
    err = set_format_options(mux, params, &options);
    if (err >= 0)
        err = avformat_write_header(mux->oc, &options);
    av_dict_free(&options);
    if (err >= 0)
        return MFACE_OK;
    return mface_fail(mface_av_status(err), "%s: %s cannot hold this: %s", mux->target.path,
        mux->oc->oformat->name, mface_av_reason(err));
}

enum mface_status mface_mux_open(struct mface_mux *mux, const struct mface_writer_params *params,
    const AVOutputFormat *format, struct mface_reader *reader)
{
    mux->in_time_base = reader->time_base;
    mux->piece = reader->piece;
    mux->end_s = -INFINITY;
    MFACE_TRY(mface_target_init(
        &mux->target, params->url, reader->params.url, format->flags & AVFMT_NOFILE));
    MFACE_TRY(open_encoder(mux, params, format, reader));
    mux->packet = av_packet_alloc();
    if (!mux->packet)
        return mface_fail_nomem(params->url);
    MFACE_TRY(alloc_container(mux, format));
    mface_mux_files_watch(&mux->files, mux->oc);
    /* Audio priming begins some ms before 0. Libav would shift the whole film for it, though
     * Matroska's blocks count from their cluster and may lie before it. */
    if (av_match_name(format->name, "matroska,webm"))
        mux->oc->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    MFACE_TRY(add_streams(mux, reader));
    MFACE_TRY(mface_meta_copy_container(mux->oc, reader->demux.ic, &mux->piece, params->metadata));
    if (!params->check_only)
        MFACE_TRY(write_header(mux, params));
    mux->may_be_negative = (format->flags & AVFMT_TS_NEGATIVE) &&
                           mux->oc->avoid_negative_ts == AVFMT_AVOID_NEG_TS_DISABLED;
    return MFACE_OK;
}
