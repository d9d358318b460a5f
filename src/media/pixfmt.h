/* Pixel formats: which of FFmpeg's a mface_picture can describe, and which come nearest. */
#ifndef MFACE_MEDIA_PIXFMT_H
#define MFACE_MEDIA_PIXFMT_H

#include "image/picture.h"

#include <libavutil/frame.h>
#include <stdbool.h>

/* Whether every colour component of the format is 8..16 bits, byte-addressable and, above 8 bits,
 * an aligned native-endian word. */
bool mface_pixfmt_is_describable(enum AVPixelFormat format);

/* The describable format that loses least: the format itself, its other-endian twin, or FFmpeg's
 * best match. */
enum AVPixelFormat mface_pixfmt_describable(enum AVPixelFormat format);

/* yuvj420p → yuv420p and so on; any other format unchanged. The range is told by the frame. */
enum AVPixelFormat mface_pixfmt_plain(enum AVPixelFormat format);
/* yuv420p → yuvj420p; AV_PIX_FMT_NONE where there is no such twin. */
enum AVPixelFormat mface_pixfmt_full_range_twin(enum AVPixelFormat format);

/* The planar format with as many chroma as luma samples, at least as deep, alpha kept. */
enum AVPixelFormat mface_pixfmt_unsubsampled(enum AVPixelFormat format);

bool mface_pixfmt_is_rgb(enum AVPixelFormat format);
bool mface_pixfmt_has_alpha(enum AVPixelFormat format);

/* Whether any pixel of a frame of a describable format lets something shine through. False when out
 * of memory. */
bool mface_pixfmt_is_transparent(const AVFrame *frame);

/* What the samples mean, tags first, then convention: RGB and untagged grey are full range,
 * untagged YUV is studio range; the matrix of untagged YUV is BT.709 from 1280×720 on, else
 * BT.601. */
bool mface_pixfmt_is_full_range(const AVFrame *frame);
enum AVColorSpace mface_pixfmt_colorspace(const AVFrame *frame);
struct mface_matrix mface_pixfmt_matrix(enum AVColorSpace space);

#endif
