/* 2×3 affine matrices. A matrix is inverted in closed form with the reciprocal of its determinant,
 * and found from three point pairs by composing "unit triangle to destination" with the inverse of
 * "unit triangle to source". */
#include "image/affine.h"

#include <math.h>

struct mface_point mface_affine_apply(const struct mface_affine *mat, struct mface_point p)
{
    const double *m = mat->m;
    return (struct mface_point) {
        .x = (float)(m[0] * p.x + m[1] * p.y + m[2]),
        .y = (float)(m[3] * p.x + m[4] * p.y + m[5]),
    };
}

bool mface_affine_invert(const struct mface_affine *mat, struct mface_affine *out)
{
    const double *m = mat->m;
    const double scale = 1.0 / (m[0] * m[4] - m[1] * m[3]);
    if (!isfinite(scale))
        return false;
    const double a = m[4] * scale, b = -m[1] * scale, d = -m[3] * scale, e = m[0] * scale;
    *out = (struct mface_affine) {
        .m = { a, b, -a * m[2] - b * m[5], d, e, -d * m[2] - e * m[5] },
    };
    return true;
}

struct mface_affine mface_affine_then(
    const struct mface_affine *first, const struct mface_affine *second)
{
    const double *f = first->m, *s = second->m;
    return (struct mface_affine) {
        .m = { s[0] * f[0] + s[1] * f[3], s[0] * f[1] + s[1] * f[4],
            s[0] * f[2] + s[1] * f[5] + s[2], s[3] * f[0] + s[4] * f[3], s[3] * f[1] + s[4] * f[4],
            s[3] * f[2] + s[4] * f[5] + s[5] },
    };
}

/* Takes (0,0), (1,0), (0,1) to the three points. */
static struct mface_affine from_unit_triangle(const struct mface_point p[3])
{
    const double x = p[0].x, y = p[0].y;
    return (struct mface_affine) {
        .m = { p[1].x - x, p[2].x - x, x, p[1].y - y, p[2].y - y, y },
    };
}

bool mface_affine_from_points(
    const struct mface_point src[3], const struct mface_point dst[3], struct mface_affine *out)
{
    const struct mface_affine to_src = from_unit_triangle(src), to_dst = from_unit_triangle(dst);
    struct mface_affine from_src;
    if (!mface_affine_invert(&to_src, &from_src))
        return false;
    *out = mface_affine_then(&from_src, &to_dst);
    return true;
}
