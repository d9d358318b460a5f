/* Separable resize.
 *
 * The output is made in strips of columns. Within a strip every source row that is needed is
 * resampled across once into a ring of float rows (as many as there are taps, indexed by source row
 * modulo 8), and each output row is a weighted sum of ring rows. A row of the source is first
 * turned into floats, with its ends repeated as far as taps reach, so that loops need not look for
 * them; strips are as narrow as that takes when shrinking. All of this lives on the stack: nothing
 * is allocated. Positions are exact (OpenCV rounds its U8 weights to 11 bits). */
#include "image/interp.h"
#include "image/kernel_table.h"
#include "image/pointwise.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    STRIP = MFACE_RESAMPLE_STRIP,
    RING = MFACE_TAPS_MAX,
    PART = 1024, // pixels of a source row that a strip may need
    SLACK = MFACE_RESAMPLE_SLACK,
};

struct strip {
    const struct mface_kernel_table *kernels;
    const struct mface_image *src, *dst;
    enum mface_interp interp;
    int x0;           // first column of the output
    int left, n_part; // the source's columns it needs, also beyond both ends
    struct mface_resample across;
    int row_in_ring[RING]; // which source row a slot holds, or -1
    float ring[RING][STRIP * 3 + SLACK];
    float part[PART * 3 + SLACK];
};

static inline __attribute__((always_inline)) void resample(
    const struct mface_resample *resample, const float *row, float *out, int n_taps, int c)
{
    for (int x = 0; x < resample->n; x++) {
        const float *from = row + resample->first[x] * c;
        float sum[3] = { 0 };
        for (int i = 0; i < n_taps; i++)
            for (int k = 0; k < c; k++)
                sum[k] += resample->tap[x][i] * from[i * c + k];
        for (int k = 0; k < c; k++)
            out[x * c + k] = sum[k] * resample->scale;
    }
}

static inline __attribute__((always_inline)) void resample_any(
    const struct mface_resample *with, const float *row, float *out, int c)
{
    if (with->n_taps == 2)
        resample(with, row, out, 2, c);
    else if (with->n_taps == 4)
        resample(with, row, out, 4, c);
    else
        resample(with, row, out, 8, c);
}

static void resample_1(const struct mface_resample *with, const float *row, float *out)
{
    resample_any(with, row, out, 1);
}

static void resample_3(const struct mface_resample *with, const float *row, float *out)
{
    resample_any(with, row, out, 3);
}

void mface_resize_fill_c(struct mface_kernel_table *table)
{
    table->resample[0] = resample_1;
    table->resample[1] = resample_3;
    table->weigh_rows = mface_pointwise_weigh_rows;
}

static double position_of(int i, int from, int to)
{
    return (i + 0.5) * ((double)from / to) - 0.5;
}

/* Output i of `to` samples over `from` ones, centres at half-integers: its weights; returns its
 * first tap, which may lie outside. */
static int axis_at(enum mface_interp interp, int i, int from, int to, float *weights)
{
    const double position = position_of(i, from, to), whole = floor(position);
    mface_interp_weights(interp, position - whole, weights);
    return (int)whole - (mface_interp_n_taps(interp) / 2 - 1);
}

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Turns the part of a source row that the strip needs into floats. */
static void load_part(struct strip *strip, int y)
{
    const struct mface_image *src = strip->src;
    const int c = src->c, from = clamp_index(strip->left, src->w);
    const int to = clamp_index(strip->left + strip->n_part - 1, src->w) + 1;
    const size_t n = (size_t)((to - from) * c);
    float *inside = strip->part + (from - strip->left) * c;
    if (src->sample == MFACE_SAMPLE_U8)
        strip->kernels->u8_to_codes(mface_image_row_u8(src, y) + (size_t)(from * c), inside, n);
    else
        memcpy(inside, mface_image_row_f32(src, y) + (size_t)(from * c), n * sizeof(float));
    const size_t pixel_bytes = (size_t)c * sizeof(float);
    for (int x = strip->left; x < from; x++)
        memcpy(strip->part + (x - strip->left) * c, inside, pixel_bytes);
    for (int x = to; x < strip->left + strip->n_part; x++)
        memcpy(strip->part + (x - strip->left) * c, inside + n - c, pixel_bytes);
}

/* The part of a source row that the strip needs: in place, where it has floats enough on the right.
 */
static const float *part_of(struct strip *strip, int y)
{
    const struct mface_image *src = strip->src;
    const int right = (strip->left + strip->n_part) * src->c + SLACK;
    if (src->sample == MFACE_SAMPLE_F32 && strip->left >= 0 && right <= src->w * src->c)
        return mface_image_row_f32(src, y) + (size_t)(strip->left * src->c);
    load_part(strip, y);
    return strip->part;
}

static const float *ring_row(struct strip *strip, int y)
{
    const int slot = y % RING;
    float *out = strip->ring[slot];
    if (strip->row_in_ring[slot] != y) {
        strip->row_in_ring[slot] = y;
        strip->kernels->resample[strip->src->c == 3](&strip->across, part_of(strip, y), out);
    }
    return out;
}

static void resize_row(struct strip *strip, int y)
{
    const struct mface_image *dst = strip->dst;
    const int n_taps = strip->across.n_taps;
    const size_t n = (size_t)(strip->across.n * dst->c), start = (size_t)(strip->x0 * dst->c);
    const float *rows[MFACE_TAPS_MAX];
    float weights[MFACE_TAPS_MAX], sum[STRIP * 3];
    const int first = axis_at(strip->interp, y, strip->src->h, dst->h, weights);
    for (int j = 0; j < n_taps; j++)
        rows[j] = ring_row(strip, clamp_index(first + j, strip->src->h));
    if (dst->sample == MFACE_SAMPLE_F32) {
        strip->kernels->weigh_rows(rows, weights, n_taps, mface_image_row_f32(dst, y) + start, n);
        return;
    }
    strip->kernels->weigh_rows(rows, weights, n_taps, sum, n);
    strip->kernels->codes_to_u8(sum, mface_image_row_u8(dst, y) + start, n);
}

/* Column x of the strip, whose taps begin at `first`. */
static void set_column(struct mface_resample *across, int x, int first, int c)
{
    across->first[x] = first;
    for (int k = 0; k < c; k++)
        across->flat_first[c * x + k] = c * first + k;
    for (int j = 0; j < across->n_taps; j++) {
        for (int k = 0; k < (c == 1 ? 0 : 4); k++) // whole pixels are for more channels than one
            across->wide[j][x][k] = across->tap[x][j];
        for (int k = 0; k < c; k++)
            across->flat_tap[j][c * x + k] = across->tap[x][j];
    }
}

static bool is_dense(const struct mface_resample *across, int c)
{
    const int n = across->n * c;
    for (int i = 0; i < n; i += 16) {
        const int last = i + 15 < n ? i + 15 : n - 1;
        if ((across->first[last / c] + across->n_taps - across->first[i / c]) * c > 32)
            return false;
    }
    return true;
}

static int32_t max_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

struct extent {
    int32_t least, greatest;
};

static struct extent extent_of_four(const int32_t first[4])
{
    struct extent extent = { first[0], first[0] };
    for (int k = 1; k < 4; k++) {
        extent.least = first[k] < extent.least ? first[k] : extent.least;
        extent.greatest = max_of(extent.greatest, first[k]);
    }
    return extent;
}

static void measure_eight(struct mface_resample *across, int i)
{
    struct mface_resample_eight *eight = &across->eight[i / 8];
    const struct extent a = extent_of_four(across->flat_first + i);
    const struct extent b = extent_of_four(across->flat_first + i + 4);
    const int32_t least = a.least < b.least ? a.least : b.least;
    eight->is_near = max_of(a.greatest, b.greatest) - least < 8;
    eight->base[0] = eight->is_near ? least : a.least;
    eight->base[1] = eight->is_near ? least : b.least;
    eight->spread_of_four = max_of(a.greatest - a.least, b.greatest - b.least);
    for (int k = 0; k < 8; k++)
        across->flat_near[i + k] = across->flat_first[i + k] - eight->base[k / 4];
}

static void measure_eights(struct mface_resample *across, int c)
{
    across->spread_of_four = 0;
    for (int i = 0; i + 8 <= across->n * c; i += 8) {
        measure_eight(across, i);
        across->spread_of_four =
            max_of(across->spread_of_four, across->eight[i / 8].spread_of_four);
    }
}

/* Takes as many columns from x0 on as a strip can; false when the last one is done. */
static bool begin_strip(struct strip *strip, int x0)
{
    const int from = strip->src->w, to = strip->dst->w, n_taps = strip->across.n_taps;
    struct mface_resample *across = &strip->across;
    strip->x0 = x0;
    across->n = 0;
    while (across->n < STRIP && x0 + across->n < to) {
        const int x = across->n;
        const int first = axis_at(strip->interp, x0 + x, from, to, across->tap[x]);
        strip->left = x == 0 ? first : strip->left;
        if (first + n_taps - strip->left > PART)
            break;
        strip->n_part = first + n_taps - strip->left;
        set_column(across, x, first - strip->left, strip->src->c);
        across->n++;
    }
    across->is_dense = is_dense(across, strip->src->c);
    measure_eights(across, strip->src->c);
    for (int i = 0; i < RING; i++)
        strip->row_in_ring[i] = -1;
    return across->n > 0;
}

void mface_resize(
    const struct mface_image *src, const struct mface_image *dst, enum mface_interp interp)
{
    assert(src->c == dst->c);
    struct strip strip; // large: only what is used is set
    strip.kernels = mface_kernel_table();
    strip.src = src;
    strip.dst = dst;
    strip.interp = interp;
    strip.across.n_taps = mface_interp_n_taps(interp);
    strip.across.scale = src->sample == dst->sample       ? 1.0f
                         : src->sample == MFACE_SAMPLE_U8 ? 1.0f / 255.0f
                                                          : 255.0f;
    for (int x0 = 0; begin_strip(&strip, x0); x0 += strip.across.n)
        for (int y = 0; y < dst->h; y++)
            resize_row(&strip, y);
}
