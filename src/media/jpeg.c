/* One frame as a small JPEG in memory. */
#include "base/log.h"
#include "base/mem.h"
#include "media/av.h"
#include "media/convert.h"
#include "media/media.h"
#include "media/still.h"

#include <string.h>

/* Of 2..31 (best first), as FFmpeg counts it: 640x360 comes to about 40 KB. */
enum { QUALITY = 4 };

/* Even sides that keep the shape and are no longer than `max_side_px`; never larger than it was. */
static void fit(const AVFrame *in, int max_side_px, AVFrame *out)
{
    const int longer = in->width > in->height ? in->width : in->height;
    const double scale = longer > max_side_px ? (double)max_side_px / longer : 1;
    out->width = (int)(in->width * scale) & ~1;
    out->height = (int)(in->height * scale) & ~1;
    out->width = out->width < 2 ? 2 : out->width;
    out->height = out->height < 2 ? 2 : out->height;
}

/* Scaled first: everything after it has little to do. */
static enum mface_status shrink(
    const struct mface_frame *frame, int max_side_px, struct mface_frame **out)
{
    struct mface_converter converter = { 0 };
    AVFrame *small = av_frame_alloc();
    if (!small)
        return mface_fail_nomem("preview");
    fit(frame->av, max_side_px, small);
    small->format = AV_PIX_FMT_YUVJ420P;
    small->color_range = AVCOL_RANGE_JPEG;
    small->colorspace = AVCOL_SPC_SMPTE170M; // JFIF knows no other
    const enum mface_status status = mface_converter_run(&converter, frame->av, small);
    mface_converter_clear(&converter);
    if (status != MFACE_OK) {
        av_frame_free(&small);
        return status;
    }
    small->pict_type = AV_PICTURE_TYPE_NONE;
    *out = mface_frame_create(small);
    if (!*out)
        return mface_fail_nomem("preview");
    (*out)->orient = frame->orient;
    return MFACE_OK;
}

static enum mface_status copy_packet(const AVPacket *packet, unsigned char **jpeg, size_t *bytes)
{
    *bytes = (size_t)packet->size;
    *jpeg = mface_mem_alloc(*bytes);
    if (!*jpeg)
        return mface_fail_nomem("preview");
    memcpy(*jpeg, packet->data, *bytes);
    return MFACE_OK;
}

enum mface_status mface_frame_to_jpeg(
    const struct mface_frame *frame, int max_side_px, unsigned char **jpeg, size_t *bytes)
{
    const struct mface_writer_params params = { .url = "preview.jpg", .quality = QUALITY };
    struct mface_frame *small = NULL;
    const AVCodec *codec;
    *jpeg = NULL;
    mface_av_init();
    MFACE_TRY(mface_still_choose(params.url, &params, &codec));
    MFACE_TRY(shrink(frame, max_side_px, &small));
    AVPacket *packet = av_packet_alloc();
    enum mface_status status = packet ? mface_still_encode(&params, codec, small, packet, NULL)
                                      : mface_fail_nomem("preview");
    if (status == MFACE_OK)
        status = copy_packet(packet, jpeg, bytes);
    av_packet_free(&packet);
    mface_frame_unref(&small);
    return status;
}
