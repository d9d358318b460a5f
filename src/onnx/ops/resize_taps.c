#include "onnx/ops/resize_taps.h"

#include <math.h>

int mface_resize_n_taps(enum mface_resize_mode mode)
{
    return mode == MFACE_RESIZE_NEAREST ? 1 : mode == MFACE_RESIZE_LINEAR ? 2 : 4;
}

/* Where output element `i` lies on the input, in elements. */
static double locate(const struct mface_resize_axis *axis, int64_t i)
{
    const double x = (double)i, n_in = (double)axis->n_in, n_out = (double)axis->n_out;
    const double half_pixel = (x + 0.5) / axis->scale - 0.5;
    switch (axis->coord) {
    case MFACE_RESIZE_PYTORCH_HALF_PIXEL:
        return axis->n_out > 1 ? half_pixel : 0;
    case MFACE_RESIZE_ALIGN_CORNERS:
        // The reference takes the output's length before it is rounded down to whole elements.
        return axis->n_out > 1 ? x * (n_in - 1) / (axis->scale * n_in - 1) : 0;
    case MFACE_RESIZE_ASYMMETRIC:
        return x / axis->scale;
    case MFACE_RESIZE_TF_HALF_PIXEL_FOR_NN:
        return (x + 0.5) / axis->scale;
    case MFACE_RESIZE_TF_CROP_AND_RESIZE: {
        const double first = axis->roi_start * (n_in - 1), last = axis->roi_end * (n_in - 1);
        return axis->n_out > 1 ? first + x * (last - first) / (n_out - 1) : (first + last) / 2;
    }
    case MFACE_RESIZE_HALF_PIXEL_SYMMETRIC:
        return half_pixel + n_in / 2 * (1 - n_out / (axis->scale * n_in));
    default:
        return half_pixel;
    }
}

static double round_nearest(enum mface_resize_round round, double x)
{
    switch (round) {
    case MFACE_RESIZE_ROUND_PREFER_CEIL:
        return floor(x + 0.5);
    case MFACE_RESIZE_FLOOR:
        return floor(x);
    case MFACE_RESIZE_CEIL:
        return ceil(x);
    default:
        return ceil(x - 0.5);
    }
}

/* Keys' cubic convolution at distance x. */
static double cubic(double a, double x)
{
    x = fabs(x);
    if (x <= 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

static double weigh(const struct mface_resize_axis *axis, double distance)
{
    switch (axis->mode) {
    case MFACE_RESIZE_LINEAR:
        return 1 - fabs(distance);
    case MFACE_RESIZE_CUBIC:
        return cubic(axis->cubic_a, distance);
    default:
        return 1;
    }
}

static void init_taps(
    const struct mface_resize_axis *axis, double x, struct mface_resize_taps *taps)
{
    const int n_taps = mface_resize_n_taps(axis->mode);
    const double last = (double)(axis->n_in - 1);
    const double first = axis->mode == MFACE_RESIZE_NEAREST ? round_nearest(axis->round, x)
                                                            : floor(x) - (n_taps / 2 - 1);
    double weight[MFACE_RESIZE_TAPS_MAX], sum = 0;
    for (int k = 0; k < n_taps; k++) {
        const double at = first + k;
        const bool excluded = axis->exclude_outside && (at < 0 || at > last);
        weight[k] = excluded ? 0 : weigh(axis, at - x);
        sum += weight[k];
        taps->index[k] = (int64_t)fmin(fmax(at, 0), last);
    }
    for (int k = 0; k < n_taps; k++)
        taps->weight[k] = (float)(axis->exclude_outside ? weight[k] / sum : weight[k]);
    taps->outside = axis->coord == MFACE_RESIZE_TF_CROP_AND_RESIZE && (x < 0 || x > last);
}

void mface_resize_taps_init(const struct mface_resize_axis *axis, struct mface_resize_taps *taps)
{
    for (int64_t i = 0; i < axis->n_out; i++)
        init_taps(axis, locate(axis, i), &taps[i]);
}
