#include "media/convert.h"

#include "base/log.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <string.h>

void mface_converter_clear(struct mface_converter *converter)
{
    sws_freeContext(converter->sws);
    *converter = (struct mface_converter) { 0 };
}

static bool has_chroma(enum AVPixelFormat format)
{
    return !mface_pixfmt_is_rgb(format) && av_pix_fmt_desc_get(format)->nb_components >= 3;
}

static struct mface_conversion conversion_between(const AVFrame *in, const AVFrame *out)
{
    const AVFrame *ends[2] = { in, out };
    struct mface_conversion conversion = { 0 };
    for (int i = 0; i < 2; i++) {
        conversion.w[i] = ends[i]->width;
        conversion.h[i] = ends[i]->height;
        conversion.format[i] = mface_pixfmt_plain(ends[i]->format);
        conversion.full_range[i] = mface_pixfmt_is_full_range(ends[i]);
        conversion.space[i] = has_chroma(ends[i]->format) ? (int)mface_pixfmt_colorspace(ends[i])
                                                          : (int)AVCOL_SPC_UNSPECIFIED;
    }
    return conversion;
}

bool mface_converter_is_needed(const AVFrame *in, const AVFrame *target)
{
    const struct mface_conversion c = conversion_between(in, target);
    return c.w[0] != c.w[1] || c.h[0] != c.h[1] || c.format[0] != c.format[1] ||
           c.full_range[0] != c.full_range[1] ||
           mface_pixfmt_matrix(c.space[0]).kr != mface_pixfmt_matrix(c.space[1]).kr;
}

/* Ranges must be known before the context is made: two that differ rule out the plain copy which
 * equal formats of equal size would get. */
static struct SwsContext *make_context(const struct mface_conversion *conversion)
{
    const int *w = conversion->w, *h = conversion->h, *format = conversion->format;
    const int flags =
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
    const struct {
        const char *name;
        int value;
    } options[] = { { "srcw", w[0] }, { "srch", h[0] }, { "src_format", format[0] },
        { "src_range", conversion->full_range[0] }, { "dstw", w[1] }, { "dsth", h[1] },
        { "dst_format", format[1] }, { "dst_range", conversion->full_range[1] },
        { "sws_flags", flags } };
    struct SwsContext *sws = sws_alloc_context();
    for (size_t i = 0; sws && i < sizeof options / sizeof options[0]; i++)
        av_opt_set_int(sws, options[i].name, options[i].value, 0);
    if (sws && sws_init_context(sws, NULL, NULL) >= 0)
        return sws;
    sws_freeContext(sws);
    return NULL;
}

static enum mface_status set_up(
    struct mface_converter *converter, const struct mface_conversion *conversion)
{
    if (converter->sws && memcmp(&converter->conversion, conversion, sizeof *conversion) == 0)
        return MFACE_OK;
    mface_converter_clear(converter);
    const int *w = conversion->w, *h = conversion->h, *format = conversion->format;
    converter->sws = make_context(conversion);
    if (!converter->sws)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "no conversion from %s %dx%d to %s %dx%d",
            av_get_pix_fmt_name(format[0]), w[0], h[0], av_get_pix_fmt_name(format[1]), w[1], h[1]);
    sws_setColorspaceDetails(converter->sws, sws_getCoefficients(conversion->space[0]),
        conversion->full_range[0], sws_getCoefficients(conversion->space[1]),
        conversion->full_range[1], 0, 1 << 16, 1 << 16);
    converter->conversion = *conversion;
    return MFACE_OK;
}

/* av_frame_copy_props() also copies the colour tags, which `out` has of its own. */
static bool copy_props(AVFrame *out, const AVFrame *in)
{
    const AVFrame tags = *out;
    if (av_frame_copy_props(out, in) < 0)
        return false;
    out->color_range = tags.color_range;
    out->colorspace = tags.colorspace;
    return true;
}

enum mface_status mface_converter_run(
    struct mface_converter *converter, const AVFrame *in, AVFrame *out)
{
    const struct mface_conversion conversion = conversion_between(in, out);
    MFACE_TRY(set_up(converter, &conversion));
    if (av_frame_get_buffer(out, 0) < 0 || !copy_props(out, in))
        return mface_fail_nomem("converting a frame");
    sws_scale(converter->sws, (const uint8_t *const *)in->data, in->linesize, 0, in->height,
        out->data, out->linesize);
    return MFACE_OK;
}

enum mface_status mface_converter_run_to(
    struct mface_converter *converter, const AVFrame *in, enum AVPixelFormat format, AVFrame **out)
{
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return mface_fail_nomem("converting a frame");
    frame->format = format;
    frame->width = in->width;
    frame->height = in->height;
    frame->color_range = in->color_range;
    frame->colorspace = in->colorspace;
    if (mface_pixfmt_is_rgb(format)) {
        frame->color_range = AVCOL_RANGE_JPEG;
        frame->colorspace = AVCOL_SPC_RGB;
    } else if (mface_pixfmt_is_rgb(in->format)) {
        frame->color_range = AVCOL_RANGE_MPEG;
        frame->colorspace = mface_pixfmt_colorspace(frame);
    } else if (mface_pixfmt_is_full_range(in)) {
        frame->color_range = AVCOL_RANGE_JPEG;
    }
    const enum mface_status status = mface_converter_run(converter, in, frame);
    if (status != MFACE_OK)
        av_frame_free(&frame);
    *out = frame;
    return status;
}
