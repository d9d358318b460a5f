/* What resizing (resize.c) hands to its inner loops. */
#ifndef MFACE_IMAGE_RESAMPLE_H
#define MFACE_IMAGE_RESAMPLE_H

#include "image/interp.h"

enum { MFACE_RESAMPLE_STRIP = 128 };

/* How a strip of output columns is made of a row of floats. Loops may write four floats beyond the
 * last column and read one beyond the last tap. */
struct mface_resample {
    int n, n_taps;
    float scale;                         // of the sum
    int32_t first[MFACE_RESAMPLE_STRIP]; // pixel of the first tap
    float tap[MFACE_RESAMPLE_STRIP][MFACE_TAPS_MAX];
    float wide[MFACE_TAPS_MAX][MFACE_RESAMPLE_STRIP][4]; // weights again, each four times
};

/* out[c·x + k] = scale · Σ tap[x][i] · row[c·(first[x] + i) + k], i in turn. */
typedef void (*mface_resample_fn)(
    const struct mface_resample *resample, const float *row, float *out);

#endif
