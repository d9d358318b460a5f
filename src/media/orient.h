/* Orientation: how a stored frame is turned and mirrored to stand upright.
 *
 * One of the eight symmetries of the rectangle. An upright pixel (x, y) is the stored pixel (u, v):
 * (u, v) = transpose ? (y, x) : (x, y); then flip_x mirrors u, flip_y mirrors v. */
#ifndef MFACE_MEDIA_ORIENT_H
#define MFACE_MEDIA_ORIENT_H

#include <libavutil/frame.h>
#include <memoface/status.h>
#include <stdbool.h>
#include <stdint.h>

struct mface_orient {
    bool transpose, flip_x, flip_y; // all false: stored upright
};

/* Reads a display matrix as libavutil/display.h defines it. False when its angle is not a multiple
 * of 90°; *orient is then the identity. `matrix` may be NULL: identity. */
bool mface_orient_from_matrix(const int32_t matrix[9], struct mface_orient *orient);

bool mface_orient_is_upright(struct mface_orient orient);

/* Clockwise turn that makes a frame upright: 0, 90, 180 or 270; mirroring is left out. */
int mface_orient_degrees(struct mface_orient orient);

/* A copy of `in` with the pixels physically upright; the sample aspect ratio turns along. Where
 * the format cannot be turned (4:2:2 by 90°, 4:2:0 of odd size), the copy is 4:4:4.
 * MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL; logged. The caller frees *out with av_frame_free(). */
MFACE_NODISCARD enum mface_status mface_orient_apply(
    struct mface_orient orient, const AVFrame *in, AVFrame **out);

#endif
