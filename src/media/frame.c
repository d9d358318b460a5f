/* Frames: libav frames seen as upright pictures, and their content keys. */
#include "media/frame.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "media/pixfmt.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

struct mface_frame *mface_frame_create(AVFrame *av)
{
    struct mface_frame *frame = mface_mem_calloc(1, sizeof *frame);
    if (!frame) {
        av_frame_free(&av);
        return NULL;
    }
    frame->av = av;
    frame->file = -1;
    return frame;
}

struct mface_frame *mface_frame_ref(struct mface_frame *frame)
{
    AVFrame *av = av_frame_clone(frame->av);
    struct mface_frame *copy = av ? mface_frame_create(av) : NULL;
    if (!copy)
        return NULL;
    *copy = *frame;
    copy->av = av;
    return copy;
}

void mface_frame_unref(struct mface_frame **frame)
{
    if (!*frame)
        return;
    av_frame_free(&(*frame)->av);
    mface_mem_free(*frame);
    *frame = NULL;
}

static void free_plane(void *opaque, uint8_t *data)
{
    (void)opaque;
    mface_mem_free(data);
}

/* Gives `copy` a plane of its own; rows and their number are padded as av_frame_get_buffer() does,
 * for encoders that read beyond them. */
static bool add_plane(AVFrame *copy, int plane, size_t row_bytes, size_t rows)
{
    const size_t stride = mface_align_up(row_bytes, MFACE_ALIGN);
    const size_t bytes = stride * mface_align_up(rows, 32) + MFACE_ALIGN;
    uint8_t *data = mface_mem_alloc(bytes);
    if (!data)
        return false;
    copy->buf[plane] = av_buffer_create(data, bytes, free_plane, NULL, 0);
    if (!copy->buf[plane]) {
        mface_mem_free(data);
        return false;
    }
    copy->data[plane] = data;
    copy->linesize[plane] = (int)stride;
    return true;
}

static bool add_planes(AVFrame *copy, const AVFrame *av)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(av->format);
    copy->format = av->format;
    copy->width = av->width;
    copy->height = av->height;
    for (int plane = 0; plane < av_pix_fmt_count_planes(av->format); plane++) {
        const bool is_chroma = plane == 1 || plane == 2;
        const int rows = AV_CEIL_RSHIFT(av->height, is_chroma ? desc->log2_chroma_h : 0);
        const int row_bytes = av_image_get_linesize(av->format, av->width, plane);
        if (row_bytes < 0 || !add_plane(copy, plane, (size_t)row_bytes, (size_t)rows))
            return false;
    }
    return true;
}

/* The decoder keeps most frames to predict others from. av_frame_make_writable() would ask the
 * system for each copy's memory anew, whose pages cost more than the copying; ours comes again. */
static bool copy_for_us(AVFrame *av)
{
    AVFrame *copy = av_frame_alloc();
    const bool is_copied = copy && add_planes(copy, av) && av_frame_copy(copy, av) >= 0 &&
                           av_frame_copy_props(copy, av) >= 0;
    if (is_copied) {
        av_frame_unref(av);
        av_frame_move_ref(av, copy);
    }
    av_frame_free(&copy);
    return is_copied;
}

enum mface_status mface_frame_make_writable(struct mface_frame *frame)
{
    if (av_frame_is_writable(frame->av) || copy_for_us(frame->av))
        return MFACE_OK;
    return mface_fail_nomem("copying a frame");
}

int64_t mface_frame_index(const struct mface_frame *frame)
{
    return frame->index;
}

double mface_frame_time_s(const struct mface_frame *frame)
{
    return frame->time_s;
}

static enum mface_model model_of(const AVPixFmtDescriptor *desc)
{
    if (desc->nb_components < 3)
        return MFACE_MODEL_GRAY;
    return desc->flags & AV_PIX_FMT_FLAG_RGB ? MFACE_MODEL_RGB : MFACE_MODEL_YUV;
}

static struct mface_picture stored_picture(const AVFrame *av)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(av->format);
    struct mface_picture picture = {
        .w = av->width,
        .h = av->height,
        .model = model_of(desc),
        .full_range = mface_pixfmt_is_full_range(av),
    };
    if (picture.model == MFACE_MODEL_YUV) {
        picture.log2_chroma_w = desc->log2_chroma_w;
        picture.log2_chroma_h = desc->log2_chroma_h;
        picture.matrix = mface_pixfmt_matrix(mface_pixfmt_colorspace(av));
    }
    for (int i = 0; i < 4; i++) {
        picture.data[i] = av->data[i];
        picture.stride[i] = av->linesize[i];
    }
    for (int i = 0; i < (picture.model == MFACE_MODEL_GRAY ? 1 : 3); i++)
        picture.component[i] = (struct mface_component) { .plane = desc->comp[i].plane,
            .step = desc->comp[i].step,
            .offset = desc->comp[i].offset,
            .shift = desc->comp[i].shift,
            .depth = desc->comp[i].depth };
    return picture;
}

/* Component `i` gets a plane entry of its own, for turned samples of one packed plane may need
 * different strides (the luma of YUYV steps by 2, its chroma by 4). */
static void turn_component(struct mface_picture *picture, const struct mface_picture *stored,
    struct mface_orient orient, int i)
{
    const struct mface_component *from = &stored->component[i];
    const bool is_chroma = stored->model == MFACE_MODEL_YUV && i > 0;
    const int w = AV_CEIL_RSHIFT(stored->w, is_chroma ? stored->log2_chroma_w : 0);
    const int h = AV_CEIL_RSHIFT(stored->h, is_chroma ? stored->log2_chroma_h : 0);
    const ptrdiff_t stride = stored->stride[from->plane];
    const ptrdiff_t step_u = orient.flip_x ? -from->step : from->step;
    const ptrdiff_t step_v = orient.flip_y ? -stride : stride;
    picture->data[i] = stored->data[from->plane] + from->offset +
                       (orient.flip_x ? (ptrdiff_t)(w - 1) * from->step : 0) +
                       (orient.flip_y ? (h - 1) * stride : 0);
    picture->stride[i] = orient.transpose ? step_u : step_v;
    picture->component[i].plane = i;
    picture->component[i].offset = 0;
    picture->component[i].step = (int)(orient.transpose ? step_v : step_u);
}

/* With an odd side, mirrored subsampled chroma pairs up from the other end: the view is then half
 * a chroma sample off, which no view without a phase could avoid. */
struct mface_picture mface_frame_picture(const struct mface_frame *frame)
{
    const struct mface_orient orient = frame->orient;
    const struct mface_picture stored = stored_picture(frame->av);
    if (mface_orient_is_upright(orient))
        return stored;
    struct mface_picture picture = stored;
    picture.data[3] = NULL;
    for (int i = 0; i < (stored.model == MFACE_MODEL_GRAY ? 1 : 3); i++)
        turn_component(&picture, &stored, orient, i);
    if (orient.transpose) {
        picture.w = stored.h;
        picture.h = stored.w;
        picture.log2_chroma_w = stored.log2_chroma_h;
        picture.log2_chroma_h = stored.log2_chroma_w;
    }
    return picture;
}

static void hash_plane(struct mface_hasher *hasher, const AVFrame *av, int plane)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(av->format);
    const bool is_chroma = plane == 1 || plane == 2;
    const int shift = is_chroma ? desc->log2_chroma_h : 0;
    const size_t row_bytes = (size_t)av_image_get_linesize(av->format, av->width, plane);
    const int h = AV_CEIL_RSHIFT(av->height, shift);
    for (int y = 0; y < h; y++)
        mface_hasher_add_bytes(
            hasher, av->data[plane] + (ptrdiff_t)y * av->linesize[plane], row_bytes);
}

struct mface_key mface_frame_key(const struct mface_frame *frame)
{
    const AVFrame *av = frame->av;
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, av_get_pix_fmt_name(av->format));
    mface_hasher_add_u64(&hasher, (uint64_t)av->width);
    mface_hasher_add_u64(&hasher, (uint64_t)av->height);
    mface_hasher_add_u64(&hasher, (uint64_t)av->color_range);
    mface_hasher_add_u64(&hasher, (uint64_t)av->colorspace);
    mface_hasher_add_u64(&hasher, (uint64_t)av->color_primaries);
    mface_hasher_add_u64(&hasher, (uint64_t)av->color_trc);
    mface_hasher_add_u64(&hasher, (uint64_t)av->chroma_location);
    mface_hasher_add_u64(&hasher,
        (uint64_t)(frame->orient.transpose * 4 + frame->orient.flip_x * 2 + frame->orient.flip_y));
    for (int plane = 0; plane < av_pix_fmt_count_planes(av->format); plane++)
        hash_plane(&hasher, av, plane);
    return mface_hasher_finish(&hasher);
}
