/* Merging straight into a picture, strip by strip: the face and mask are warped, the picture's
 * samples read, blended and written back while all of it lies in the first-level cache. What comes
 * out is, bit for bit, what reading the region, mface_merge_face() and writing the region give. */
#include "image/cover.h"
#include "swap/merge_reach.h"

#include <assert.h>

struct painter {
    struct mface_strip_picture strips;
    struct mface_cover cover;
    struct mface_blend blend;
    struct mface_rect at;      // what the face can reach, in the picture
    struct mface_rect touched; // so far
};

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* Widens what was touched by what row y of the strip writes. */
static void note_row(struct painter *painter, const struct mface_strip *strip, int j)
{
    struct mface_rect *touched = &painter->touched;
    int l = 0, r = strip->w;
    if (strip->x < touched->l) {
        while (!(strip->mask[j][l] > 0))
            l++;
        touched->l = min_int(touched->l, strip->x + l);
    }
    if (strip->x + r > touched->r) {
        while (!(strip->mask[j][r - 1] > 0))
            r--;
        touched->r = max_int(touched->r, strip->x + r);
    }
    touched->t = min_int(touched->t, strip->y + j);
    touched->b = max_int(touched->b, strip->y + j + 1);
}

/* Clears the mask beyond l ≤ x < r; false when nothing is left of it. */
static bool clip_mask(float *mask, int l, int r, int w)
{
    bool any = false;
    for (int x = 0; x < w; x++) {
        mask[x] = x >= l && x < r ? mask[x] : 0;
        any |= mask[x] > 0;
    }
    return any;
}

/* Fills in the mask of row j; false when the face is not there. Only pixels of `at` count, for the
 * strip may reach beyond it by a part of a chroma sample. */
static bool cover_row(
    const struct painter *painter, struct mface_strip *strip, int j, float face[3][MFACE_STRIP_W])
{
    const struct mface_rect at = painter->at;
    const int y = strip->y + j, l = at.l - strip->x, r = at.r - strip->x;
    const int n = min_int(strip->w, r);
    float *mask = strip->mask[j];
    if (y < at.t || y >= at.b)
        return false;
    const struct mface_range set =
        mface_cover_run(&painter->cover, y - at.t, strip->x - at.l, n, mask, face);
    if (set.l >= set.r)
        return false;
    return l <= 0 && n == strip->w ? true : clip_mask(mask, l, n, strip->w);
}

static void paint_strip(struct painter *painter, struct mface_strip *strip)
{
    const struct mface_strip_kernels *kernels = painter->strips.kernels;
    float face[3][MFACE_STRIP_W];
    for (int j = 0; j < strip->h; j++) {
        strip->is_set[j] = cover_row(painter, strip, j, face);
        if (!strip->is_set[j])
            continue;
        mface_strip_load(&painter->strips, strip, j);
        for (int k = 0; k < 3; k++)
            kernels->blend(&painter->blend, strip->w, strip->v[j][k], face[k], strip->mask[j]);
        note_row(painter, strip, j);
    }
    mface_strip_store(&painter->strips, strip);
}

/* The columns of `at` that any of the rows reaches, in the picture. */
static struct mface_range columns_of_rows(const struct painter *painter, struct mface_range rows)
{
    const struct mface_rect at = painter->at;
    struct mface_range columns = { at.r, at.l };
    for (int y = max_int(rows.l, at.t); y < min_int(rows.r, at.b); y++) {
        const struct mface_range row = mface_cover_columns(&painter->cover, y - at.t, at.r - at.l);
        if (row.l >= row.r)
            continue;
        columns.l = min_int(columns.l, at.l + row.l);
        columns.r = max_int(columns.r, at.l + row.r);
    }
    return columns;
}

static void paint_rows(struct painter *painter, struct mface_range rows)
{
    const struct mface_range reached = columns_of_rows(painter, rows);
    struct mface_strip strip;
    if (reached.l >= reached.r)
        return;
    const struct mface_range columns = mface_strip_columns(&painter->strips, reached);
    for (int x = columns.l; x < columns.r; x += strip.w) {
        strip.x = x;
        strip.w = mface_strip_end(&painter->strips, x, columns.r) - x;
        strip.y = rows.l;
        strip.h = rows.r - rows.l;
        paint_strip(painter, &strip);
    }
}

static void paint(struct painter *painter)
{
    const struct mface_rect at = painter->at;
    for (int y = at.t; y < at.b;) {
        const struct mface_range rows =
            mface_strip_rows(&painter->strips, (struct mface_range) { y, y + 1 });
        paint_rows(painter, rows);
        y = rows.r;
    }
}

size_t mface_merge_room_bytes(int crop_w, int crop_h, int picture_w)
{
    return mface_cover_room_bytes(crop_w, crop_h, picture_w);
}

struct mface_rect mface_merge_picture(const struct mface_merge_params *params,
    const struct mface_affine *crop_to_frame, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect rect, void *room,
    const struct mface_picture *picture)
{
    assert(!params->compress_frame && face->w == mask->w && face->h == mask->h);
    const struct mface_rect nonzero = mface_merge_nonzero(mask), none = { 0 };
    if (mface_rect_is_empty(rect) || mface_rect_is_empty(nonzero) || !(params->opacity > 0.0))
        return none;
    const struct mface_rect at = mface_merge_reached(crop_to_frame, nonzero, rect);
    if (mface_rect_is_empty(at))
        return none;
    struct mface_affine to_part = *crop_to_frame;
    to_part.m[2] -= rect.l + at.l;
    to_part.m[5] -= rect.t + at.t;
    struct painter painter = {
        .blend = { (float)params->opacity, mface_merge_steps(params->color_compression) },
        .at = { rect.l + at.l, rect.t + at.t, rect.l + at.r, rect.t + at.b },
        .touched = { rect.r, rect.b, rect.l, rect.t },
    };
    if (!mface_cover_init(
            &painter.cover, face, mask, nonzero, &to_part, params->interp, at.r - at.l, room))
        return none;
    mface_strip_picture_init(&painter.strips, picture);
    paint(&painter);
    return painter.touched.l < painter.touched.r ? painter.touched : none;
}
