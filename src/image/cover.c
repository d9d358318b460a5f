#include "image/cover_kernel.h"

#include <limits.h>
#include <math.h>

static bool cover_run(const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    bool any = false;
    for (int i = 0; i < run->n; i++) {
        mask[i] = cover_pixel(run, i, &r[i], &g[i], &b[i]);
        any |= mask[i] > 0;
    }
    return any;
}

void mface_cover_fill_c(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
}

/* One axis of a row: source positions in 1/1024 pixel, round(step · x · 1024) + start. */
struct axis {
    double step;
    int64_t start;
};

static int64_t position(struct axis axis, int x)
{
    return mface_grid_round(axis.step * x * (1 << MFACE_WARP_SUM_BITS)) + axis.start;
}

/* The first 0 ≤ x < w whose position is ≥ limit, else w. The step is > 0. A guess comes first, and
 * the positions themselves have the last word. */
static int first_at(struct axis axis, int64_t limit, int w)
{
    const double guess = (double)(limit - axis.start) / (axis.step * (1 << MFACE_WARP_SUM_BITS));
    int x = guess > 0 ? guess < w ? (int)guess : w : 0;
    while (x > 0 && position(axis, x - 1) >= limit)
        x--;
    while (x < w && position(axis, x) < limit)
        x++;
    return x;
}

/* The columns whose position is in low ≤ p < high. */
static struct mface_range columns_of(struct axis axis, int64_t low, int64_t high, int w)
{
    if (axis.step > 0)
        return (struct mface_range) { first_at(axis, low, w), first_at(axis, high, w) };
    if (axis.step < 0) {
        const struct axis mirrored = { -axis.step, -axis.start };
        return (
            struct mface_range) { first_at(mirrored, 1 - high, w), first_at(mirrored, 1 - low, w) };
    }
    const bool inside = low <= axis.start && axis.start < high;
    return (struct mface_range) { 0, inside ? w : 0 };
}

/* Bilinear taps are the pixel at or before a position and the next. */
static struct mface_range columns_reaching(const double *m, int y, int l, int r, int w)
{
    const struct axis axis = { m[0], mface_grid_row_start(m, y) };
    const int64_t one = (1 << MFACE_WARP_SUM_BITS);
    return columns_of(axis, (l - 1) * one, r * one, w);
}

struct mface_range mface_cover_columns(const struct mface_cover *cover, int y, int w)
{
    const double *m = cover->mask.to_src.m;
    const struct mface_rect reach = cover->reach;
    const struct mface_range a = columns_reaching(m, y, reach.l, reach.r, w);
    const struct mface_range b = columns_reaching(m + 3, y, reach.t, reach.b, w);
    return (struct mface_range) { a.l > b.l ? a.l : b.l, a.r < b.r ? a.r : b.r };
}

/* Whether offsets in an image fit the kernels' 32 bits. */
static bool is_small(const struct mface_image *image)
{
    return image->stride > 0 && image->w >= 2 && image->h >= 2 &&
           image->stride < INT_MAX / 2 / image->h;
}

static bool is_exact_in_u8(const struct mface_cover *cover)
{
    const double *m = cover->face.to_src.m;
    return cover->face.n_taps == 2 && cover->face.src.sample == MFACE_SAMPLE_U8 &&
           cover->mask.src.sample == MFACE_SAMPLE_U8 && is_small(&cover->face.src) &&
           is_small(&cover->mask.src) && fabs(m[0]) <= MFACE_COVER_STEP_MAX &&
           fabs(m[3]) <= MFACE_COVER_STEP_MAX;
}

bool mface_cover_init(struct mface_cover *cover, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect reach,
    const struct mface_affine *crop_to_picture, enum mface_interp interp)
{
    cover->reach = reach;
    cover->kernels = &mface_kernel_table()->strip;
    if (!mface_warp_init(&cover->face, face, crop_to_picture, interp) ||
        !mface_warp_init(&cover->mask, mask, crop_to_picture, MFACE_INTERP_BILINEAR))
        return false;
    cover->is_exact_in_u8 = is_exact_in_u8(cover);
    return true;
}

/* Leaves of the warped mask what counts. */
static bool cut_mask(float *mask, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++) {
        const float m = mask[i] < 1.0f ? mask[i] : 1.0f;
        mask[i] = mask[i] > MFACE_COVER_MASK_FLOOR ? m : 0.0f;
        any |= mask[i] > 0;
    }
    return any;
}

static bool run_by_warps(const struct mface_cover *cover, int y, int x, int n,
    float mask[MFACE_STRIP_W], float face[3][MFACE_STRIP_W])
{
    float bgr[3 * MFACE_STRIP_W];
    mface_warp_run(&cover->mask, y, x, n, MFACE_SAMPLE_F32, mask);
    if (!cut_mask(mask, n))
        return false;
    mface_warp_run(&cover->face, y, x, n, MFACE_SAMPLE_F32, bgr);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            face[k][i] = bgr[3 * i + 2 - k];
    return true;
}

bool mface_cover_run(const struct mface_cover *cover, int y, int x, int n,
    float mask[MFACE_STRIP_W], float face[3][MFACE_STRIP_W])
{
    if (!cover->is_exact_in_u8)
        return run_by_warps(cover, y, x, n, mask, face);
    const struct mface_image *from = &cover->face.src, *masked = &cover->mask.src;
    const double *m = cover->face.to_src.m;
    const struct mface_cover_run run = {
        .face = from->data,
        .mask = masked->data,
        .face_stride = (int)from->stride,
        .mask_stride = (int)masked->stride,
        .w = from->w,
        .h = from->h,
        .step_x = m[0],
        .step_y = m[3],
        .start_x = mface_grid_row_start(m, y),
        .start_y = mface_grid_row_start(m + 3, y),
        .x_first = x,
        .n = n,
    };
    return cover->kernels->cover_run(&run, mask, face[0], face[1], face[2]);
}
