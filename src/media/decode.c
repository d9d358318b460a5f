#include "media/decode.h"

#include "base/log.h"
#include "media/av.h"

#include <libavutil/common.h>
#include <libavutil/hwcontext.h>
#include <libavutil/pixdesc.h>
#include <string.h>

enum { DRAIN_S = 10 }; // sound is never written further behind its picture

/* A display matrix of the stream; ownership stays. */
static const int32_t *stream_matrix(const AVStream *stream)
{
    size_t bytes = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    return data && bytes >= 9 * sizeof(int32_t) ? (const int32_t *)(const void *)data : NULL;
}

static void take_matrix(
    struct mface_reader *reader, const int32_t *matrix, struct mface_orient *orient)
{
    if (mface_orient_from_matrix(matrix, orient) || reader->said_angle)
        return;
    reader->said_angle = true;
    mface_log(MFACE_LOG_WARN,
        "%s: turned by an angle that is no multiple of 90 degrees; frames are taken as stored",
        reader->params.url);
}

/* Libav's own decoders of VP8 and VP9 see nothing of transparency. */
static const AVCodec *find_decoder(const AVStream *stream)
{
    const enum AVCodecID id = stream->codecpar->codec_id;
    const AVDictionaryEntry *mode = av_dict_get(stream->metadata, "alpha_mode", NULL, 0);
    const AVCodec *codec = NULL;
    if (mode && strcmp(mode->value, "1") == 0 && id == AV_CODEC_ID_VP9)
        codec = avcodec_find_decoder_by_name("libvpx-vp9");
    if (mode && strcmp(mode->value, "1") == 0 && id == AV_CODEC_ID_VP8)
        codec = avcodec_find_decoder_by_name("libvpx");
    return codec ? codec : avcodec_find_decoder(id);
}

enum mface_status mface_decode_open(struct mface_reader *reader)
{
    const AVStream *stream = reader->demux.video;
    const AVCodec *codec = find_decoder(stream);
    if (!codec)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: no decoder for %s", reader->params.url,
            avcodec_get_name(stream->codecpar->codec_id));
    reader->decoder = avcodec_alloc_context3(codec);
    reader->packet = av_packet_alloc();
    if (!reader->decoder || !reader->packet ||
        avcodec_parameters_to_context(reader->decoder, stream->codecpar) < 0)
        return mface_fail_nomem(reader->params.url);
    reader->decoder->pkt_timebase = stream->time_base;
    reader->decoder->thread_count = reader->params.threads;
    mface_av_forget();
    const int err = avcodec_open2(reader->decoder, codec, NULL);
    if (err < 0)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: %s cannot be decoded: %s", reader->params.url,
            codec->name, mface_av_reason(err));
    reader->has_stream_matrix = stream_matrix(stream) != NULL;
    take_matrix(reader, stream_matrix(stream), &reader->orient);
    return MFACE_OK;
}

void mface_decode_close(struct mface_reader *reader)
{
    avcodec_free_context(&reader->decoder);
    av_packet_free(&reader->packet);
    mface_converter_clear(&reader->converter);
}

/* A packet of another stream, unless it cannot be of the piece. */
static enum mface_status pass_on(struct mface_reader *reader, AVPacket *packet)
{
    const int i = packet->stream_index;
    if (mface_piece_may_hold(&reader->piece, reader->demux.ic->streams[i], packet))
        return mface_carry_put(reader->carry, packet);
    if (i < 64 && mface_piece_is_behind(&reader->piece, packet))
        reader->past_end |= UINT64_C(1) << i;
    av_packet_unref(packet);
    return MFACE_OK;
}

/* Gives the decoder one more packet of the video, or tells it that there are none. */
static enum mface_status feed(struct mface_reader *reader)
{
    AVPacket *packet = reader->packet;
    for (;;) {
        const enum mface_status status = mface_demux_read(&reader->demux, packet);
        if (status == MFACE_ERR_EOF) {
            reader->at_end = true;
            mface_carry_end(reader->carry);
            avcodec_send_packet(reader->decoder, NULL);
            return MFACE_OK;
        }
        MFACE_TRY(status);
        if (packet->stream_index == reader->demux.video->index)
            break;
        MFACE_TRY(pass_on(reader, packet));
    }
    const int err = avcodec_send_packet(reader->decoder, packet);
    const bool marked = packet->flags & AV_PKT_FLAG_CORRUPT;
    av_packet_unref(packet);
    if (err == AVERROR(ENOMEM))
        return mface_fail_nomem(reader->params.url);
    reader->n_damaged += err < 0 && !marked; // a marked one has been counted
    return MFACE_OK;
}

static bool awaits_sound(const struct mface_reader *reader)
{
    const AVFormatContext *ic = reader->demux.ic;
    for (unsigned i = 0; i < ic->nb_streams && i < 64; i++)
        if (ic->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO &&
            ic->streams[i]->discard < AVDISCARD_ALL && !(reader->past_end >> i & 1))
            return true;
    return false;
}

enum mface_status mface_decode_drain(struct mface_reader *reader)
{
    const struct mface_piece *piece = &reader->piece;
    AVPacket *packet = reader->packet;
    const int64_t last =
        av_sat_add64(piece->end, av_rescale_q(DRAIN_S, av_make_q(1, 1), piece->time_base));
    while (!reader->at_end && awaits_sound(reader)) {
        const enum mface_status status = mface_demux_read(&reader->demux, packet);
        if (status == MFACE_ERR_EOF)
            break;
        MFACE_TRY(status);
        if (packet->stream_index != reader->demux.video->index) {
            MFACE_TRY(pass_on(reader, packet));
            continue;
        }
        const bool is_far = packet->dts != AV_NOPTS_VALUE && packet->dts > last;
        av_packet_unref(packet);
        if (is_far)
            break;
    }
    mface_carry_end(reader->carry);
    return MFACE_OK;
}

static enum mface_status decode(struct mface_reader *reader, AVFrame *av)
{
    for (;;) {
        const int err = avcodec_receive_frame(reader->decoder, av);
        if (err >= 0)
            return MFACE_OK;
        if (err == AVERROR(ENOMEM))
            return mface_fail_nomem(reader->params.url);
        if (err == AVERROR_EOF || (reader->at_end && err == AVERROR(EAGAIN)))
            return MFACE_ERR_EOF;
        if (err == AVERROR(EAGAIN))
            MFACE_TRY(feed(reader));
        else
            reader->n_damaged++;
    }
}

static enum mface_status fetch_from_device(AVFrame *av)
{
    AVFrame *copy = av_frame_alloc();
    const int err = copy ? av_hwframe_transfer_data(copy, av, 0) : AVERROR(ENOMEM);
    if (err < 0 || av_frame_copy_props(copy, av) < 0) {
        av_frame_free(&copy);
        return mface_fail(mface_av_status(err), "frames cannot be fetched from the device: %s",
            mface_av_reason(err));
    }
    av_frame_unref(av);
    av_frame_move_ref(av, copy);
    av_frame_free(&copy);
    return MFACE_OK;
}

static enum mface_status make_describable(struct mface_reader *reader, AVFrame *av)
{
    if (av_pix_fmt_desc_get(av->format)->flags & AV_PIX_FMT_FLAG_HWACCEL)
        MFACE_TRY(fetch_from_device(av));
    const enum AVPixelFormat format = mface_pixfmt_describable(av->format);
    if (format == (enum AVPixelFormat)av->format)
        return MFACE_OK;
    AVFrame *converted = NULL;
    MFACE_TRY(mface_converter_run_to(&reader->converter, av, format, &converted));
    av_frame_unref(av);
    av_frame_move_ref(av, converted);
    av_frame_free(&converted);
    return MFACE_OK;
}

/* A frame without a time of its own follows the one before. */
static int64_t time_of(const struct mface_reader *reader, const AVFrame *av)
{
    const AVStream *video = reader->demux.video;
    if (av->pts != AV_NOPTS_VALUE)
        return av->pts;
    if (reader->n_frames == 0)
        return mface_demux_video_begin(&reader->demux);
    return reader->now + av_rescale_q(1, av_inv_q(reader->frame_rate), video->time_base);
}

static void set_times(struct mface_reader *reader, struct mface_frame *frame)
{
    AVFrame *av = frame->av;
    av->pts = av->best_effort_timestamp;
    reader->now = time_of(reader, av);
    if (reader->n_frames == 0)
        reader->start_pts = av->pts == AV_NOPTS_VALUE ? 0 : av->pts;
    frame->index = reader->n_frames++;
    if (av->pts != AV_NOPTS_VALUE)
        frame->time_s = (double)(av->pts - reader->start_pts) * av_q2d(reader->time_base);
    else
        frame->time_s = (double)frame->index * av_q2d(av_inv_q(reader->frame_rate));
}

static void set_orientation(struct mface_reader *reader, struct mface_frame *frame)
{
    frame->orient = reader->orient;
    const AVFrameSideData *side = av_frame_get_side_data(frame->av, AV_FRAME_DATA_DISPLAYMATRIX);
    if (!reader->has_stream_matrix && side && side->size >= 9 * sizeof(int32_t))
        take_matrix(reader, (const int32_t *)(const void *)side->data, &frame->orient);
}

enum mface_status mface_decode_next(struct mface_reader *reader, struct mface_frame **frame)
{
    AVFrame *av = av_frame_alloc();
    if (!av)
        return mface_fail_nomem(reader->params.url);
    enum mface_status status = decode(reader, av);
    if (status == MFACE_OK)
        status = make_describable(reader, av);
    if (status != MFACE_OK) {
        av_frame_free(&av);
        return status;
    }
    reader->n_damaged += av->decode_error_flags || (av->flags & AV_FRAME_FLAG_CORRUPT);
    av->sample_aspect_ratio =
        av_guess_sample_aspect_ratio(reader->demux.ic, reader->demux.video, av);
    *frame = mface_frame_create(av);
    if (!*frame)
        return mface_fail_nomem(reader->params.url);
    set_orientation(reader, *frame);
    set_times(reader, *frame);
    return MFACE_OK;
}
