/* Choices nobody made by hand: the encoder for a container, its pixel format, its quality. */
#ifndef MFACE_MEDIA_CHOOSE_H
#define MFACE_MEDIA_CHOOSE_H

#include "media/media.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

/* The encoder called `name`, or with NULL or "auto" the container's: H.264 (libx264) wherever it
 * is at home, VP9 for WebM, lossless FFV1 for AVI and NUT, the image's own format for images, else
 * the container's first choice. MFACE_ERR_UNSUPPORTED; logged. */
MFACE_NODISCARD enum mface_status mface_choose_encoder(
    const AVOutputFormat *format, const char *url, const char *name, const AVCodec **codec);

/* Among what `codec` takes: `name`; with NULL or "auto" the frame's own format, else the one that
 * loses least. MFACE_ERR_ARG when `name` is unknown or not taken; logged. */
MFACE_NODISCARD enum mface_status mface_choose_pixel_format(
    const AVCodec *codec, const AVFrame *frame, const char *name, enum AVPixelFormat *format);

/* Whether the codec's list holds the format; a codec without a list takes any. */
bool mface_codec_takes(const AVCodec *codec, enum AVPixelFormat format);

/* Sets quality and speed as `params` says, else to defaults that look like the source and do not
 * outweigh the swap: libx264 CRF 18 veryfast, libx265 CRF 20 fast, VP9 and AV1 CRF 24, JPEG and
 * MPEG-4 scale 2. Favoured speed is x264's and x265's ultrafast, VP9's realtime; favoured quality
 * their medium and good, at the same CRF. Where `options`, which are not set here, name a bitrate
 * or a quantiser there is no quality by default. MFACE_ERR_ARG for a speed the encoder has not;
 * logged.
 */
MFACE_NODISCARD enum mface_status mface_choose_quality(
    AVCodecContext *ctx, const struct mface_writer_params *params, const AVDictionary *options);

#endif
