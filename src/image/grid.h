/* Positions on the grid of 1/32 source pixel that warps sample at: what OpenCV's warpAffine does
 * (imgwarp.cpp: 10 fractional bits for the sums, 5 for the weights). */
#ifndef MFACE_IMAGE_GRID_H
#define MFACE_IMAGE_GRID_H

#include <stdint.h>

enum {
    MFACE_GRID = 32,
    MFACE_GRID_BITS = 5,
    MFACE_GRID_SUM_BITS = 10,
    MFACE_GRID_SUM_ONE = 1 << MFACE_GRID_SUM_BITS,
};

/* Nearest integer, ties to even, of a value cut to what 40 bits hold. The constant is 1.5·2^52:
 * adding it leaves no bits for a fraction. */
static inline int64_t mface_grid_round(double value)
{
    const double limit = 1099511627776.0, shift = 6755399441055744.0;
    value = value < limit ? value : limit;
    value = value > -limit ? value : -limit;
    return (int64_t)((value + shift) - shift);
}

/* Where row y begins, from one line of the matrix that leads back to the source. */
static inline int64_t mface_grid_row_start(const double *m, int y)
{
    return mface_grid_round((m[1] * y + m[2]) * MFACE_GRID_SUM_ONE) +
           MFACE_GRID_SUM_ONE / MFACE_GRID / 2;
}

/* A source coordinate in 1/32 pixel; it never decreases, or never increases, with x. */
static inline int64_t mface_grid_at(double step, int x, int64_t row_start)
{
    return (mface_grid_round(step * x * MFACE_GRID_SUM_ONE) + row_start) >>
           (MFACE_GRID_SUM_BITS - MFACE_GRID_BITS);
}

#endif
