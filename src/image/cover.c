#include "image/cover.h"

#include "base/mem.h"
#include "image/grid.h"

#include <math.h>
#include <string.h>

enum {
    BORDER = 2,      // of quads before what the mask reaches: zeros, and those that reach into it
    LEAD = 4,        // columns before the first
    TAIL = 16,       // and after the last, for vectors
    PIXEL_BYTES = 4, // of a quad, and of a pixel with its mask
};

/* Sums of a column's and a row's share of a position fit 32 bits: no column adds more than this
 * many pixels, and a row that begins twice as far off meets no crop. */
enum { SPAN_MAX_PX = 1 << 19, ROW_MAX = 1 << 30 };

static int clamp_int(int i, int low, int high)
{
    return i < low ? low : i > high ? high : i;
}

static float sum_quad(const uint8_t *quad, int fx, int fy)
{
    const int one = MFACE_WARP_GRID;
    const int above = (one - fx) * quad[0] + fx * quad[1];
    const int below = (one - fx) * quad[2] + fx * quad[3];
    return (float)((one - fy) * above + fy * below) * MFACE_COVER_SCALE;
}

static float cut_mask(float mask)
{
    const float most = mask < 1.0f ? mask : 1.0f;
    return mask > MFACE_COVER_MASK_FLOOR ? most : 0.0f;
}

static struct mface_range set_range(const float *mask, int n)
{
    struct mface_range set = { 0, n };
    while (set.l < n && !(mask[set.l] > 0))
        set.l++;
    while (set.r > set.l && !(mask[set.r - 1] > 0))
        set.r--;
    return set;
}

static struct mface_range cover_run(
    const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    const int to_grid = MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS, part = MFACE_WARP_GRID - 1;
    for (int i = 0; i < run->n; i++) {
        const int gx = (run->dx[i] + run->x0) >> to_grid, gy = (run->dy[i] + run->y0) >> to_grid;
        const int x = clamp_int(gx >> MFACE_WARP_GRID_BITS, 0, run->w - 1);
        const int y = clamp_int(gy >> MFACE_WARP_GRID_BITS, 0, run->h - 1);
        const uint8_t *at = run->quads + 4 * (ptrdiff_t)y * run->plane + x * PIXEL_BYTES;
        b[i] = sum_quad(at, gx & part, gy & part);
        g[i] = sum_quad(at + run->plane, gx & part, gy & part);
        r[i] = sum_quad(at + 2 * run->plane, gx & part, gy & part);
        mask[i] = cut_mask(sum_quad(at + 3 * run->plane, gx & part, gy & part));
    }
    return set_range(mask, run->n);
}

static void pack_crop(const uint8_t *bgr, const uint8_t *mask, int n, uint8_t *out)
{
    for (int i = 0; i < n; i++) {
        memcpy(out + PIXEL_BYTES * i, bgr + 3 * i, 3);
        out[PIXEL_BYTES * i + 3] = mask[i];
    }
}

static void pack_quads(const uint8_t *upper, const uint8_t *lower, int n, uint8_t *out, int plane)
{
    for (int i = 0; i < PIXEL_BYTES * n; i += PIXEL_BYTES)
        for (int k = 0; k < 4; k++) {
            uint8_t *quad = out + (ptrdiff_t)k * plane + i;
            quad[0] = upper[i + k];
            quad[1] = upper[i + k + PIXEL_BYTES];
            quad[2] = lower[i + k];
            quad[3] = lower[i + k + PIXEL_BYTES];
        }
}

void mface_cover_fill_c(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
    table->strip.pack_crop = pack_crop;
    table->strip.pack_quads = pack_quads;
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

/* Quads of what the mask reaches, and one more on each side whose mask is 0. */
static int n_quads(int n_reached)
{
    return n_reached + 1 + BORDER;
}

static size_t quads_bytes(int w, int h)
{
    return ((size_t)4 * (size_t)n_quads(w) * (size_t)n_quads(h) + MFACE_COVER_SLACK_PX) *
           PIXEL_BYTES;
}

static size_t row_bytes(int w)
{
    return (size_t)(n_quads(w) + 1) * PIXEL_BYTES;
}

static int axis_length(int n_columns)
{
    return LEAD + n_columns + TAIL;
}

size_t mface_cover_room_bytes(int w, int h, int picture_w)
{
    return quads_bytes(w, h) + 2 * row_bytes(w) +
           2 * (size_t)axis_length(picture_w) * sizeof(int32_t);
}

/* The n pixels of the crop from l, y on with their mask, zeros where there are none. */
static void pack_row(const struct mface_cover *cover, int l, int y, int n, uint8_t *out)
{
    const struct mface_image *face = &cover->face.src, *mask = &cover->mask.src;
    const int first = clamp_int(-l, 0, n), end = clamp_int(face->w - l, first, n);
    const bool is_inside = y >= 0 && y < face->h;
    memset(out, 0, (size_t)(is_inside ? first : n) * PIXEL_BYTES);
    if (!is_inside)
        return;
    cover->kernels->pack_crop(mface_image_row_u8(face, y) + 3 * (l + first),
        mface_image_row_u8(mask, y) + l + first, end - first, out + first * PIXEL_BYTES);
    memset(out + end * PIXEL_BYTES, 0, (size_t)(n - end) * PIXEL_BYTES);
}

/* Quads whose taps reach no pixel of the mask: the first and the last row and column. */
static void clear_borders(const struct mface_cover_run *packed, uint8_t *quads)
{
    const size_t row = 4 * (size_t)packed->plane;
    memset(quads, 0, row);
    memset(quads + (size_t)(packed->h - 1) * row, 0, row);
    for (uint8_t *at = quads + row; at < quads + (size_t)(packed->h - 1) * row;
         at += packed->plane) {
        memset(at, 0, PIXEL_BYTES);
        memset(at + packed->plane - PIXEL_BYTES, 0, PIXEL_BYTES);
    }
}

/* Returns where the rest of the room begins. */
static void *pack(struct mface_cover *cover, uint8_t *room)
{
    const struct mface_rect reach = cover->reach;
    const int w = reach.r - reach.l, h = reach.b - reach.t;
    struct mface_cover_run *packed = &cover->packed;
    *packed = (struct mface_cover_run) {
        .quads = room, .plane = n_quads(w) * PIXEL_BYTES, .w = n_quads(w), .h = n_quads(h)
    };
    uint8_t *const rows = room + quads_bytes(w, h);
    for (int y = 0; y <= h + 1; y++) { // rows of the crop from the one before those reached on
        uint8_t *row = rows + (size_t)(y & 1) * row_bytes(w);
        const uint8_t *before = rows + (size_t)(~y & 1) * row_bytes(w);
        pack_row(cover, reach.l - 1, reach.t - 1 + y, w + 2, row);
        if (y > 0)
            cover->kernels->pack_quads(before, row, w + 1,
                room + (ptrdiff_t)4 * y * packed->plane + PIXEL_BYTES, packed->plane);
    }
    clear_borders(packed, room);
    return rows + 2 * row_bytes(w);
}

/* What the columns from LEAD before the first on add to a position. */
static const int32_t *fill_axis(double step, int n, int32_t *out)
{
    const struct axis axis = { step, 0 };
    for (int i = 0; i < n; i++)
        out[i] = (int32_t)position(axis, i - LEAD);
    return out + LEAD;
}

/* Packing takes as long as covering a fraction of as many pixels: a face that is small in the
 * picture is warped from where it is. */
enum { SHRINK_MAX = 8 };

static bool can_pack(const struct mface_cover *cover, int n_columns)
{
    const double *m = cover->face.to_src.m;
    const double n = axis_length(n_columns);
    return cover->face.n_taps == 2 && cover->face.src.sample == MFACE_SAMPLE_U8 &&
           cover->mask.src.sample == MFACE_SAMPLE_U8 && fabs(m[0]) * n <= SPAN_MAX_PX &&
           fabs(m[3]) * n <= SPAN_MAX_PX && fabs(m[0] * m[4] - m[1] * m[3]) <= SHRINK_MAX;
}

bool mface_cover_init(struct mface_cover *cover, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect reach,
    const struct mface_affine *crop_to_picture, enum mface_interp interp, int n_columns, void *room)
{
    cover->reach = reach;
    cover->kernels = &mface_kernel_table()->strip;
    if (!mface_warp_init(&cover->face, face, crop_to_picture, interp) ||
        !mface_warp_init(&cover->mask, mask, crop_to_picture, MFACE_INTERP_BILINEAR))
        return false;
    cover->is_packed = can_pack(cover, n_columns);
    if (cover->is_packed) {
        const double *m = cover->face.to_src.m;
        const int n = axis_length(n_columns);
        int32_t *axes = pack(cover, room);
        cover->packed.dx = fill_axis(m[0], n, axes);
        cover->packed.dy = fill_axis(m[3], n, axes + n);
    }
    return true;
}

static struct mface_range run_by_warps(const struct mface_cover *cover, int y, int x, int n,
    float mask[MFACE_STRIP_W], float face[3][MFACE_STRIP_W])
{
    float bgr[3 * MFACE_STRIP_W];
    mface_warp_run(&cover->mask, y, x, n, MFACE_SAMPLE_F32, mask);
    for (int i = 0; i < n; i++)
        mask[i] = cut_mask(mask[i]);
    const struct mface_range set = set_range(mask, n);
    if (set.l >= set.r)
        return set;
    mface_warp_run(&cover->face, y, x, n, MFACE_SAMPLE_F32, bgr);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            face[k][i] = bgr[3 * i + 2 - k];
    return set;
}

/* Where row y begins on one axis of the packed crop, whose first pixel is `from` of the crop's. */
static int32_t row_start(const double *m, int y, int from)
{
    const int64_t at = mface_grid_row_start(m, y) - (int64_t)from * (1 << MFACE_WARP_SUM_BITS);
    return (int32_t)(at > -ROW_MAX ? at < ROW_MAX ? at : ROW_MAX : -ROW_MAX);
}

struct mface_range mface_cover_run(const struct mface_cover *cover, int y, int x, int n,
    float mask[MFACE_STRIP_W], float face[3][MFACE_STRIP_W])
{
    if (!cover->is_packed)
        return run_by_warps(cover, y, x, n, mask, face);
    const double *m = cover->face.to_src.m;
    struct mface_cover_run run = cover->packed;
    run.dx += x;
    run.dy += x;
    run.x0 = row_start(m, y, cover->reach.l - BORDER);
    run.y0 = row_start(m + 3, y, cover->reach.t - BORDER);
    run.n = n;
    // cppcheck-suppress returnDanglingLifetime ; a range holds no pointer
    return cover->kernels->cover_run(&run, mask, face[0], face[1], face[2]);
}
