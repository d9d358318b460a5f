/* The interpolation kernels as plain functions of distance, written apart from the library's. */
#ifndef MFACE_TEST_FORMULA_H
#define MFACE_TEST_FORMULA_H

#include "image/kernels.h"

#include <math.h>

static inline double kernel_at(enum mface_interp interp, double d)
{
    d = fabs(d);
    if (interp == MFACE_INTERP_BILINEAR)
        return d < 1 ? 1 - d : 0;
    if (interp == MFACE_INTERP_BICUBIC)
        return d < 1   ? 1.25 * d * d * d - 2.25 * d * d + 1
               : d < 2 ? -0.75 * d * d * d + 3.75 * d * d - 6 * d + 3
                       : 0;
    if (d < 1e-9)
        return 1;
    return d < 4 ? sin(M_PI * d) / (M_PI * d) * sin(M_PI * d / 4) / (M_PI * d / 4) : 0;
}

#endif
