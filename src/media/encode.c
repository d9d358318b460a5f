#include "media/encode.h"

#include "base/log.h"
#include "media/av.h"
#include "media/avoptions.h"
#include "media/choose.h"

#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>

enum { KEY_FRAME_S = 2 }; // what services that take live streams ask for

static bool has_chroma(enum AVPixelFormat format)
{
    return av_pix_fmt_desc_get(format)->nb_components >= 3 && !mface_pixfmt_is_rgb(format);
}

static bool is_jpeg(const AVCodec *codec)
{
    return codec->id == AV_CODEC_ID_MJPEG || codec->id == AV_CODEC_ID_LJPEG;
}

/* Range and matrix of the output: the input's tags where its samples go in unchanged. */
static void set_target_color(AVFrame *target, const AVCodec *codec, const AVFrame *in)
{
    target->color_range = in->color_range;
    target->colorspace = in->colorspace;
    if (mface_pixfmt_is_full_range(in) && has_chroma(in->format))
        target->color_range = AVCOL_RANGE_JPEG;
    if (mface_pixfmt_is_rgb(target->format)) {
        target->color_range = AVCOL_RANGE_JPEG;
        target->colorspace = AVCOL_SPC_RGB;
    } else if (!has_chroma(target->format)) {
        if (has_chroma(in->format) || mface_pixfmt_is_rgb(in->format))
            target->color_range = AVCOL_RANGE_JPEG;
        target->colorspace = AVCOL_SPC_UNSPECIFIED;
    } else if (is_jpeg(codec) || codec->id == AV_CODEC_ID_WEBP) { // both fix their YUV
        target->color_range = is_jpeg(codec) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
        target->colorspace = AVCOL_SPC_BT470BG;
    } else if (!has_chroma(in->format)) {
        target->color_range = AVCOL_RANGE_MPEG;
        target->colorspace = AVCOL_SPC_UNSPECIFIED;
        target->colorspace = mface_pixfmt_colorspace(target);
    }
}

static enum mface_status set_target(struct mface_encoder *encoder,
    const struct mface_encoder_spec *spec, const struct mface_frame *first)
{
    encoder->target = av_frame_alloc();
    if (!encoder->target)
        return mface_fail_nomem(spec->params->url);
    const bool swap = spec->turn_upright && first->orient.transpose;
    enum AVPixelFormat format;
    MFACE_TRY(
        mface_choose_pixel_format(spec->codec, first->av, spec->params->pixel_format, &format));
    encoder->target->format = format;
    encoder->target->width = swap ? first->av->height : first->av->width;
    encoder->target->height = swap ? first->av->width : first->av->height;
    set_target_color(encoder->target, spec->codec, first->av);
    return MFACE_OK;
}

/* Encoders that know yuvjXXX want full range told by it. */
static enum AVPixelFormat name_for_encoder(const AVCodec *codec, const AVFrame *target)
{
    const enum AVPixelFormat twin = mface_pixfmt_full_range_twin(target->format);
    const bool wants_twin = twin != AV_PIX_FMT_NONE && codec->pix_fmts &&
                            target->color_range == AVCOL_RANGE_JPEG &&
                            mface_codec_takes(codec, twin);
    return wants_twin ? twin : (enum AVPixelFormat)target->format;
}

static AVRational turned_ratio(const AVFrame *in, bool swap)
{
    const AVRational ratio = in->sample_aspect_ratio;
    if (ratio.num <= 0 || ratio.den <= 0)
        return av_make_q(0, 1);
    return swap ? av_inv_q(ratio) : ratio;
}

static void set_context(struct mface_encoder *encoder, const struct mface_encoder_spec *spec,
    const struct mface_frame *first)
{
    AVCodecContext *ctx = encoder->ctx;
    const AVFrame *in = first->av, *target = encoder->target;
    ctx->width = target->width;
    ctx->height = target->height;
    ctx->pix_fmt = name_for_encoder(spec->codec, target);
    ctx->color_range = target->color_range;
    ctx->colorspace = target->colorspace;
    ctx->color_primaries = in->color_primaries;
    ctx->color_trc = in->color_trc;
    ctx->chroma_sample_location =
        has_chroma(in->format) ? in->chroma_location : AVCHROMA_LOC_UNSPECIFIED;
    ctx->sample_aspect_ratio = turned_ratio(in, spec->turn_upright && first->orient.transpose);
    ctx->time_base = spec->time_base;
    ctx->framerate = spec->frame_rate;
    ctx->thread_count = spec->params->threads;
    if (spec->is_joined_midway && spec->frame_rate.num > 0 && spec->frame_rate.den > 0)
        ctx->gop_size = (int)lrint(KEY_FRAME_S * av_q2d(spec->frame_rate));
    if (spec->global_header)
        ctx->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (in->interlaced_frame && spec->codec->id == AV_CODEC_ID_H264) {
        ctx->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
        ctx->field_order = in->top_field_first ? AV_FIELD_TT : AV_FIELD_BB;
    }
}

/* Opens it with the options, which are left with those the encoder does not know. */
static enum mface_status open_with(struct mface_encoder *encoder,
    const struct mface_encoder_spec *spec, AVDictionary **options, int *err)
{
    static const char setting[] = "encoder-options";
    MFACE_TRY(mface_avoptions_parse(setting, spec->params->encoder_options, options));
    MFACE_TRY(mface_choose_quality(encoder->ctx, spec->params, *options));
    mface_av_forget();
    *err = avcodec_open2(encoder->ctx, spec->codec, options);
    return *err < 0 ? MFACE_OK : mface_avoptions_check(setting, spec->codec->name, *options);
}

static enum mface_status try_open(struct mface_encoder *encoder,
    const struct mface_encoder_spec *spec, const struct mface_frame *first, int *err)
{
    AVDictionary *options = NULL;
    avcodec_free_context(&encoder->ctx);
    encoder->ctx = avcodec_alloc_context3(spec->codec);
    if (!encoder->ctx)
        return mface_fail_nomem(spec->params->url);
    set_context(encoder, spec, first);
    const enum mface_status status = open_with(encoder, spec, &options, err);
    av_dict_free(&options);
    return status;
}

/* Whether a side is no multiple of the format's chroma grid, which some encoders refuse. */
static bool is_odd(const AVFrame *target)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(target->format);
    return target->width % (1 << desc->log2_chroma_w) ||
           target->height % (1 << desc->log2_chroma_h);
}

/* x264 codes no odd 4:2:0; asked all the same, FFmpeg 5.1 leaks what it had set up by then. */
static bool is_known_to_refuse_odd(const AVCodec *codec)
{
    return strncmp(codec->name, "libx264", 7) == 0;
}

/* Opens with the chosen format; if an odd size is in the way, with 4:4:4, for no row or column is
 * ever cut off. *err is the encoder's last word. */
static enum mface_status open_for_size(struct mface_encoder *encoder,
    const struct mface_encoder_spec *spec, const struct mface_frame *first, int *err)
{
    AVFrame *target = encoder->target;
    const bool odd = is_odd(target);
    *err = AVERROR(EINVAL);
    if (!odd || !is_known_to_refuse_odd(spec->codec))
        MFACE_TRY(try_open(encoder, spec, first, err));
    const enum AVPixelFormat full = mface_pixfmt_unsubsampled(target->format);
    if (*err >= 0 || !odd || !mface_codec_takes(spec->codec, full))
        return MFACE_OK;
    const char *refused = av_get_pix_fmt_name(target->format);
    target->format = full;
    MFACE_TRY(try_open(encoder, spec, first, err));
    if (*err >= 0)
        mface_log(MFACE_LOG_WARN, "%s: %s takes no %s of %dx%d; written as %s", spec->params->url,
            spec->codec->name, refused, target->width, target->height, av_get_pix_fmt_name(full));
    return MFACE_OK;
}

enum mface_status mface_encoder_open(struct mface_encoder *encoder,
    const struct mface_encoder_spec *spec, const struct mface_frame *first)
{
    *encoder = (struct mface_encoder) { .in_time_base = spec->in_time_base,
        .origin = spec->origin,
        .turn_upright = spec->turn_upright,
        .last_pts = INT64_MIN };
    int err;
    MFACE_TRY(set_target(encoder, spec, first));
    MFACE_TRY(open_for_size(encoder, spec, first, &err));
    if (err >= 0)
        return MFACE_OK;
    const AVFrame *target = encoder->target;
    return mface_fail(err == AVERROR(ENOMEM) ? MFACE_ERR_NOMEM : MFACE_ERR_ARG,
        "%s: %s cannot encode %dx%d %s: %s", spec->params->url, spec->codec->name, target->width,
        target->height, av_get_pix_fmt_name(target->format), mface_av_reason(err));
}

void mface_encoder_close(struct mface_encoder *encoder)
{
    avcodec_free_context(&encoder->ctx);
    av_frame_free(&encoder->target);
    mface_converter_clear(&encoder->converter);
}

/* The frame's pixels as the encoder wants them: a new reference, or a converted copy. */
static enum mface_status fit(struct mface_encoder *encoder, const AVFrame *in, AVFrame **out)
{
    const AVFrame *target = encoder->target;
    if (!mface_converter_is_needed(in, target)) {
        *out = av_frame_clone(in);
        return *out ? MFACE_OK : mface_fail_nomem("encoding");
    }
    if ((in->width != target->width || in->height != target->height) && !encoder->said_size) {
        encoder->said_size = true;
        mface_log(MFACE_LOG_WARN, "the picture size changes to %dx%d; scaled to %dx%d", in->width,
            in->height, target->width, target->height);
    }
    *out = av_frame_alloc();
    if (!*out)
        return mface_fail_nomem("encoding");
    (*out)->format = target->format;
    (*out)->width = target->width;
    (*out)->height = target->height;
    (*out)->color_range = target->color_range;
    (*out)->colorspace = target->colorspace;
    return mface_converter_run(&encoder->converter, in, *out);
}

static int64_t duration_of(const struct mface_encoder *encoder, const AVFrame *frame)
{
    const AVRational out = encoder->ctx->time_base;
    if (frame->pkt_duration > 0)
        return av_rescale_q(frame->pkt_duration, encoder->in_time_base, out);
    return av_rescale_q(1, av_inv_q(encoder->ctx->framerate), out);
}

/* Times in the encoder's units, strictly rising as every encoder demands. */
static void set_times(struct mface_encoder *encoder, AVFrame *frame)
{
    const int64_t duration = duration_of(encoder, frame);
    int64_t pts = 0;
    if (frame->pts != AV_NOPTS_VALUE)
        pts = av_rescale_q(
            frame->pts - encoder->origin, encoder->in_time_base, encoder->ctx->time_base);
    else
        pts = encoder->last_pts == INT64_MIN ? 0 : encoder->last_pts + (duration ? duration : 1);
    if (encoder->last_pts != INT64_MIN && pts <= encoder->last_pts) {
        if (!encoder->said_times)
            mface_log(MFACE_LOG_WARN, "frame times that do not rise have been put in order");
        encoder->said_times = true;
        pts = encoder->last_pts + 1;
    }
    encoder->last_pts = frame->pts = pts;
    encoder->times[encoder->n_times % MFACE_ENCODER_TIMES].pts = pts;
    encoder->times[encoder->n_times++ % MFACE_ENCODER_TIMES].duration = duration;
}

static enum mface_status prepare(
    struct mface_encoder *encoder, const struct mface_frame *frame, AVFrame **out)
{
    AVFrame *upright = NULL;
    if (encoder->turn_upright && !mface_orient_is_upright(frame->orient))
        MFACE_TRY(mface_orient_apply(frame->orient, frame->av, &upright));
    const enum mface_status status = fit(encoder, upright ? upright : frame->av, out);
    av_frame_free(&upright);
    if (status != MFACE_OK) {
        av_frame_free(out);
        return status;
    }
    (*out)->format = encoder->ctx->pix_fmt;
    (*out)->pict_type = AV_PICTURE_TYPE_NONE; // the source's choice is not ours
    (*out)->key_frame = 0;
    set_times(encoder, *out);
    return MFACE_OK;
}

enum mface_status mface_encoder_send(struct mface_encoder *encoder, const struct mface_frame *frame)
{
    AVFrame *ready = NULL;
    if (frame)
        MFACE_TRY(prepare(encoder, frame, &ready));
    mface_av_forget();
    const int err = avcodec_send_frame(encoder->ctx, ready);
    av_frame_free(&ready);
    if (err < 0 && err != AVERROR_EOF)
        return mface_fail(
            MFACE_ERR_INTERNAL, "%s failed: %s", encoder->ctx->codec->name, mface_av_reason(err));
    return MFACE_OK;
}

enum mface_status mface_encoder_receive(struct mface_encoder *encoder, AVPacket *packet)
{
    mface_av_forget();
    const int err = avcodec_receive_packet(encoder->ctx, packet);
    if (err == AVERROR(EAGAIN) || err == AVERROR_EOF)
        return MFACE_ERR_EOF;
    if (err < 0)
        return mface_fail(
            MFACE_ERR_INTERNAL, "%s failed: %s", encoder->ctx->codec->name, mface_av_reason(err));
    for (unsigned i = 0; i < MFACE_ENCODER_TIMES; i++)
        if (encoder->times[i].pts == packet->pts && encoder->times[i].duration > 0)
            packet->duration = encoder->times[i].duration;
    return MFACE_OK;
}
