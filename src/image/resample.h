/* What resizing (resize.c) hands to its inner loops. */
#ifndef MFACE_IMAGE_RESAMPLE_H
#define MFACE_IMAGE_RESAMPLE_H

#include "image/interp.h"

#include <stdbool.h>

enum { MFACE_RESAMPLE_STRIP = 192 };

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

    /* The same again, for eight samples from a multiple of eight on: what their first taps count
     * from. Near: all lie within eight floats, so it is one base; else those of each four are to,
     * and spread_of_four, the greatest there is, is below eight if all do. */
    struct mface_resample_eight {
        bool is_near;
        int32_t base[2], spread_of_four;
    } eight[MFACE_RESAMPLE_STRIP * 3 / 8];
    int32_t flat_near[MFACE_RESAMPLE_STRIP * 3]; // flat_first less the base
    int32_t spread_of_four;
};

/* out[c·x + k] = scale · Σ tap[x][i] · row[c·(first[x] + i) + k], i in turn. */
typedef void (*mface_resample_fn)(
    const struct mface_resample *resample, const float *row, float *out);

#endif
