/* DFM models with the option `c` take x·cos x after every convolution, tens of millions of cosines
 * a face; the C library's takes one number at a time. This one is straight arithmetic that
 * compilers turn into vectors:
 *
 *   x = k·π + r, |r| ≤ π/2      k by adding and taking away 1.5·2^52, which rounds to an integer
 *   cos x = (-1)^k · cos r      cos r by its series to r^14, whose error is below 1e-10
 *
 * in double, which holds x - k·π to better than a float's precision as long as x is not huge;
 * runs with a huge or undefined number in them are left to the C library. */
#include "onnx/ops/cosine.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { RUN = 256 };

static const float x_max = 1e6f;

static bool all_moderate(int64_t n, const float *x)
{
    int n_moderate = 0;
    for (int64_t i = 0; i < n; i++)
        n_moderate += fabsf(x[i]) <= x_max;
    return n_moderate == n;
}

static inline float cosine(float x)
{
    const double to_integer = 0x1.8p52;
    const double shifted = x * 0.31830988618379067154 + to_integer; // x / π
    const double k = shifted - to_integer;
    const double r = x - k * 3.14159265358979323846, s = r * r;
    double sum = -1.0 / 87178291200; // -1/14!
    sum = sum * s + 1.0 / 479001600;
    sum = sum * s - 1.0 / 3628800;
    sum = sum * s + 1.0 / 40320;
    sum = sum * s - 1.0 / 720;
    sum = sum * s + 1.0 / 24;
    sum = sum * s - 1.0 / 2;
    sum = sum * s + 1.0;
    uint64_t odd, bits; // k's parity is the last bit of the shifted number, and turns the sign
    memcpy(&odd, &shifted, sizeof odd);
    memcpy(&bits, &sum, sizeof bits);
    bits ^= odd << 63;
    memcpy(&sum, &bits, sizeof sum);
    return (float)sum;
}

static void cos_run(int64_t n, const float *x, float *y)
{
    if (all_moderate(n, x))
        for (int64_t i = 0; i < n; i++)
            y[i] = cosine(x[i]);
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = cosf(x[i]);
}

void mface_cos_f32(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i += RUN)
        cos_run(n - i < RUN ? n - i : RUN, x + i, y + i);
}
