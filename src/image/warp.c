/* Affine warp.
 *
 * Every output pixel is taken back through the inverse matrix to a position in the source, which is
 * rounded to 1/32 pixel as OpenCV's warpAffine does (imgwarp.cpp: 10 fractional bits for the sums,
 * 5 for the weights). With that grid the bilinear U8 result equals OpenCV's bit for bit, where
 * exact positions differ by more than 1 on 0.1..0.3 % of values; and 32 sets of weights serve a
 * whole image. Taps outside the source count as 0.
 *
 * A column's share of a position is the same in every row, so it is computed once for a strip of
 * columns. Along a row positions move in one direction, so the pixels all of whose taps lie inside
 * the source are one span, which goes to an inner loop as a whole. Of a pixel at the edge a copy of
 * the taps goes there, with zeros for what lies outside.
 *
 * Sums are taken in float, along the rows first: bilinear weights are multiples of 1/1024, so on U8
 * they are exact. */
#include "image/grid.h"
#include "image/kernel_table.h"

#include <assert.h>
#include <string.h>

enum { STRIP = MFACE_WARP_RUN_MAX, SUM_ONE = 1 << MFACE_WARP_SUM_BITS, GRID = MFACE_WARP_GRID };

struct warp {
    const struct mface_image *src;
    struct mface_affine to_src;
    int n_taps;
    mface_warp_fn inside;
    const struct mface_warp_weights *weights;
    int pixel_bytes;              // of the output
    int64_t dx[STRIP], dy[STRIP]; // what the columns of a strip add to a position
    int32_t near_dx[STRIP], near_dy[STRIP];
    bool is_near; // the latter hold the same, and so does a sum of 32 bits
};

static inline __attribute__((always_inline)) float load(
    const void *row, int64_t i, enum mface_sample sample)
{
    return sample == MFACE_SAMPLE_U8 ? ((const uint8_t *)row)[i] : ((const float *)row)[i];
}

/* Where one output pixel lies in the source: its first tap and its weights. */
struct spot {
    int64_t x, y;
    const float *wx, *wy;
};

/* From a position in 1/1024 pixel. */
static inline __attribute__((always_inline)) struct spot spot_at(
    const struct mface_warp_weights *weights, int64_t x, int64_t y, int n_taps)
{
    x >>= MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS;
    y >>= MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS;
    return (struct spot) {
        .x = (x >> MFACE_WARP_GRID_BITS) - (n_taps / 2 - 1),
        .y = (y >> MFACE_WARP_GRID_BITS) - (n_taps / 2 - 1),
        .wx = weights->tap[x & (GRID - 1)],
        .wy = weights->tap[y & (GRID - 1)],
    };
}

static inline __attribute__((always_inline)) void sum_inside(const struct mface_image *src,
    const struct spot *at, int n_taps, int c, enum mface_sample sample, float *sum)
{
    for (int j = 0; j < n_taps; j++) {
        const void *row = (const uint8_t *)src->data + (at->y + j) * src->stride;
        float across[3] = { 0 };
        for (int i = 0; i < n_taps; i++)
            for (int k = 0; k < c; k++)
                across[k] += at->wx[i] * load(row, (at->x + i) * c + k, sample);
        for (int k = 0; k < c; k++)
            sum[k] += at->wy[j] * across[k];
    }
}

/* `to` samples of c channels from a sum of `from` samples. */
static inline __attribute__((always_inline)) void store(
    const float *sum, void *dst, int c, enum mface_sample from, enum mface_sample to)
{
    const float scale = from == to ? 1.0f : 1.0f / 255.0f;
    for (int k = 0; k < c; k++) {
        if (to == MFACE_SAMPLE_U8)
            ((uint8_t *)dst)[k] = mface_round_u8(sum[k]);
        else
            ((float *)dst)[k] = sum[k] * scale;
    }
}

static inline __attribute__((always_inline)) void span_inside(const struct mface_warp_span *span,
    int n_taps, int c, enum mface_sample from, enum mface_sample to)
{
    uint8_t *dst = span->dst;
    for (int i = 0; i < span->n; i++, dst += (size_t)c * mface_sample_bytes(to)) {
        const struct spot at =
            spot_at(span->weights, span->dx[i] + span->x0, span->dy[i] + span->y0, n_taps);
        float sum[3] = { 0 };
        sum_inside(span->src, &at, n_taps, c, from, sum);
        store(sum, dst, c, from, to);
    }
}

/* One function for each combination of what is constant over a warp. */
#define DEFINE_SPAN(name, n_taps, c, from, to)                                                     \
    static void name(const struct mface_warp_span *span)                                           \
    {                                                                                              \
        span_inside(span, n_taps, c, MFACE_SAMPLE_##from, MFACE_SAMPLE_##to);                      \
    }
#define DEFINE_SPANS(interp, n_taps)                                                               \
    DEFINE_SPAN(interp##_u8_u8_1, n_taps, 1, U8, U8)                                               \
    DEFINE_SPAN(interp##_u8_u8_3, n_taps, 3, U8, U8)                                               \
    DEFINE_SPAN(interp##_u8_f32_1, n_taps, 1, U8, F32)                                             \
    DEFINE_SPAN(interp##_u8_f32_3, n_taps, 3, U8, F32)                                             \
    DEFINE_SPAN(interp##_f32_f32_1, n_taps, 1, F32, F32)                                           \
    DEFINE_SPAN(interp##_f32_f32_3, n_taps, 3, F32, F32)                                           \
    static const mface_warp_fn interp##_spans[MFACE_N_WARP_KINDS][2] = {                           \
        { interp##_u8_u8_1, interp##_u8_u8_3 },                                                    \
        { interp##_u8_f32_1, interp##_u8_f32_3 },                                                  \
        { interp##_f32_f32_1, interp##_f32_f32_3 },                                                \
    };

DEFINE_SPANS(bilinear, 2)
DEFINE_SPANS(bicubic, 4)
DEFINE_SPANS(lanczos4, 8)

void mface_warp_fill_c(struct mface_kernel_table *table)
{
    memcpy(table->warp[MFACE_INTERP_BILINEAR], bilinear_spans, sizeof bilinear_spans);
    memcpy(table->warp[MFACE_INTERP_BICUBIC], bicubic_spans, sizeof bicubic_spans);
    memcpy(table->warp[MFACE_INTERP_LANCZOS4], lanczos4_spans, sizeof lanczos4_spans);
}

/* A row of a strip, and how its pixels are found. */
struct row {
    const struct warp *warp;
    int64_t x0, y0;
    uint8_t *dst;
};

static inline struct spot spot_of(const struct row *row, int i)
{
    const struct warp *warp = row->warp;
    return spot_at(warp->weights, warp->dx[i] + row->x0, warp->dy[i] + row->y0, warp->n_taps);
}

static inline bool is_inside(const struct warp *warp, const struct spot *at)
{
    const int slack = warp->src->sample == MFACE_SAMPLE_U8 ? MFACE_WARP_SLACK_PX : 0;
    return at->x >= 0 && at->y >= 0 && at->x + warp->n_taps + slack <= warp->src->w &&
           at->y + warp->n_taps <= warp->src->h;
}

/* True when no tap lies inside the source. */
static inline bool is_outside(const struct warp *warp, const struct spot *at)
{
    return at->x <= -warp->n_taps || at->y <= -warp->n_taps || at->x >= warp->src->w ||
           at->y >= warp->src->h;
}

/* The taps of one pixel, with zeros for those outside the source. */
static void copy_taps(const struct mface_image *src, const struct spot *at, int n_taps,
    const struct mface_image *patch)
{
    const int64_t first = at->x > 0 ? 0 : -at->x, room = src->w - at->x;
    const int64_t last = room < n_taps ? room : n_taps;
    const size_t size = (size_t)src->c * mface_sample_bytes(src->sample);
    for (int j = 0; j < n_taps; j++) {
        if (at->y + j < 0 || at->y + j >= src->h)
            continue;
        const uint8_t *row = (const uint8_t *)src->data + (at->y + j) * src->stride;
        memcpy(mface_image_row_u8(patch, j) + (size_t)first * size,
            row + (size_t)(at->x + first) * size, (size_t)(last - first) * size);
    }
}

/* A pixel near the edge: its taps are put among zeros, from where the inner loop takes them. */
static void warp_at_edge(const struct row *row, const struct spot *at, int i)
{
    enum { PITCH = (MFACE_TAPS_MAX + MFACE_WARP_SLACK_PX) * 3 };
    const struct warp *warp = row->warp;
    float taps[MFACE_TAPS_MAX * PITCH] = { 0 };
    struct mface_image patch = *warp->src;
    patch.data = taps;
    patch.stride = PITCH * (ptrdiff_t)sizeof(float);
    copy_taps(warp->src, at, warp->n_taps, &patch);
    const int32_t x = (int32_t)((warp->dx[i] + row->x0) & (SUM_ONE - 1));
    const int32_t y = (int32_t)((warp->dy[i] + row->y0) & (SUM_ONE - 1));
    const int32_t to_middle = (warp->n_taps / 2 - 1) * SUM_ONE;
    warp->inside(&(struct mface_warp_span) {
        .src = &patch,
        .weights = warp->weights,
        .dx = &x,
        .dy = &y,
        .x0 = to_middle,
        .y0 = to_middle,
        .dst = row->dst + i * row->warp->pixel_bytes,
        .n = 1,
    });
}

/* Makes the pixels `from`, `from + step`, … before `to` that lie outside and at the edge, until one
 * is inside; returns where that is, or `to`. */
static int warp_ends(const struct row *row, int from, int to, int step)
{
    int i = from;
    for (; i != to; i += step) {
        const struct spot at = spot_of(row, i);
        if (!is_outside(row->warp, &at))
            break;
    }
    const int left = from < i ? from : i + 1, n_outside = from < i ? i - from : from - i;
    memset(row->dst + left * row->warp->pixel_bytes, 0,
        (size_t)n_outside * (size_t)row->warp->pixel_bytes);
    for (; i != to; i += step) {
        const struct spot at = spot_of(row, i);
        if (is_inside(row->warp, &at) && row->warp->is_near)
            break;
        if (is_outside(row->warp, &at))
            memset(row->dst + i * row->warp->pixel_bytes, 0, (size_t)row->warp->pixel_bytes);
        else
            warp_at_edge(row, &at, i);
    }
    return i;
}

static bool is_near(int64_t value)
{
    return value > -(1 << 29) && value < 1 << 29;
}

static void warp_row(const struct row *row, int n)
{
    const struct warp *warp = row->warp;
    const int first = warp_ends(row, 0, n, 1), last = warp_ends(row, n - 1, first - 1, -1);
    if (last < first)
        return;
    const struct mface_warp_span span = {
        .src = warp->src,
        .weights = warp->weights,
        .dx = warp->near_dx + first,
        .dy = warp->near_dy + first,
        .x0 = (int32_t)row->x0,
        .y0 = (int32_t)row->y0,
        .dst = row->dst + first * row->warp->pixel_bytes,
        .n = last - first + 1,
    };
    warp->inside(&span);
}

static void set_columns(struct warp *warp, int x, int n)
{
    warp->is_near = true;
    for (int i = 0; i < n; i++) {
        warp->dx[i] = mface_grid_round(warp->to_src.m[0] * (x + i) * SUM_ONE);
        warp->dy[i] = mface_grid_round(warp->to_src.m[3] * (x + i) * SUM_ONE);
        warp->near_dx[i] = (int32_t)warp->dx[i];
        warp->near_dy[i] = (int32_t)warp->dy[i];
        warp->is_near = warp->is_near && is_near(warp->dx[i]) && is_near(warp->dy[i]);
    }
}

/* Row y of the strip whose columns are set. */
static void warp_strip_row(struct warp *warp, int y, int n, bool columns_near, void *dst)
{
    const double *m = warp->to_src.m;
    const struct row row = {
        .warp = warp,
        .x0 = mface_grid_row_start(m, y),
        .y0 = mface_grid_row_start(m + 3, y),
        .dst = dst,
    };
    warp->is_near = columns_near && is_near(row.x0) && is_near(row.y0);
    warp_row(&row, n);
}

static void warp_strip(struct warp *warp, const struct mface_image *dst, int x, int n)
{
    set_columns(warp, x, n);
    const bool columns_near = warp->is_near;
    for (int y = 0; y < dst->h; y++)
        warp_strip_row(warp, y, n, columns_near,
            mface_image_row_u8(dst, y) + (size_t)x * (size_t)warp->pixel_bytes);
}

static void clear_rows(const struct mface_image *dst)
{
    for (int y = 0; y < dst->h; y++)
        memset(mface_image_row_u8(dst, y), 0,
            (size_t)dst->w * (size_t)dst->c * mface_sample_bytes(dst->sample));
}

static void fill_weights(struct mface_warp_weights *weights, enum mface_interp interp)
{
    for (int i = 0; i < GRID; i++) {
        mface_interp_weights(interp, (double)i / GRID, weights->tap[i]);
        for (int k = 0; k < 4 * mface_interp_n_taps(interp); k++)
            weights->wide[i][k / 4][k % 4] = weights->tap[i][k / 4];
    }
}

bool mface_warp_init(struct mface_warp *warp, const struct mface_image *src,
    const struct mface_affine *src_to_dst, enum mface_interp interp)
{
    warp->src = *src;
    warp->interp = interp;
    warp->n_taps = mface_interp_n_taps(interp);
    fill_weights(&warp->weights, interp);
    return mface_affine_invert(src_to_dst, &warp->to_src);
}

static enum mface_warp_kind kind_of(enum mface_sample from, enum mface_sample to)
{
    if (to == MFACE_SAMPLE_U8)
        return MFACE_WARP_U8_U8;
    return from == MFACE_SAMPLE_U8 ? MFACE_WARP_U8_F32 : MFACE_WARP_F32_F32;
}

/* Large: what the columns have is set strip by strip. */
static void start(struct warp *warp, const struct mface_warp *prepared, enum mface_sample to)
{
    const enum mface_warp_kind kind = kind_of(prepared->src.sample, to);
    warp->src = &prepared->src;
    warp->to_src = prepared->to_src;
    warp->n_taps = prepared->n_taps;
    warp->inside = mface_kernel_table()->warp[prepared->interp][kind][prepared->src.c == 3];
    warp->weights = &prepared->weights;
    warp->pixel_bytes = prepared->src.c * (int)mface_sample_bytes(to);
}

void mface_warp_run(
    const struct mface_warp *prepared, int y, int x, int n, enum mface_sample to, void *out)
{
    struct warp warp;
    assert(n <= MFACE_WARP_RUN_MAX);
    start(&warp, prepared, to);
    set_columns(&warp, x, n);
    warp_strip_row(&warp, y, n, warp.is_near, out);
}

void mface_warp_affine(const struct mface_image *src, const struct mface_image *dst,
    const struct mface_affine *src_to_dst, enum mface_interp interp)
{
    assert(src->c == dst->c && (src->sample == MFACE_SAMPLE_U8 || dst->sample == src->sample));
    struct mface_warp prepared;
    struct warp warp;
    if (!mface_warp_init(&prepared, src, src_to_dst, interp)) {
        clear_rows(dst);
        return;
    }
    start(&warp, &prepared, dst->sample);
    for (int x = 0; x < dst->w; x += STRIP)
        warp_strip(&warp, dst, x, dst->w - x < STRIP ? dst->w - x : STRIP);
}
