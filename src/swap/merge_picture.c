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
    struct mface_rect at;                             // what the face can reach, in the picture
    struct mface_range touched_columns, touched_rows; // so far
};

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* What of a strip the face and its mask cover. */
struct covered {
    _Alignas(64) float face[MFACE_STRIP_H][3][MFACE_STRIP_W];
    _Alignas(64) float mask[MFACE_STRIP_H][MFACE_STRIP_W];
};

/* Clears the mask beyond l ≤ x < r of w and narrows `set`. */
static struct mface_range clip_mask(float *mask, int l, int r, int w, struct mface_range set)
{
    for (int x = 0; x < l; x++)
        mask[x] = 0;
    for (int x = r; x < w; x++)
        mask[x] = 0;
    while (set.l < set.r && !(mask[set.l] > 0))
        set.l++;
    while (set.r > set.l && !(mask[set.r - 1] > 0))
        set.r--;
    return set;
}

/* Fills in the mask of row j and the face; returns the columns that have a mask. Only pixels of
 * `at` count, for the strip may reach beyond it by a part of a chroma sample. */
static struct mface_range cover_row(
    const struct painter *painter, const struct mface_strip *strip, int j, struct covered *covered)
{
    const struct mface_rect at = painter->at;
    const int y = strip->y + j, l = at.l - strip->x, n = min_int(strip->w, at.r - strip->x);
    float *mask = covered->mask[j];
    if (y < at.t || y >= at.b)
        return (struct mface_range) { 0 };
    const struct mface_range set =
        mface_cover_run(&painter->cover, y - at.t, strip->x - at.l, n, mask, covered->face[j]);
    return l <= 0 && n == strip->w ? set : clip_mask(mask, l, n, strip->w, set);
}

static void widen(struct mface_range *range, int l, int r)
{
    range->l = min_int(range->l, l);
    range->r = max_int(range->r, r);
}

/* Covers the strip's rows; returns the columns that any of them reaches. */
static struct mface_range cover_strip(
    struct painter *painter, struct mface_strip *strip, struct covered *covered)
{
    struct mface_range all = { strip->w, 0 };
    for (int j = 0; j < strip->h; j++) {
        const struct mface_range set = cover_row(painter, strip, j, covered);
        const bool any = set.l < set.r;
        strip->mask[j] = any ? covered->mask[j] : NULL;
        for (int k = 0; k < 3; k++)
            strip->face[j][k] = covered->face[j][k];
        if (!any)
            continue;
        widen(&all, set.l, set.r);
        widen(&painter->touched_rows, strip->y + j, strip->y + j + 1);
    }
    return all;
}

static void paint_strip(struct painter *painter, struct mface_strip *strip)
{
    struct covered covered;
    const struct mface_range set = cover_strip(painter, strip, &covered);
    if (set.l >= set.r)
        return;
    widen(&painter->touched_columns, strip->x + set.l, strip->x + set.r);
    mface_strip_narrow(&painter->strips, strip, set);
    mface_strip_mix(&painter->strips, &painter->blend, strip);
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
    const struct mface_range below = { rows.r, min_int(2 * rows.r - rows.l, painter->at.b) };
    struct mface_strip strip;
    if (reached.l >= reached.r)
        return;
    const struct mface_range columns = mface_strip_columns(&painter->strips, reached);
    mface_strip_prefetch(&painter->strips, columns, below);
    for (int x = columns.l, end; x < columns.r; x = end) {
        end = mface_strip_end(&painter->strips, x, columns.r);
        strip.x = x;
        strip.w = end - x;
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
        .touched_columns = { rect.r, rect.l },
        .touched_rows = { rect.b, rect.t },
    };
    if (!mface_cover_init(
            &painter.cover, face, mask, nonzero, &to_part, params->interp, at.r - at.l, room))
        return none;
    mface_strip_picture_init(&painter.strips, picture);
    paint(&painter);
    const struct mface_range columns = painter.touched_columns, rows = painter.touched_rows;
    return columns.l < columns.r ? (struct mface_rect) { columns.l, rows.l, columns.r, rows.r }
                                 : none;
}
