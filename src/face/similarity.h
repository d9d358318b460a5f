/* The similarity that takes one set of points nearest to another. */
#ifndef MFACE_FACE_SIMILARITY_H
#define MFACE_FACE_SIMILARITY_H

#include "image/affine.h"

/* Least squares over n ≥ 1 pairs (Umeyama 1991, doi:10.1109/34.88573). In two dimensions, with
 * points as complex numbers about their means, the best rotation and scale is
 * z = Σ conj(s)·d / Σ |s|², which is Umeyama's result with reflections ruled out. False when the
 * points say nothing: all in one place, or not numbers. */
bool mface_similarity_fit(
    const struct mface_point *src, const struct mface_point *dst, int n, struct mface_affine *out);

/* Root of the mean squared distance between out(src) and dst. */
double mface_similarity_residual(const struct mface_point *src, const struct mface_point *dst,
    int n, const struct mface_affine *map);

/* The points' centre, and the root of their mean squared distance from it. */
struct mface_cloud {
    double x, y, radius;
};
struct mface_cloud mface_cloud_of(const struct mface_point *p, int n);

#endif
