/* Reading a picture at a fraction of its size. */
#ifndef MFACE_FACE_REDUCE_H
#define MFACE_FACE_REDUCE_H

#include "image/affine.h"
#include "image/picture.h"
#include <memoface/status.h>

/* Reads `rect`, which lies within the picture, with every n × n pixels (1..64) averaged into one;
 * those at the right and lower edge may be cut off. `out` is U8 BGR, as many pixels as there are
 * blocks. Averages are of the picture's own components and meet the colour matrix only then, so
 * the cost is that of summing bytes. MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_picture_reduce(const struct mface_picture *picture,
    struct mface_rect rect, int n, const struct mface_image *out);

/* The luma of a picture at w × h places, each the mean of a few samples about it: enough to tell
 * one scene from another. `place` maps (0..w-1, 0..h-1) to pixels; places outside are 0. Of RGB it
 * is green. Reads nothing else, so it costs microseconds whatever the frame's size. */
void mface_picture_glance(const struct mface_picture *picture, const struct mface_affine *place,
    int w, int h, uint8_t *out);

#endif
