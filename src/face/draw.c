/* Everything is made of one primitive: a line of some width with round ends, blended by how far
 * each pixel's centre lies inside it, which is anti-aliasing enough. A dot is a line of no length;
 * digits are lines on a seven-segment figure. */
#include "face/draw.h"

#include <math.h>

struct ink {
    const struct mface_image *image;
    double width; // pixels
    uint8_t bgr[3];
};

static double distance_to_segment(double x, double y, struct mface_point a, struct mface_point b)
{
    const double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    double t = length2 > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / length2 : 0;
    t = fmin(fmax(t, 0), 1);
    return hypot(x - a.x - t * dx, y - a.y - t * dy);
}

static void blend(uint8_t *pixel, const uint8_t bgr[3], double alpha)
{
    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)(pixel[c] + (bgr[c] - pixel[c]) * alpha + 0.5);
}

/* The pixels from `low` to `high` that lie in 0..n-1. */
static void clip_range(double low, double high, int n, int *first, int *last)
{
    *first = (int)fmin(fmax(floor(low), 0), n);
    *last = (int)fmax(fmin(ceil(high), n - 1), -1);
}

static void draw_line(const struct ink *ink, struct mface_point a, struct mface_point b)
{
    const double half = ink->width / 2, reach = half + 1;
    int l, r, t, bottom;
    if (!isfinite(a.x) || !isfinite(a.y) || !isfinite(b.x) || !isfinite(b.y))
        return;
    clip_range(fmin(a.x, b.x) - reach, fmax(a.x, b.x) + reach, ink->image->w, &l, &r);
    clip_range(fmin(a.y, b.y) - reach, fmax(a.y, b.y) + reach, ink->image->h, &t, &bottom);
    for (int y = t; y <= bottom; y++) {
        uint8_t *row = mface_image_row_u8(ink->image, y);
        for (int x = l; x <= r; x++) {
            const double inside = half + 0.5 - distance_to_segment(x, y, a, b);
            if (inside > 0)
                blend(row + 3 * x, ink->bgr, fmin(inside, 1));
        }
    }
}

static void draw_polygon(const struct ink *ink, const struct mface_point *corners, int n)
{
    for (int i = 0; i < n; i++)
        draw_line(ink, corners[i], corners[(i + 1) % n]);
}

/* Segments a to g, clockwise from the top and the middle last, as corners of a figure one wide and
 * two high. */
static void draw_digit(const struct ink *ink, int digit, struct mface_point at, double size)
{
    static const uint8_t lit[10] = { 0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f };
    static const uint8_t ends[7][4] = { { 0, 0, 1, 0 }, { 1, 0, 1, 1 }, { 1, 1, 1, 2 },
        { 0, 2, 1, 2 }, { 0, 1, 0, 2 }, { 0, 0, 0, 1 }, { 0, 1, 1, 1 } };
    for (int i = 0; i < 7; i++)
        if (lit[digit] >> i & 1)
            draw_line(ink,
                (struct mface_point) {
                    (float)(at.x + ends[i][0] * size), (float)(at.y + ends[i][1] * size) },
                (struct mface_point) {
                    (float)(at.x + ends[i][2] * size), (float)(at.y + ends[i][3] * size) });
}

static void draw_number(const struct ink *ink, int number, struct mface_point at, double size)
{
    int divisor = 1;
    while (number / divisor >= 10)
        divisor *= 10;
    for (; divisor > 0; divisor /= 10) {
        draw_digit(ink, number / divisor % 10, at, size);
        at.x += (float)(1.8 * size);
    }
}

void mface_draw_face(const struct mface_image *image, const struct mface_drawing *face)
{
    const double line = fmax(1, hypot(image->w, image->h) / 800);
    const struct ink box_ink = { image, line, { 80, 220, 80 } };
    const struct ink crop_ink = { image, line, { 240, 170, 60 } };
    const struct ink point_ink = { image, face->n_points > 100 ? line : 1.6 * line,
        { 60, 90, 255 } };
    const struct mface_box *box = &face->box;
    const struct mface_point corners[4] = { { box->l, box->t }, { box->r, box->t },
        { box->r, box->b }, { box->l, box->b } };

    if (face->crop)
        draw_polygon(&crop_ink, face->crop, 4);
    draw_polygon(&box_ink, corners, 4);
    for (int i = 0; i < face->n_points; i++)
        draw_line(&point_ink, face->points[i], face->points[i]);
    const struct mface_point beside = { (float)(box->l + 4 * line), (float)(box->t + 4 * line) };
    draw_number(&box_ink, face->number, beside, 6 * line);
}
