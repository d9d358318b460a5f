/* 2×3 affine matrices over pixel or unit coordinates. Pure functions. */
#ifndef MFACE_IMAGE_AFFINE_H
#define MFACE_IMAGE_AFFINE_H

#include <stdbool.h>

struct mface_point {
    float x, y;
};

/* x' = m[0] x + m[1] y + m[2];  y' = m[3] x + m[4] y + m[5] */
struct mface_affine {
    double m[6];
};

struct mface_point mface_affine_apply(const struct mface_affine *mat, struct mface_point p);

/* False, with *out untouched, when the matrix is singular. */
bool mface_affine_invert(const struct mface_affine *mat, struct mface_affine *out);

/* The map that applies `first`, then `second`. */
struct mface_affine mface_affine_then(
    const struct mface_affine *first, const struct mface_affine *second);

/* The map that takes src[i] to dst[i]; false when the three source points lie on a line. */
bool mface_affine_from_points(
    const struct mface_point src[3], const struct mface_point dst[3], struct mface_affine *out);

#endif
