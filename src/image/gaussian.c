/* Gaussian blur.
 *
 * A gaussian over a plane is a gaussian along the rows followed by one along the columns. Each row
 * is copied between margins that hold what the border rule says lies outside, blurred, and kept in
 * a ring of as many rows as the kernel is high; a row of the result is a weighted sum of rows of
 * the ring. Since the kernel is symmetric, the two neighbours at a distance are added first and
 * multiplied once. Taps that only meet zeros are left out. */
#include "base/log.h"
#include "base/mem.h"
#include "image/blur.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Neighbouring results computed together, so that their sums stay in registers. */
enum { LANES = 16 };

static inline __attribute__((always_inline)) void convolve_lanes(
    const float *taps, int radius, const float *centre, ptrdiff_t step, float *dst, int lanes)
{
    float sum[LANES];
    for (int i = 0; i < lanes; i++)
        sum[i] = taps[0] * centre[i];
    for (int k = 1; k <= radius; k++) {
        const float *before = centre - k * step, *after = centre + k * step;
        for (int i = 0; i < lanes; i++)
            sum[i] += taps[k] * (before[i] + after[i]);
    }
    memcpy(dst, sum, (size_t)lanes * sizeof(float));
}

static void convolve_row(
    const float *taps, int radius, const float *centre, size_t step, float *dst, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        convolve_lanes(taps, radius, centre + i, (ptrdiff_t)step, dst + i, LANES);
    for (; i < n; i++)
        convolve_lanes(taps, radius, centre + i, (ptrdiff_t)step, dst + i, 1);
}

static inline __attribute__((always_inline)) void add_rows_lanes(
    const float *taps, int radius, const float *const *centre, size_t at, float *dst, int lanes)
{
    float sum[LANES];
    for (int i = 0; i < lanes; i++)
        sum[i] = taps[0] * centre[0][at + (size_t)i];
    for (int k = 1; k <= radius; k++) {
        const float *before = centre[-k] + at, *after = centre[k] + at;
        for (int i = 0; i < lanes; i++)
            sum[i] += taps[k] * (before[i] + after[i]);
    }
    memcpy(dst, sum, (size_t)lanes * sizeof(float));
}

static void convolve_rows(
    const float *taps, int radius, const float *const *centre, float *dst, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        add_rows_lanes(taps, radius, centre, i, dst + i, LANES);
    for (; i < n; i++)
        add_rows_lanes(taps, radius, centre, i, dst + i, 1);
}

void mface_gaussian_fill_c(struct mface_kernel_table *table)
{
    table->convolve_row = convolve_row;
    table->convolve_rows = convolve_rows;
}

static int radius_of(double sigma, enum mface_sample sample)
{
    const double sigmas = sample == MFACE_SAMPLE_U8 ? 3.0 : 4.0;
    return (int)((lrint(sigma * sigmas * 2.0 + 1.0) | 1) / 2);
}

static double least_sigma(double sigma)
{
    return fmax(sigma, 0.001); // so small that one tap is left, which copies
}

int mface_gaussian_reach_f32(double sigma)
{
    return radius_of(least_sigma(sigma), MFACE_SAMPLE_F32);
}

static void fill_taps(float *taps, int radius, double sigma)
{
    double sum = 1.0;
    for (int i = 1; i <= radius; i++)
        sum += 2.0 * exp(-0.5 * i * i / (sigma * sigma));
    for (int i = 0; i <= radius; i++)
        taps[i] = (float)(exp(-0.5 * i * i / (sigma * sigma)) / sum);
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* Floats, rounded up so that what follows is aligned. */
static size_t padded(size_t n)
{
    return mface_align_up(n, MFACE_ALIGN / sizeof(float));
}

/* Cuts one block into all that the blur needs. */
static bool allocate(struct mface_blur *blur)
{
    const struct mface_image *src = blur->src;
    const size_t radius = (size_t)blur->radius, c = (size_t)src->c;
    const size_t n_taps = padded(radius + 1);
    const size_t n_at = padded((2 * radius + 1) * sizeof(float *) / sizeof(float));
    blur->pitch = padded((size_t)src->w * c);
    blur->row_pitch = padded(((size_t)src->w + 2 * radius) * c);
    size_t n, n_source;
    if (!mface_mul_size(blur->pitch, (size_t)blur->n_kept + 2, &n) || n > SIZE_MAX / 16 ||
        !mface_mul_size(blur->row_pitch, (size_t)blur->n_rows, &n_source) ||
        n_source > SIZE_MAX / 16)
        return false;
    blur->memory = mface_mem_alloc((n + n_taps + n_source + n_at) * sizeof(float));
    if (!blur->memory)
        return false;
    blur->ring = blur->memory;
    blur->zeros = blur->ring + blur->pitch * (size_t)blur->n_kept;
    blur->out = blur->zeros + blur->pitch;
    blur->rows = blur->out + blur->pitch;
    blur->taps = blur->rows + n_source;
    blur->at = (void *)(blur->taps + n_taps);
    memset(blur->zeros, 0, blur->pitch * sizeof(float));
    return true;
}

enum mface_status mface_blur_init(struct mface_blur *blur, const struct mface_image *src,
    double sigma, enum mface_border border, bool unit)
{
    sigma = least_sigma(sigma);
    const enum mface_sample taps_for = unit ? MFACE_SAMPLE_F32 : src->sample;
    *blur = (struct mface_blur) {
        .kernels = mface_kernel_table(),
        .src = src,
        .border = border,
        .unit = unit,
        .radius = radius_of(sigma, taps_for),
    };
    blur->n_kept = min_int(src->h, 2 * blur->radius + 1);
    blur->n_rows = unit ? min_int(src->h, blur->radius + 1) : 1;
    if (!allocate(blur))
        return mface_fail_nomem("gaussian blur");
    fill_taps(blur->taps, blur->radius, sigma);
    return MFACE_OK;
}

void mface_blur_clear(struct mface_blur *blur)
{
    mface_mem_free(blur->memory);
    blur->memory = NULL;
}

/* The index inside 0..n-1 that mirrors i about the first and last element, as often as needed. */
static int reflect(int i, int n)
{
    if (n == 1)
        return 0;
    if (-n < i && i < 2 * n - 1) // most often: spares divisions
        return i < 0 ? -i : i < n ? i : 2 * (n - 1) - i;
    const int period = 2 * (n - 1);
    i %= period;
    if (i < 0)
        i += period;
    return i < n ? i : period - i;
}

/* Mirrors pixels of c samples about the first and last of n. */
static inline __attribute__((always_inline)) void mirror(float *first, int n, int reach, size_t c)
{
    for (int i = 1; i <= reach; i++) {
        float *before = first - (size_t)i * c, *after = first + (size_t)(n - 1 + i) * c;
        const float *left = first + (size_t)reflect(-i, n) * c;
        const float *right = first + (size_t)reflect(n - 1 + i, n) * c;
        for (size_t k = 0; k < c; k++) {
            before[k] = left[k];
            after[k] = right[k];
        }
    }
}

/* Gives a row its margins of `reach` pixels on both sides. */
static void fill_margins(const struct mface_blur *blur, float *first, int reach)
{
    const int n = blur->src->w;
    const size_t c = (size_t)blur->src->c, bytes = c * sizeof(float);
    if (blur->border == MFACE_BORDER_ZERO) {
        memset(first - (size_t)reach * c, 0, (size_t)reach * bytes);
        memset(first + (size_t)n * c, 0, (size_t)reach * bytes);
    } else if (c == 3) {
        mirror(first, n, reach, 3);
    } else {
        mirror(first, n, reach, c);
    }
}

static void load_row(const struct mface_blur *blur, int y, float *row)
{
    const struct mface_image *src = blur->src;
    const size_t n = (size_t)src->w * (size_t)src->c;
    if (src->sample == MFACE_SAMPLE_F32)
        memcpy(row, mface_image_row_f32(src, y), n * sizeof(float));
    else if (blur->unit)
        blur->kernels->u8_to_f32(mface_image_row_u8(src, y), row, n);
    else
        blur->kernels->u8_to_codes(mface_image_row_u8(src, y), row, n);
}

static float *ring_row(const struct mface_blur *blur, int y)
{
    return blur->ring + (size_t)(y % blur->n_kept) * blur->pitch;
}

static float *source_row(const struct mface_blur *blur, int y)
{
    return blur->rows + (size_t)(y % blur->n_rows) * blur->row_pitch +
           (size_t)(blur->radius * blur->src->c);
}

const float *mface_blur_source(const struct mface_blur *blur, int y)
{
    assert(blur->unit && y < blur->n_done && y >= blur->n_done - blur->n_rows);
    return source_row(blur, y);
}

/* Blurs the next source row along itself, into the ring. */
static void take_row(struct mface_blur *blur)
{
    const size_t c = (size_t)blur->src->c;
    const bool zero = blur->border == MFACE_BORDER_ZERO;
    const int reach = zero ? min_int(blur->radius, blur->src->w - 1) : blur->radius;
    float *row = source_row(blur, blur->n_done);
    load_row(blur, blur->n_done, row);
    fill_margins(blur, row, reach);
    blur->kernels->convolve_row(
        blur->taps, reach, row, c, ring_row(blur, blur->n_done), (size_t)blur->src->w * c);
    blur->n_done++;
}

static const float *row_at(const struct mface_blur *blur, int y)
{
    const int h = blur->src->h;
    if (y >= 0 && y < h)
        return ring_row(blur, y);
    return blur->border == MFACE_BORDER_ZERO ? blur->zeros : ring_row(blur, reflect(y, h));
}

/* Finds the rows from y - reach to y + reach; away from the edges they follow in the ring, and no
 * row takes a division. */
static void find_rows(const struct mface_blur *blur, int y, int reach)
{
    const float **at = blur->at + blur->radius;
    if (y < reach || y + reach >= blur->src->h) {
        for (int k = -reach; k <= reach; k++)
            at[k] = row_at(blur, y + k);
        return;
    }
    const float *const end = blur->ring + (size_t)blur->n_kept * blur->pitch;
    const float *row = ring_row(blur, y - reach);
    for (int k = -reach; k <= reach; k++) {
        at[k] = row;
        row += blur->pitch;
        row = row == end ? blur->ring : row;
    }
}

const float *mface_blur_row(struct mface_blur *blur, int y, float *out)
{
    const int h = blur->src->h;
    const bool zero = blur->border == MFACE_BORDER_ZERO;
    const int reach = zero ? min_int(blur->radius, max_int(y, h - 1 - y)) : blur->radius;
    while (blur->n_done < h && blur->n_done <= y + blur->radius)
        take_row(blur);
    find_rows(blur, y, reach);
    out = out ? out : blur->out;
    blur->kernels->convolve_rows(blur->taps, reach, blur->at + blur->radius, out,
        (size_t)blur->src->w * (size_t)blur->src->c);
    return out;
}

enum mface_status mface_gaussian_blur(const struct mface_image *src, const struct mface_image *dst,
    double sigma, enum mface_border border)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c && src->sample == dst->sample);
    struct mface_blur blur;
    const enum mface_status status = mface_blur_init(&blur, src, sigma, border, false);
    const size_t n = (size_t)src->w * (size_t)src->c;
    for (int y = 0; status == MFACE_OK && y < src->h; y++) {
        if (dst->sample == MFACE_SAMPLE_F32)
            mface_blur_row(&blur, y, mface_image_row_f32(dst, y));
        else
            blur.kernels->codes_to_u8(
                mface_blur_row(&blur, y, NULL), mface_image_row_u8(dst, y), n);
    }
    mface_blur_clear(&blur);
    return status;
}
