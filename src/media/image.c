/* Still images as BGR memory. */
#include "base/log.h"
#include "media/av.h"
#include "media/listing.h"
#include "media/media.h"
#include "media/still.h"

#include <string.h>

enum mface_status mface_image_load(const char *path, struct mface_image *image)
{
    const struct mface_reader_params params = { .url = path, .threads = 1 };
    struct mface_reader *reader = NULL;
    struct mface_frame *frame = NULL;
    *image = (struct mface_image) { 0 };
    MFACE_TRY(mface_reader_open(&params, &reader));
    enum mface_status status = mface_reader_read(reader, &frame);
    if (status == MFACE_OK) {
        const struct mface_picture picture = mface_frame_picture(frame);
        status = mface_image_init(image, picture.w, picture.h, 3, MFACE_SAMPLE_U8);
        if (status == MFACE_OK)
            mface_picture_read_bgr(
                &picture, (struct mface_rect) { 0, 0, picture.w, picture.h }, image);
    }
    mface_frame_unref(&frame);
    mface_reader_close(&reader);
    return status;
}

static struct mface_frame *frame_of_image(const struct mface_image *image)
{
    AVFrame *av = av_frame_alloc();
    if (!av)
        return NULL;
    av->format = AV_PIX_FMT_BGR24;
    av->width = image->w;
    av->height = image->h;
    if (av_frame_get_buffer(av, 0) < 0) {
        av_frame_free(&av);
        return NULL;
    }
    for (int y = 0; y < image->h; y++)
        memcpy(av->data[0] + (ptrdiff_t)y * av->linesize[0], mface_image_row_u8(image, y),
            (size_t)image->w * 3);
    return mface_frame_create(av);
}

enum mface_status mface_image_save(const char *path, const struct mface_image *image)
{
    const struct mface_writer_params params = { .url = path, .quality = -1 };
    const AVCodec *codec;
    mface_av_init();
    if (!mface_listing_is_image_name(path))
        return mface_fail(MFACE_ERR_UNSUPPORTED,
            "%s: the name tells no format of pictures; use .png or .jpg", path);
    MFACE_TRY(mface_still_choose(path, &params, &codec));
    struct mface_frame *frame = frame_of_image(image);
    if (!frame)
        return mface_fail_nomem(path);
    const enum mface_status status = mface_still_write(path, &params, codec, frame, NULL);
    mface_frame_unref(&frame);
    return status;
}
