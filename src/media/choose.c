#include "media/choose.h"

#include "base/log.h"
#include "media/pixfmt.h"

#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <string.h>

struct container_row {
    const char *format, *encoder;
};

static const struct container_row container_rows[] = {
    { "mp4", "libx264" },
    { "mov", "libx264" },
    { "matroska", "libx264" },
    { "ipod", "libx264" },
    { "3gp", "libx264" },
    { "3g2", "libx264" },
    { "mpegts", "libx264" },
    { "flv", "libx264" },
    { "hls", "libx264" },
    { "dash", "libx264" },
    { "rtsp", "libx264" },
    { "rtp_mpegts", "libx264" },
    { "ismv", "libx264" },
    { "f4v", "libx264" },
    { "webm", "libvpx-vp9" },
    { "nut", "ffv1" },
    { "avi", "ffv1" },
    { "mpeg", "mpeg2video" },
    { "vob", "mpeg2video" },
};

/* How an encoder counts quality and speed. */
struct quality_row {
    const char *encoder;
    const char *quality_key; // private option; NULL: the codec-wide quantiser scale
    int quality;
    const char *speed_key;   // NULL: no such choice
    const char *speed;       // NULL: the encoder's default
    const char *options;     // further ones, "key=value:key=value"
    const char *fast, *fine; // speed where that is favoured, or quality; NULL: as `speed`
};

static const struct quality_row quality_rows[] = {
    { "libx264", "crf", 18, "preset", "veryfast", NULL, "ultrafast", "medium" },
    { "libx264rgb", "crf", 18, "preset", "veryfast", NULL, "ultrafast", "medium" },
    { "libx265", "crf", 20, "preset", "fast", "x265-params=log-level=error", "ultrafast",
        "medium" },
    { "libvpx-vp9", "crf", 24, "deadline", "good", "b=0:cpu-used=4:row-mt=1", "realtime", NULL },
    { "libvpx", "crf", 8, "deadline", "good", "b=20M:cpu-used=4", "realtime", NULL },
    { "libaom-av1", "crf", 24, "cpu-used", "6", "b=0:row-mt=1", "8", "4" },
    { "libsvtav1", "crf", 24, "preset", "8", NULL, "12", "5" },
    { "libwebp", "quality", 95, "preset", NULL, NULL },
    { "ffv1", NULL, -1, NULL, NULL, "level=3:g=1:slicecrc=1" },
    { "mjpeg", NULL, 2, NULL, NULL, NULL },
    { "libtheora", NULL, 9, NULL, NULL, NULL },
    { "msmpeg4", NULL, 2, NULL, NULL, NULL },
    { "wmv2", NULL, 2, NULL, NULL, NULL },
    { "mpeg1video", NULL, 2, NULL, NULL, NULL },
    { "mpeg4", NULL, 2, NULL, NULL, NULL },
    { "mpeg2video", NULL, 2, NULL, NULL, NULL },
};

static bool is_auto(const char *name)
{
    return !name || !name[0] || strcmp(name, "auto") == 0;
}

static const AVCodec *encoder_of_container(const AVOutputFormat *format, const char *url)
{
    for (size_t i = 0; i < sizeof container_rows / sizeof container_rows[0]; i++)
        if (strcmp(format->name, container_rows[i].format) == 0) {
            const AVCodec *codec = avcodec_find_encoder_by_name(container_rows[i].encoder);
            if (codec)
                return codec;
        }
    return avcodec_find_encoder(av_guess_codec(format, NULL, url, NULL, AVMEDIA_TYPE_VIDEO));
}

enum mface_status mface_choose_encoder(
    const AVOutputFormat *format, const char *url, const char *name, const AVCodec **codec)
{
    *codec = is_auto(name) ? encoder_of_container(format, url) : avcodec_find_encoder_by_name(name);
    if (!*codec && !is_auto(name))
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: no encoder called %s", url, name);
    if (!*codec)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: no video encoder for %s", url, format->name);
    if ((*codec)->type != AVMEDIA_TYPE_VIDEO)
        return mface_fail(MFACE_ERR_ARG, "%s: %s does not encode video", url, name);
    return MFACE_OK;
}

static bool list_has(const enum AVPixelFormat *list, enum AVPixelFormat format)
{
    for (; *list != AV_PIX_FMT_NONE; list++)
        if (*list == format)
            return true;
    return false;
}

bool mface_codec_takes(const AVCodec *codec, enum AVPixelFormat format)
{
    return !codec->pix_fmts || list_has(codec->pix_fmts, format);
}

/* Either name of a YUV format serves: which one is given to the encoder depends on the range. */
static bool takes_either(const AVCodec *codec, enum AVPixelFormat format)
{
    return mface_codec_takes(codec, mface_pixfmt_plain(format)) ||
           mface_codec_takes(codec, mface_pixfmt_full_range_twin(mface_pixfmt_plain(format)));
}

enum mface_status mface_choose_pixel_format(
    const AVCodec *codec, const AVFrame *frame, const char *name, enum AVPixelFormat *format)
{
    if (is_auto(name)) {
        *format = mface_pixfmt_plain(frame->format);
        if (!takes_either(codec, *format))
            *format = mface_pixfmt_plain(avcodec_find_best_pix_fmt_of_list(
                codec->pix_fmts, *format, mface_pixfmt_has_alpha(*format), NULL));
        return MFACE_OK;
    }
    *format = mface_pixfmt_plain(av_get_pix_fmt(name));
    if (*format == AV_PIX_FMT_NONE)
        return mface_fail(MFACE_ERR_ARG, "no pixel format called %s", name);
    if (!takes_either(codec, *format))
        return mface_fail(MFACE_ERR_ARG, "%s does not take %s", codec->name, name);
    return MFACE_OK;
}

static struct quality_row row_of(const AVCodecContext *ctx)
{
    for (size_t i = 0; i < sizeof quality_rows / sizeof quality_rows[0]; i++)
        if (strcmp(ctx->codec->name, quality_rows[i].encoder) == 0)
            return quality_rows[i];
    const bool has_crf = ctx->priv_data && av_opt_find(ctx->priv_data, "crf", NULL, 0, 0);
    const bool has_preset = ctx->priv_data && av_opt_find(ctx->priv_data, "preset", NULL, 0, 0);
    return (struct quality_row) { .quality_key = has_crf ? "crf" : NULL,
        .quality = -1,
        .speed_key = has_preset ? "preset" : NULL };
}

static void set_quality(AVCodecContext *ctx, const struct quality_row *row, int quality)
{
    if (quality < 0)
        return;
    if (row->quality_key) {
        av_opt_set_double(ctx->priv_data, row->quality_key, quality, 0);
        return;
    }
    ctx->flags |= AV_CODEC_FLAG_QSCALE;
    ctx->global_quality = quality * FF_QP2LAMBDA;
}

/* x264 would tell the terminal before us that a preset is none of these. */
static bool is_unknown_to_x264(const struct quality_row *row, const char *speed)
{
    static const char *const words[] = { "ultrafast", "superfast", "veryfast", "faster", "fast",
        "medium", "slow", "slower", "veryslow", "placebo" };
    if (!row->encoder || strncmp(row->encoder, "libx26", 6) != 0)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(speed, words[i]) == 0)
            return false;
    return true;
}

static const char *speed_of(const struct quality_row *row, const struct mface_writer_params *params)
{
    if (params->speed && params->speed[0])
        return params->speed;
    if (params->favor == MFACE_FAVOR_SPEED && row->fast)
        return row->fast;
    return params->favor == MFACE_FAVOR_QUALITY && row->fine ? row->fine : row->speed;
}

/* Rate control that a constant quality beside it would overrule, or that would overrule it. */
static bool controls_rate(const AVDictionary *options)
{
    static const char *const keys[] = { "b", "qp", "cqp", "cq", "rc", "global_quality" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (av_dict_get(options, keys[i], NULL, 0))
            return true;
    return false;
}

static int quality_of(const struct quality_row *row, const struct mface_writer_params *params,
    const AVDictionary *options)
{
    if (params->quality >= 0)
        return params->quality;
    return controls_rate(options) ? -1 : row->quality;
}

enum mface_status mface_choose_quality(
    AVCodecContext *ctx, const struct mface_writer_params *params, const AVDictionary *options)
{
    const struct quality_row row = row_of(ctx);
    const char *speed = speed_of(&row, params);
    if (speed && !row.speed_key)
        return mface_fail(
            MFACE_ERR_ARG, "%s has no speed to choose: '%s'", ctx->codec->name, speed);
    if (speed && is_unknown_to_x264(&row, speed))
        return mface_fail(MFACE_ERR_ARG, "%s has no preset '%s'; give ultrafast … veryslow",
            ctx->codec->name, speed);
    if (speed && av_opt_set(ctx->priv_data, row.speed_key, speed, 0) < 0)
        return mface_fail(
            MFACE_ERR_ARG, "%s has no %s '%s'", ctx->codec->name, row.speed_key, speed);
    set_quality(ctx, &row, quality_of(&row, params, options));
    if (row.options)
        av_set_options_string(ctx, row.options, "=", ":");
    return MFACE_OK;
}
