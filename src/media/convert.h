/* Converting whole frames between pixel formats, ranges, matrices and sizes, by libswscale. Used
 * where a format cannot be described or an encoder cannot take it; never in between. */
#ifndef MFACE_MEDIA_CONVERT_H
#define MFACE_MEDIA_CONVERT_H

#include "media/pixfmt.h"

#include <libavutil/frame.h>
#include <memoface/status.h>

struct SwsContext;

/* What a conversion depends on; two equal ones share a context. */
struct mface_conversion {
    int w[2], h[2], format[2], full_range[2], space[2]; // [0] from, [1] to
};

/* Keeps the context of the last conversion. Starts zeroed; used by one thread at a time. */
struct mface_converter {
    struct SwsContext *sws;
    struct mface_conversion conversion;
};

void mface_converter_clear(struct mface_converter *converter);

/* Whether `in` has another layout, size, range or matrix than `target` asks for. Only `target`'s
 * format, width, height, color_range and colorspace are looked at. */
bool mface_converter_is_needed(const AVFrame *in, const AVFrame *target);

/* Fills `out`, whose format, size, color_range and colorspace say what is wanted; allocates its
 * buffers and copies the timestamps and other properties, but not the colour tags.
 * MFACE_ERR_NOMEM, MFACE_ERR_UNSUPPORTED; logged. */
MFACE_NODISCARD enum mface_status mface_converter_run(
    struct mface_converter *converter, const AVFrame *in, AVFrame *out);

/* A new frame in `format`: size kept; from YUV to YUV, range and matrix kept. The caller frees it
 * with av_frame_free(). */
MFACE_NODISCARD enum mface_status mface_converter_run_to(
    struct mface_converter *converter, const AVFrame *in, enum AVPixelFormat format, AVFrame **out);

#endif
