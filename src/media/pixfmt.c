#include "media/pixfmt.h"

#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>

/* yuvjXXX mean yuvXXX in full range. */
static const enum AVPixelFormat range_twins[][2] = {
    { AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P },
    { AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P },
    { AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P },
    { AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P },
    { AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P },
};

/* Where indescribable formats may go. */
static const enum AVPixelFormat candidates[] = {
    AV_PIX_FMT_GRAY8,
    AV_PIX_FMT_GRAY10,
    AV_PIX_FMT_GRAY16,
    AV_PIX_FMT_YA8,
    AV_PIX_FMT_YA16,
    AV_PIX_FMT_YUV420P,
    AV_PIX_FMT_YUV422P,
    AV_PIX_FMT_YUV444P,
    AV_PIX_FMT_YUV411P,
    AV_PIX_FMT_YUV420P10,
    AV_PIX_FMT_YUV422P10,
    AV_PIX_FMT_YUV444P10,
    AV_PIX_FMT_YUV420P16,
    AV_PIX_FMT_YUV422P16,
    AV_PIX_FMT_YUV444P16,
    AV_PIX_FMT_YUVA444P,
    AV_PIX_FMT_YUVA444P16,
    AV_PIX_FMT_RGB24,
    AV_PIX_FMT_RGBA,
    AV_PIX_FMT_GBRP10,
    AV_PIX_FMT_GBRP12,
    AV_PIX_FMT_RGB48,
    AV_PIX_FMT_RGBA64,
    AV_PIX_FMT_NONE,
};

static bool component_is_describable(const AVComponentDescriptor *comp)
{
    if (comp->depth < 8 || comp->depth > 16)
        return false;
    if (comp->depth == 8)
        return comp->shift == 0;
    return comp->offset % 2 == 0 && comp->step % 2 == 0 && comp->shift + comp->depth <= 16;
}

bool mface_pixfmt_is_describable(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    const uint64_t strange = AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                             AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER |
                             AV_PIX_FMT_FLAG_FLOAT;
    if (!desc || (desc->flags & strange) || format == AV_PIX_FMT_UYYVYY411 // uneven luma steps
        || format == AV_PIX_FMT_XYZ12LE || format == AV_PIX_FMT_XYZ12BE)
        return false;
    if ((desc->flags & AV_PIX_FMT_FLAG_BE) && desc->comp[0].depth > 8)
        return false;
    const int n_color = desc->nb_components < 3 ? 1 : 3;
    for (int i = 0; i < n_color; i++)
        if (!component_is_describable(&desc->comp[i]))
            return false;
    return desc->nb_components > 0;
}

enum AVPixelFormat mface_pixfmt_describable(enum AVPixelFormat format)
{
    if (mface_pixfmt_is_describable(format))
        return format;
    const enum AVPixelFormat swapped = av_pix_fmt_swap_endianness(format);
    if (format == AV_PIX_FMT_XYZ12LE || format == AV_PIX_FMT_XYZ12BE)
        return AV_PIX_FMT_RGB48;
    if (swapped != AV_PIX_FMT_NONE && mface_pixfmt_is_describable(swapped))
        return swapped;
    return avcodec_find_best_pix_fmt_of_list(
        candidates, format, mface_pixfmt_has_alpha(format), NULL);
}

enum AVPixelFormat mface_pixfmt_plain(enum AVPixelFormat format)
{
    for (size_t i = 0; i < sizeof range_twins / sizeof range_twins[0]; i++)
        if (range_twins[i][0] == format)
            return range_twins[i][1];
    return format;
}

enum AVPixelFormat mface_pixfmt_full_range_twin(enum AVPixelFormat format)
{
    for (size_t i = 0; i < sizeof range_twins / sizeof range_twins[0]; i++)
        if (range_twins[i][1] == format)
            return range_twins[i][0];
    return AV_PIX_FMT_NONE;
}

enum AVPixelFormat mface_pixfmt_unsubsampled(enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
    const int depth = desc->comp[0].depth;
    if (mface_pixfmt_has_alpha(format))
        return depth <= 8    ? AV_PIX_FMT_YUVA444P
               : depth <= 10 ? AV_PIX_FMT_YUVA444P10
               : depth <= 12 ? AV_PIX_FMT_YUVA444P12
                             : AV_PIX_FMT_YUVA444P16;
    return depth <= 8    ? AV_PIX_FMT_YUV444P
           : depth <= 10 ? AV_PIX_FMT_YUV444P10
           : depth <= 12 ? AV_PIX_FMT_YUV444P12
                         : AV_PIX_FMT_YUV444P16;
}

bool mface_pixfmt_is_rgb(enum AVPixelFormat format)
{
    return (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_RGB) != 0;
}

bool mface_pixfmt_has_alpha(enum AVPixelFormat format)
{
    return (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
}

static bool has_less_than(const uint16_t *samples, int n, uint16_t full)
{
    for (int i = 0; i < n; i++)
        if (samples[i] < full)
            return true;
    return false;
}

bool mface_pixfmt_is_transparent(const AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    const int alpha = desc->nb_components - 1;
    const int full = (1 << desc->comp[alpha].depth) - 1;
    uint16_t *row =
        mface_pixfmt_has_alpha(frame->format) ? av_malloc_array(frame->width, sizeof *row) : NULL;
    bool found = false;
    for (int y = 0; row && !found && y < frame->height; y++) {
        av_read_image_line(row, (const uint8_t **)(uintptr_t)frame->data, frame->linesize, desc, 0,
            y, alpha, frame->width, 0);
        found = has_less_than(row, frame->width, (uint16_t)full);
    }
    av_free(row);
    return found;
}

bool mface_pixfmt_is_full_range(const AVFrame *frame)
{
    if (mface_pixfmt_is_rgb(frame->format) || mface_pixfmt_plain(frame->format) != frame->format)
        return true;
    if (frame->color_range != AVCOL_RANGE_UNSPECIFIED)
        return frame->color_range == AVCOL_RANGE_JPEG;
    return av_pix_fmt_desc_get(frame->format)->nb_components < 3;
}

enum AVColorSpace mface_pixfmt_colorspace(const AVFrame *frame)
{
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return frame->colorspace;
    default:
        /* JFIF says BT.601 whatever the size, and tags itself so; what is left goes by size. */
        return frame->height >= 720 || frame->width >= 1280 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    }
}

struct mface_matrix mface_pixfmt_matrix(enum AVColorSpace space)
{
    switch (space) {
    case AVCOL_SPC_BT709:
        return (struct mface_matrix) { 0.2126, 0.0722 };
    case AVCOL_SPC_FCC:
        return (struct mface_matrix) { 0.30, 0.11 };
    case AVCOL_SPC_SMPTE240M:
        return (struct mface_matrix) { 0.212, 0.087 };
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return (struct mface_matrix) { 0.2627, 0.0593 };
    default:
        return (struct mface_matrix) { 0.299, 0.114 };
    }
}
