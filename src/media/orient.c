/* Turning frames copies sample groups (a packed pixel, a Cb/Cr pair, a sample) plane by plane. */
#include "media/orient.h"

#include "base/log.h"
#include "media/convert.h"

#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

/* Of two matrix elements, whether the second is negligible: real files hold rounding noise. */
static bool is_dominated(int64_t large, int64_t small)
{
    return llabs(small) * 64 <= llabs(large) && large != 0;
}

bool mface_orient_from_matrix(const int32_t matrix[9], struct mface_orient *orient)
{
    *orient = (struct mface_orient) { 0 };
    if (!matrix)
        return true;
    const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    if (is_dominated(a, b) && is_dominated(d, c)) {
        *orient = (struct mface_orient) { .flip_x = a < 0, .flip_y = d < 0 };
        return true;
    }
    if (is_dominated(b, a) && is_dominated(c, d)) {
        *orient = (struct mface_orient) { .transpose = true, .flip_x = b < 0, .flip_y = c < 0 };
        return true;
    }
    return false;
}

bool mface_orient_is_upright(struct mface_orient orient)
{
    return !orient.transpose && !orient.flip_x && !orient.flip_y;
}

int mface_orient_degrees(struct mface_orient orient)
{
    if (orient.transpose)
        return orient.flip_x && !orient.flip_y ? 270 : 90;
    return orient.flip_y ? 180 * orient.flip_x : 0;
}

/* One plane as a grid of groups of `bytes`. */
struct grid {
    uint8_t *data;
    ptrdiff_t stride;
    int w, h, bytes;
};

static struct grid grid_of_plane(const AVFrame *frame, int plane)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    struct grid grid = { .data = frame->data[plane], .stride = frame->linesize[plane] };
    const bool is_chroma = !(desc->flags & AV_PIX_FMT_FLAG_RGB) && (plane == 1 || plane == 2) &&
                           desc->nb_components >= 3;
    for (int i = 0; i < desc->nb_components; i++)
        if (desc->comp[i].plane == plane)
            grid.bytes = desc->comp[i].step;
    grid.w = is_chroma ? AV_CEIL_RSHIFT(frame->width, desc->log2_chroma_w) : frame->width;
    grid.h = is_chroma ? AV_CEIL_RSHIFT(frame->height, desc->log2_chroma_h) : frame->height;
    return grid;
}

static void turn_grid(struct mface_orient orient, struct grid in, struct grid out)
{
    const ptrdiff_t step_u = orient.flip_x ? -in.bytes : in.bytes;
    const ptrdiff_t step_v = orient.flip_y ? -in.stride : in.stride;
    const ptrdiff_t step_x = orient.transpose ? step_v : step_u;
    const ptrdiff_t step_y = orient.transpose ? step_u : step_v;
    const uint8_t *origin = in.data + (orient.flip_x ? (in.w - 1) * (ptrdiff_t)in.bytes : 0) +
                            (orient.flip_y ? (in.h - 1) * in.stride : 0);
    for (int y = 0; y < out.h; y++) {
        const uint8_t *from = origin + y * step_y;
        uint8_t *to = out.data + y * out.stride;
        for (int x = 0; x < out.w; x++, from += step_x, to += out.bytes)
            memcpy(to, from, (size_t)out.bytes);
    }
}

static bool can_turn(struct mface_orient orient, const AVFrame *frame)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
    const int w = desc->log2_chroma_w, h = desc->log2_chroma_h;
    if (w == 0 && h == 0)
        return true;
    if (av_pix_fmt_count_planes(frame->format) == 1) // YUYV: groups of two pixels
        return false;
    return (!orient.transpose || w == h) && frame->width % (1 << w) == 0 &&
           frame->height % (1 << h) == 0;
}

static enum mface_status alloc_turned(struct mface_orient orient, const AVFrame *in, AVFrame **out)
{
    AVFrame *frame = av_frame_alloc();
    if (!frame)
        return mface_fail_nomem("turning a frame");
    frame->format = in->format;
    frame->width = orient.transpose ? in->height : in->width;
    frame->height = orient.transpose ? in->width : in->height;
    if (av_frame_get_buffer(frame, 0) < 0 || av_frame_copy_props(frame, in) < 0) {
        av_frame_free(&frame);
        return mface_fail_nomem("turning a frame");
    }
    av_frame_remove_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    if (orient.transpose)
        frame->sample_aspect_ratio =
            av_make_q(in->sample_aspect_ratio.den > 0 && in->sample_aspect_ratio.num > 0
                          ? in->sample_aspect_ratio.den
                          : 0,
                in->sample_aspect_ratio.num > 0 ? in->sample_aspect_ratio.num : 1);
    *out = frame;
    return MFACE_OK;
}

static enum mface_status turn(struct mface_orient orient, const AVFrame *in, AVFrame **out)
{
    MFACE_TRY(alloc_turned(orient, in, out));
    for (int plane = 0; plane < av_pix_fmt_count_planes(in->format); plane++)
        turn_grid(orient, grid_of_plane(in, plane), grid_of_plane(*out, plane));
    return MFACE_OK;
}

enum mface_status mface_orient_apply(struct mface_orient orient, const AVFrame *in, AVFrame **out)
{
    if (can_turn(orient, in))
        return turn(orient, in, out);
    struct mface_converter converter = { 0 };
    AVFrame *full = NULL;
    enum mface_status status =
        mface_converter_run_to(&converter, in, mface_pixfmt_unsubsampled(in->format), &full);
    if (status == MFACE_OK)
        status = turn(orient, full, out);
    av_frame_free(&full);
    mface_converter_clear(&converter);
    return status;
}
