/* Positions on the grid of 1/32 source pixel that warps sample at. */
#ifndef MFACE_IMAGE_GRID_H
#define MFACE_IMAGE_GRID_H

#include "image/warp.h"

#include <stdint.h>

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
    const int one = 1 << MFACE_WARP_SUM_BITS;
    return mface_grid_round((m[1] * y + m[2]) * one) + one / MFACE_WARP_GRID / 2;
}

/* A source coordinate in 1/32 pixel; it never decreases, or never increases, with x. */
static inline int64_t mface_grid_at(double step, int x, int64_t row_start)
{
    return (mface_grid_round(step * x * (1 << MFACE_WARP_SUM_BITS)) + row_start) >>
           (MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS);
}

#endif
