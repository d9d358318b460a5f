/* What resizing (resize.c) hands to its inner loops. */
#ifndef MFACE_IMAGE_RESAMPLE_H
#define MFACE_IMAGE_RESAMPLE_H

#include "image/interp.h"

#include <stdbool.h>

enum { MFACE_RESAMPLE_STRIP = 128 };

/* How a strip of output columns is made of a row of floats. Loops may write four floats beyond the
 * last column and read MFACE_RESAMPLE_SLACK beyond the last tap. */
enum { MFACE_RESAMPLE_SLACK = 32 };

struct mface_resample {
    int n, n_taps;
    float scale;                         // of the sum
    int32_t first[MFACE_RESAMPLE_STRIP]; // pixel of the first tap
    float tap[MFACE_RESAMPLE_STRIP][MFACE_TAPS_MAX];
    float wide[MFACE_TAPS_MAX][MFACE_RESAMPLE_STRIP][4]; // weights again, each four times

    /* The same by samples: where each one's first tap lies, and its weights. Dense: of any 16
     * samples from a multiple of 16 on, all taps lie within 32 floats. */
    bool is_dense;
    int32_t flat_first[MFACE_RESAMPLE_STRIP * 3];
    float flat_tap[MFACE_TAPS_MAX][MFACE_RESAMPLE_STRIP * 3];
};

/* out[c·x + k] = scale · Σ tap[x][i] · row[c·(first[x] + i) + k], i in turn. */
typedef void (*mface_resample_fn)(
    const struct mface_resample *resample, const float *row, float *out);

#endif
