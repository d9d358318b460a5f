/* Blocks are summed component by component, down the columns first: that is the loop over bytes,
 * and it is a plain one. What comes out are the planes of a small picture without subsampling,
 * which is then read as any other. A block's chroma is the mean of the chroma samples it touches.
 */
#include "face/reduce.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK_MAX = 64 };

/* One component seen as samples: where a row begins, how to step, how to come to 8 bits. */
struct samples {
    const uint8_t *data;
    ptrdiff_t stride;
    int step, shift, wide; // wide: 16-bit words
    int log2_w, log2_h, x0, y0;
    float to_u8;
};

static struct samples samples_of(const struct mface_picture *picture, int i)
{
    const struct mface_component *component = &picture->component[i];
    const bool is_chroma = picture->model == MFACE_MODEL_YUV && i > 0;
    const int depth = component->depth;
    /* Studio codes scale by powers of two, full ones by their ends. */
    const bool full = picture->full_range || picture->model == MFACE_MODEL_RGB;
    return (struct samples) {
        .data = picture->data[component->plane] + component->offset,
        .stride = picture->stride[component->plane],
        .step = component->step,
        .shift = component->shift,
        .wide = depth > 8,
        .log2_w = is_chroma ? picture->log2_chroma_w : 0,
        .log2_h = is_chroma ? picture->log2_chroma_h : 0,
        .x0 = is_chroma ? picture->chroma_x0 : 0,
        .y0 = is_chroma ? picture->chroma_y0 : 0,
        .to_u8 = full ? 255.0F / (float)((1 << depth) - 1) : 1.0F / (float)(1 << (depth - 8)),
    };
}

static unsigned sample_at(const struct samples *from, const uint8_t *row, int x)
{
    const uint8_t *at = row + (ptrdiff_t)x * from->step;
    if (!from->wide)
        return *at;
    uint16_t word;
    memcpy(&word, at, sizeof word);
    return (unsigned)word >> from->shift;
}

/* sums[x - l] = the sum of column x over rows t..b-1. */
static void sum_columns(const struct samples *from, int l, int r, int t, int b, uint32_t *sums)
{
    memset(sums, 0, (size_t)(r - l) * sizeof *sums);
    for (int y = t; y < b; y++) {
        const uint8_t *row = from->data + y * from->stride;
        if (from->step == 1 && !from->wide) {
            const uint8_t *at = row + l;
            for (int x = 0; x < r - l; x++)
                sums[x] += at[x];
        } else {
            for (int x = l; x < r; x++)
                sums[x - l] += sample_at(from, row, x);
        }
    }
}

static int first_sample(int x, int x0, int log2)
{
    return (x + x0) >> log2;
}

static int end_sample(int x_end, int x0, int log2)
{
    return ((x_end - 1 + x0) >> log2) + 1;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

struct blocks {
    struct mface_rect rect;
    int n, w, h;
};

static void reduce_row(
    const struct samples *from, const struct blocks *blocks, int by, uint32_t *sums, uint8_t *out)
{
    const struct mface_rect *rect = &blocks->rect;
    const int top = rect->t + by * blocks->n, bottom = least(top + blocks->n, rect->b);
    const int t = first_sample(top, from->y0, from->log2_h);
    const int b = end_sample(bottom, from->y0, from->log2_h);
    const int l = first_sample(rect->l, from->x0, from->log2_w);
    sum_columns(from, l, end_sample(rect->r, from->x0, from->log2_w), t, b, sums);
    for (int bx = 0; bx < blocks->w; bx++) {
        const int left = rect->l + bx * blocks->n, right = least(left + blocks->n, rect->r);
        const int first = first_sample(left, from->x0, from->log2_w) - l;
        const int end = end_sample(right, from->x0, from->log2_w) - l;
        uint32_t sum = 0;
        for (int x = first; x < end; x++)
            sum += sums[x];
        out[bx] = (uint8_t)((float)sum * from->to_u8 / (float)((end - first) * (b - t)) + 0.5F);
    }
}

enum mface_status mface_picture_reduce(const struct mface_picture *picture, struct mface_rect rect,
    int n, const struct mface_image *out)
{
    const struct blocks blocks = { rect, n, out->w, out->h };
    const size_t area = (size_t)out->w * (size_t)out->h;
    const size_t sums_bytes = (size_t)(rect.r - rect.l + 2) * sizeof(uint32_t);
    assert(n >= 1 && n <= BLOCK_MAX && out->c == 3 && out->sample == MFACE_SAMPLE_U8);
    uint8_t *room = mface_mem_alloc(sums_bytes + 3 * area);
    if (!room)
        return mface_fail_nomem("reading a picture");
    uint32_t *sums = (uint32_t *)(void *)room;
    struct mface_picture small = {
        .w = out->w,
        .h = out->h,
        .model = picture->model,
        .full_range = picture->full_range,
        .matrix = picture->matrix,
    };
    for (int i = 0; i < (picture->model == MFACE_MODEL_GRAY ? 1 : 3); i++) {
        const struct samples from = samples_of(picture, i);
        small.data[i] = room + sums_bytes + (size_t)i * area;
        small.stride[i] = out->w;
        small.component[i] = (struct mface_component) { .plane = i, .step = 1, .depth = 8 };
        for (int y = 0; y < out->h; y++)
            reduce_row(&from, &blocks, y, sums, small.data[i] + (size_t)y * (size_t)out->w);
    }
    struct mface_image bgr = *out;
    mface_picture_read_bgr(&small, (struct mface_rect) { 0, 0, out->w, out->h }, &bgr);
    mface_mem_free(room);
    return MFACE_OK;
}

/* The mean of samples spread evenly over a place's surroundings. */
static uint8_t glance_at(
    const struct mface_picture *picture, const struct samples *luma, int x, int y, int spread)
{
    unsigned sum = 0, count = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) {
            const int sx = x + dx * spread, sy = y + dy * spread;
            if (sx < 0 || sy < 0 || sx >= picture->w || sy >= picture->h)
                continue;
            sum += sample_at(luma, luma->data + sy * luma->stride, sx);
            count++;
        }
    return count ? (uint8_t)((float)sum * luma->to_u8 / (float)count + 0.5F) : 0;
}

void mface_picture_glance(const struct mface_picture *picture, const struct mface_affine *place,
    int w, int h, uint8_t *out)
{
    const struct samples luma = samples_of(picture, picture->model == MFACE_MODEL_RGB ? 1 : 0);
    const double step = fabs(place->m[0]) + fabs(place->m[1]);
    const int spread = (int)fmin(step / 3, 1 << 20);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const struct mface_point p =
                mface_affine_apply(place, (struct mface_point) { (float)x, (float)y });
            const bool is_inside =
                p.x >= 0 && p.y >= 0 && p.x < (float)picture->w && p.y < (float)picture->h;
            out[y * w + x] = is_inside ? glance_at(picture, &luma, (int)p.x, (int)p.y, spread) : 0;
        }
}
