/* The convex hull of a face's landmarks as a mask.
 *
 * Hull by Andrew's monotone chain (1979) over whole pixels, as DeepFaceLive truncates them; filled
 * row by row between its leftmost and rightmost edge. Edges closer to horizontal reach half a row
 * up and down, so that the outline itself is inside, as it is with OpenCV's fillConvexPoly. */
#include "face/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct vertex {
    int x, y;
};

struct hull {
    int n;
    struct vertex v[2 * MFACE_LANDMARKS_MAX];
};

static int compare_vertices(const void *a, const void *b)
{
    const struct vertex *p = a, *q = b;
    return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

/* > 0 when a → b → c turns from x towards y. */
static int64_t turn(struct vertex a, struct vertex b, struct vertex c)
{
    return (int64_t)(b.x - a.x) * (c.y - a.y) - (int64_t)(b.y - a.y) * (c.x - a.x);
}

/* Adds a vertex to the chain that began at `start`, dropping those it makes concave. */
static void add_to_chain(struct hull *hull, int start, struct vertex v)
{
    while (hull->n - start >= 2 && turn(hull->v[hull->n - 2], hull->v[hull->n - 1], v) <= 0)
        hull->n--;
    hull->v[hull->n++] = v;
}

static void find_hull(struct vertex *points, int n, struct hull *hull)
{
    qsort(points, (size_t)n, sizeof *points, compare_vertices);
    hull->n = 0;
    for (int i = 0; i < n; i++)
        add_to_chain(hull, 0, points[i]);
    const int upper = --hull->n; // the last point begins the way back
    for (int i = n - 1; i >= 0; i--)
        add_to_chain(hull, upper, points[i]);
    hull->n -= hull->n > 1; // the first point again
}

struct reach {
    double l, r;
};

static void reach_to(struct reach *reach, double x)
{
    reach->l = fmin(reach->l, x);
    reach->r = fmax(reach->r, x);
}

/* Widens the reach by what the edge covers of row y. */
static void add_edge(struct reach *reach, struct vertex a, struct vertex b, int y)
{
    if (a.y > b.y) {
        const struct vertex swapped = a;
        a = b;
        b = swapped;
    }
    const int dx = b.x - a.x, dy = b.y - a.y;
    const double margin = abs(dx) > dy ? 0.5 : 0;
    const double top = fmax(a.y, y - margin), bottom = fmin(b.y, y + margin);
    if (top > bottom)
        return;
    reach_to(reach, dy ? a.x + (top - a.y) * dx / dy : a.x);
    reach_to(reach, dy ? a.x + (bottom - a.y) * dx / dy : b.x);
}

static void fill_row(const struct hull *hull, int y, const struct mface_image *mask)
{
    struct reach reach = { INFINITY, -INFINITY };
    for (int i = 0; i < hull->n; i++)
        add_edge(&reach, hull->v[i], hull->v[(i + 1) % hull->n], y);
    const double l = fmax(floor(reach.l + 0.5), 0), r = fmin(floor(reach.r + 0.5), mask->w - 1);
    if (l <= r)
        memset(mface_image_row_u8(mask, y) + (int)l, 255, (size_t)(r - l) + 1);
}

/* Far enough outside any mask, near enough for products to fit. */
static int to_pixel(float value)
{
    const float limit = 1 << 20;
    return value > -limit ? (value < limit ? (int)value : 1 << 20) : -(1 << 20);
}

void mface_align_hull_mask(const struct mface_landmarks *landmarks,
    const struct mface_alignment *alignment, const struct mface_image *mask)
{
    struct vertex points[MFACE_LANDMARKS_MAX];
    for (int i = 0; i < landmarks->n; i++) {
        const struct mface_point p = mface_affine_apply(&alignment->to_crop, landmarks->p[i]);
        points[i] = (struct vertex) { to_pixel(p.x), to_pixel(p.y) };
    }
    struct hull hull = { 0 };
    if (landmarks->n > 0)
        find_hull(points, landmarks->n, &hull);
    for (int y = 0; y < mask->h; y++) {
        memset(mface_image_row_u8(mask, y), 0, (size_t)mask->w);
        fill_row(&hull, y, mask);
    }
}
