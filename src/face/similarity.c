/* Sums are in double and in the points' order, so equal points give equal results. */
#include "face/similarity.h"

#include <math.h>

struct mean {
    double x, y;
};

static struct mean mean_of(const struct mface_point *p, int n)
{
    struct mean mean = { 0 };
    for (int i = 0; i < n; i++) {
        mean.x += p[i].x;
        mean.y += p[i].y;
    }
    return (struct mean) { mean.x / n, mean.y / n };
}

bool mface_similarity_fit(
    const struct mface_point *src, const struct mface_point *dst, int n, struct mface_affine *out)
{
    const struct mean s = mean_of(src, n), d = mean_of(dst, n);
    double re = 0, im = 0, spread = 0;
    for (int i = 0; i < n; i++) {
        const double sx = src[i].x - s.x, sy = src[i].y - s.y;
        const double dx = dst[i].x - d.x, dy = dst[i].y - d.y;
        re += sx * dx + sy * dy;
        im += sx * dy - sy * dx;
        spread += sx * sx + sy * sy;
    }
    re /= spread;
    im /= spread;
    if (!isfinite(re) || !isfinite(im) || re * re + im * im == 0)
        return false;
    *out = (struct mface_affine) {
        .m = { re, -im, d.x - re * s.x + im * s.y, im, re, d.y - im * s.x - re * s.y },
    };
    return true;
}

double mface_similarity_residual(const struct mface_point *src, const struct mface_point *dst,
    int n, const struct mface_affine *map)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const struct mface_point p = mface_affine_apply(map, src[i]);
        const double dx = p.x - dst[i].x, dy = p.y - dst[i].y;
        sum += dx * dx + dy * dy;
    }
    return sqrt(sum / n);
}

struct mface_cloud mface_cloud_of(const struct mface_point *p, int n)
{
    const struct mean mean = mean_of(p, n);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double dx = p[i].x - mean.x, dy = p[i].y - mean.y;
        sum += dx * dx + dy * dy;
    }
    return (struct mface_cloud) { mean.x, mean.y, sqrt(sum / n) };
}
