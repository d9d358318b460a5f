/* Weights of the interpolation kernels, as OpenCV's imgwarp.cpp and resize.cpp define them. */
#include "image/interp.h"

#include <math.h>

int mface_interp_n_taps(enum mface_interp interp)
{
    switch (interp) {
    case MFACE_INTERP_BICUBIC:
        return 4;
    case MFACE_INTERP_LANCZOS4:
        return 8;
    default:
        return 2;
    }
}

static double cubic(double d)
{
    const double a = -0.75;
    d = fabs(d);
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static double lanczos4(double d)
{
    if (fabs(d) < 1e-9)
        return 1;
    const double x = M_PI * d;
    return 4 * sin(x) * sin(x / 4) / (x * x);
}

static double weight_at(enum mface_interp interp, double d)
{
    switch (interp) {
    case MFACE_INTERP_BICUBIC:
        return cubic(d);
    case MFACE_INTERP_LANCZOS4:
        return lanczos4(d);
    default:
        return 1 - fabs(d);
    }
}

void mface_interp_weights(enum mface_interp interp, double fraction, float weights[MFACE_TAPS_MAX])
{
    if (interp == MFACE_INTERP_BILINEAR) { // what follows, without the loops
        const double left = 1 - fraction, right = 1 - (1 - fraction);
        const double both = left + right;
        weights[0] = (float)(both == 1 ? left : left / both);
        weights[1] = (float)(both == 1 ? right : right / both);
        return;
    }
    const int n_taps = mface_interp_n_taps(interp);
    double exact[MFACE_TAPS_MAX], sum = 0;
    for (int i = 0; i < n_taps; i++)
        sum += exact[i] = weight_at(interp, i - (n_taps / 2 - 1) - fraction);
    for (int i = 0; i < n_taps; i++)
        weights[i] = (float)(exact[i] / sum);
}
