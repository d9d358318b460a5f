/* Gaussian blur row by row: what blurring and sharpening share (gaussian.c). */
#ifndef MFACE_IMAGE_BLUR_H
#define MFACE_IMAGE_BLUR_H

#include "image/kernel_table.h"
#include "image/kernels.h"

struct mface_blur {
    const struct mface_kernel_table *kernels;
    const struct mface_image *src;
    enum mface_border border;
    bool unit; // U8 counts as 0..1, not 0..255
    int radius;
    int n_done;       // source rows blurred along themselves so far
    int n_kept;       // of which the ring keeps the last
    size_t pitch;     // floats from one row of the ring to the next
    float *memory;    // all of the following
    float *taps;      // radius + 1: the centre and one side
    int n_rows;       // source rows kept
    size_t row_pitch; // floats from one of them to the next
    float *rows;      // row y at y modulo n_rows, each between margins
    float *ring;      // row y at y modulo n_kept
    float *zeros;     // a row of them
    float *out;       // the finished row
    const float **at; // 2·radius + 1 rows around the one to be made
};

/* Prepares blurring `src`. MFACE_ERR_NOMEM; release with mface_blur_clear() in either case. */
MFACE_NODISCARD enum mface_status mface_blur_init(struct mface_blur *blur,
    const struct mface_image *src, double sigma, enum mface_border border, bool unit);
void mface_blur_clear(struct mface_blur *blur);

/* Blurs row y into `out` (w·c floats), or into memory of its own if that is NULL; returns where. To
 * be called with y = 0, 1, … in turn; rows of the source up to y - 1 may have been overwritten. */
const float *mface_blur_row(struct mface_blur *blur, int y, float *out);

/* Row y of the source as floats, from mface_blur_row() of y on until that of y + 1. */
const float *mface_blur_source(const struct mface_blur *blur, int y);

#endif
