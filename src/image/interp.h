/* Interpolation weights that warp and resize share. */
#ifndef MFACE_IMAGE_INTERP_H
#define MFACE_IMAGE_INTERP_H

#include "image/kernels.h"

enum { MFACE_TAPS_MAX = 8 };

/* Samples that one output takes along each axis: 2, 4 or 8. */
int mface_interp_n_taps(enum mface_interp interp);

/* Weights of the taps around a position `fraction` (0..1) of the way from tap n/2 - 1 to the next.
 * They add up to 1. Cubic: Keys 1981 with a = -0.75; Lanczos: sinc(d)·sinc(d/4), normalised. */
void mface_interp_weights(enum mface_interp interp, double fraction, float weights[MFACE_TAPS_MAX]);

/* Rounds to nearest and clamps to 0..255; NaN gives 0. */
static inline uint8_t mface_round_u8(float value)
{
    const float low = value > 0.0f ? value : 0.0f;
    return (uint8_t)(int)((low < 255.0f ? low : 255.0f) + 0.5f);
}

#endif
