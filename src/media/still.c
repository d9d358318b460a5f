#include "media/still.h"

#include "base/log.h"
#include "media/choose.h"
#include "media/encode.h"
#include "media/stilltext.h"
#include "media/target.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <string.h>

enum mface_status mface_still_choose(
    const char *path, const struct mface_writer_params *params, const AVCodec **codec)
{
    const AVOutputFormat *images = av_guess_format("image2", NULL, NULL);
    MFACE_TRY(mface_choose_encoder(images, path, params->encoder, codec));
    const AVCodec *webp = avcodec_find_encoder_by_name("libwebp");
    if ((*codec)->id == AV_CODEC_ID_WEBP && webp) // not the one for animations
        *codec = webp;
    return MFACE_OK;
}

enum mface_status mface_still_encode(const struct mface_writer_params *params, const AVCodec *codec,
    const struct mface_frame *frame, AVPacket *packet, const char **pixel_format)
{
    struct mface_writer_params single = *params;
    single.threads = 1; // one picture at once, and no delay
    const struct mface_encoder_spec spec = {
        .params = &single,
        .codec = codec,
        .in_time_base = av_make_q(1, 25),
        .time_base = av_make_q(1, 25),
        .frame_rate = av_make_q(25, 1),
        .turn_upright = true,
    };
    struct mface_encoder encoder;
    enum mface_status status = mface_encoder_open(&encoder, &spec, frame);
    if (status == MFACE_OK)
        status = mface_encoder_send(&encoder, frame);
    if (status == MFACE_OK)
        status = mface_encoder_send(&encoder, NULL);
    if (status == MFACE_OK)
        status = mface_encoder_receive(&encoder, packet);
    if (status == MFACE_OK && pixel_format)
        *pixel_format = av_get_pix_fmt_name(encoder.target->format);
    mface_encoder_close(&encoder);
    return status == MFACE_ERR_EOF
               ? mface_fail(MFACE_ERR_INTERNAL, "%s gave no picture", codec->name)
               : status;
}

static enum mface_status explain(const char *path, int error)
{
    const bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return mface_fail(is_full ? MFACE_ERR_NOSPC : MFACE_ERR_IO, "%s: not written: %s", path,
        is_full ? "no space left" : strerror(error));
}

static enum mface_status write_bytes(
    const struct mface_target *target, const AVPacket *packet, const char *const *metadata)
{
    const bool to_stdout = strcmp(target->path, "pipe:1") == 0;
    FILE *file = to_stdout ? stdout : fopen(mface_target_name(target), "wb");
    if (!file)
        return explain(target->path, errno);
    errno = 0;
    bool ok = mface_still_put(file, packet->data, (size_t)packet->size, metadata);
    ok &= fflush(file) == 0;
    const int error = errno;
    const bool closed = to_stdout || fclose(file) == 0;
    return ok && closed ? MFACE_OK : explain(target->path, ok ? errno : error);
}

static enum mface_status write_file(
    const char *path, const AVPacket *packet, const char *const *metadata)
{
    struct mface_target target;
    MFACE_TRY(mface_target_init(&target, path, NULL, false));
    const enum mface_status status = write_bytes(&target, packet, metadata);
    if (status == MFACE_OK)
        return mface_target_keep(&target);
    mface_target_drop(&target);
    return status;
}

enum mface_status mface_still_write(const char *path, const struct mface_writer_params *params,
    const AVCodec *codec, const struct mface_frame *frame, const char **pixel_format)
{
    AVPacket *packet = av_packet_alloc();
    if (!packet)
        return mface_fail_nomem("writing an image");
    enum mface_status status = mface_still_encode(params, codec, frame, packet, pixel_format);
    if (status == MFACE_OK && path)
        status = write_file(path, packet, params->metadata);
    av_packet_free(&packet);
    return status;
}
