/* One pixel of a cover in C: all of the C kernel, and in the others what lies at the crop's edge.
 */
#ifndef MFACE_IMAGE_COVER_KERNEL_H
#define MFACE_IMAGE_COVER_KERNEL_H

#include "image/cover.h"

/* Sums of bilinear weights are in 1/1024; this makes 255 of them 1. */
#define COVER_SCALE (1.0f / 255.0f / 1024.0f)

static inline int cover_sum(
    const uint8_t *at, ptrdiff_t stride, int step, int fx, int fy, const bool has[4])
{
    const int one = MFACE_WARP_GRID;
    return (one - fy) * ((has[0] ? (one - fx) * at[0] : 0) + (has[1] ? fx * at[step] : 0)) +
           fy * ((has[2] ? (one - fx) * at[stride] : 0) + (has[3] ? fx * at[stride + step] : 0));
}

static inline float cover_cut(float mask)
{
    const float most = mask < 1.0f ? mask : 1.0f;
    return mask > MFACE_COVER_MASK_FLOOR ? most : 0.0f;
}

/* Returns the mask of pixel x_first + i; the face is written when that is not 0. */
static inline float cover_pixel(
    const struct mface_cover_run *run, int i, float *r, float *g, float *b)
{
    const int x_at = run->x_first + i;
    const int64_t gx = mface_grid_at(run->step_x, x_at, run->start_x);
    const int64_t gy = mface_grid_at(run->step_y, x_at, run->start_y);
    const int64_t x = gx >> MFACE_WARP_GRID_BITS, y = gy >> MFACE_WARP_GRID_BITS;
    if (x < -1 || y < -1 || x >= run->w || y >= run->h)
        return 0.0f;
    const int fx = gx & (MFACE_WARP_GRID - 1), fy = gy & (MFACE_WARP_GRID - 1);
    const bool left = x >= 0, right = x + 1 < run->w, above = y >= 0, below = y + 1 < run->h;
    const bool has[4] = { left && above, right && above, left && below, right && below };
    const int sum =
        cover_sum(run->mask + y * run->mask_stride + x, run->mask_stride, 1, fx, fy, has);
    const float mask = cover_cut((float)sum * COVER_SCALE);
    const uint8_t *face = run->face + y * run->face_stride + 3 * x;
    if (mask > 0.0f) {
        *r = (float)cover_sum(face + 2, run->face_stride, 3, fx, fy, has) * COVER_SCALE;
        *g = (float)cover_sum(face + 1, run->face_stride, 3, fx, fy, has) * COVER_SCALE;
        *b = (float)cover_sum(face, run->face_stride, 3, fx, fy, has) * COVER_SCALE;
    }
    return mask;
}

#endif
