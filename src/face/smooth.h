/* Smoothing landmarks over time: no shake at rest, no lag in motion. */
#ifndef MFACE_FACE_SMOOTH_H
#define MFACE_FACE_SMOOTH_H

#include "face/face.h"

/* How a face moves, as the filter knows it: displacement per frame in radii of the face (right and
 * down by translation, and what turning and growing move its rim by). Zeroed is "at rest". */
struct mface_motion {
    double right, down, turn, grow;
};

/* One step of a one-euro filter (Casiez, Roussel and Vogel, CHI 2012, doi:10.1145/2207676.2208639)
 * with one cutoff for the whole face. `strength` 1..150 says what it does at rest: noise falls as
 * by a mean over so many frames, from a share α = 2 / (strength + 1) of the new in the result, for
 * an exponential mean passes α / (2 − α) of the variance, and so 1 / strength. In motion
 *     α = r / (1 + r),  r = r₀ + β·|v|,  r₀ = 2 / (strength − 1),
 * where r is 2π·cutoff per frame and v the face's motion, itself smoothed. v is that of the
 * similarity from the landmarks of the frame before to these, which is nearly free of the noise of
 * single landmarks. `before` are the landmarks as marked in the frame before, `smooth` the result
 * then and, on return, now. Strength 1 copies. */
void mface_smooth_step(int strength, const struct mface_landmarks *before,
    const struct mface_landmarks *now, struct mface_motion *motion, struct mface_landmarks *smooth);

#endif
