/* Gaussian blur as two passes of one routine.
 *
 * A gaussian over a plane is a gaussian along the rows followed by one along the columns. Each row
 * is copied between margins that hold what the border rule says lies outside, blurred, and put into
 * a plane with margins of its own above and below; the columns of that plane are then blurred the
 * same way, only with a step of a row instead of a pixel. Since the kernel is symmetric, the two
 * neighbours at a distance are added first and multiplied once. */
#include "base/log.h"
#include "base/mem.h"
#include "image/kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Neighbouring results computed together, so that their sums stay in registers. */
enum { LANES = 16 };

struct blur {
    float *taps;  // radius + 1: the centre and one side
    float *row;   // one source row between its margins
    float *plane; // h rows between their margins, each row `pitch` floats
    size_t pitch;
    int radius;
    enum mface_border border;
};

static int radius_of(double sigma, enum mface_sample sample)
{
    const double sigmas = sample == MFACE_SAMPLE_U8 ? 3.0 : 4.0;
    return (int)((lrint(sigma * sigmas * 2.0 + 1.0) | 1) / 2);
}

static void fill_taps(float *taps, int radius, double sigma)
{
    double sum = 1.0;
    for (int i = 1; i <= radius; i++)
        sum += 2.0 * exp(-0.5 * i * i / (sigma * sigma));
    for (int i = 0; i <= radius; i++)
        taps[i] = (float)(exp(-0.5 * i * i / (sigma * sigma)) / sum);
}

static enum mface_status blur_init(
    struct blur *blur, const struct mface_image *src, double sigma, enum mface_border border)
{
    const int radius = radius_of(sigma, src->sample);
    const size_t c = (size_t)src->c;
    *blur = (struct blur) { .radius = radius, .border = border, .pitch = (size_t)src->w * c };
    size_t n_plane;
    if (mface_mul_size(blur->pitch, (size_t)src->h + 2 * (size_t)radius, &n_plane) &&
        n_plane <= SIZE_MAX / sizeof(float))
        blur->plane = mface_mem_alloc(n_plane * sizeof(float));
    blur->row = mface_mem_alloc(((size_t)src->w + 2 * (size_t)radius) * c * sizeof(float));
    blur->taps = mface_mem_alloc(((size_t)radius + 1) * sizeof(float));
    if (!blur->plane || !blur->row || !blur->taps)
        return mface_fail_nomem("gaussian blur");
    fill_taps(blur->taps, radius, sigma);
    return MFACE_OK;
}

static void blur_clear(struct blur *blur)
{
    mface_mem_free(blur->plane);
    mface_mem_free(blur->row);
    mface_mem_free(blur->taps);
}

/* The index inside 0..n-1 that mirrors i about the first and last element, as often as needed. */
static int reflect(int i, int n)
{
    if (n == 1)
        return 0;
    const int period = 2 * (n - 1);
    i %= period;
    if (i < 0)
        i += period;
    return i < n ? i : period - i;
}

/* Gives the n elements of `size` floats that begin at `first` their margins on both sides. */
static void fill_margins(const struct blur *blur, float *first, int n, size_t size)
{
    const size_t bytes = size * sizeof(float);
    for (int i = 1; i <= blur->radius; i++) {
        float *before = first - (size_t)i * size, *after = first + (size_t)(n - 1 + i) * size;
        if (blur->border == MFACE_BORDER_ZERO) {
            memset(before, 0, bytes);
            memset(after, 0, bytes);
        } else {
            memcpy(before, first + (size_t)reflect(-i, n) * size, bytes);
            memcpy(after, first + (size_t)reflect(n - 1 + i, n) * size, bytes);
        }
    }
}

static inline __attribute__((always_inline)) void convolve_lanes(
    const struct blur *blur, const float *centre, ptrdiff_t step, float *dst, int lanes)
{
    const float *taps = blur->taps;
    float sum[LANES];
    for (int i = 0; i < lanes; i++)
        sum[i] = taps[0] * centre[i];
    for (int k = 1; k <= blur->radius; k++) {
        const float *before = centre - k * step, *after = centre + k * step;
        for (int i = 0; i < lanes; i++)
            sum[i] += taps[k] * (before[i] + after[i]);
    }
    memcpy(dst, sum, (size_t)lanes * sizeof(float));
}

/* dst[i] = Σ taps[|k|] · centre[i + k·step] for 0 ≤ i < n. */
static void convolve(
    const struct blur *blur, const float *centre, ptrdiff_t step, float *dst, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        convolve_lanes(blur, centre + i, step, dst + i, LANES);
    for (; i < n; i++)
        convolve_lanes(blur, centre + i, step, dst + i, 1);
}

static void load_row(const struct mface_image *src, int y, float *row)
{
    const size_t n = (size_t)src->w * (size_t)src->c;
    if (src->sample == MFACE_SAMPLE_F32) {
        memcpy(row, mface_image_row_f32(src, y), n * sizeof(float));
        return;
    }
    const uint8_t *from = mface_image_row_u8(src, y);
    for (size_t i = 0; i < n; i++)
        row[i] = from[i];
}

static void blur_rows(const struct blur *blur, const struct mface_image *src)
{
    float *row = blur->row + (size_t)blur->radius * (size_t)src->c;
    float *out = blur->plane + (size_t)blur->radius * blur->pitch;
    for (int y = 0; y < src->h; y++, out += blur->pitch) {
        load_row(src, y, row);
        fill_margins(blur, row, src->w, (size_t)src->c);
        convolve(blur, row, src->c, out, blur->pitch);
    }
}

static void blur_columns(const struct blur *blur, const struct mface_image *dst)
{
    float *in = blur->plane + (size_t)blur->radius * blur->pitch;
    fill_margins(blur, in, dst->h, blur->pitch);
    for (int y = 0; y < dst->h; y++, in += blur->pitch) {
        const bool direct = dst->sample == MFACE_SAMPLE_F32;
        float *out = direct ? mface_image_row_f32(dst, y) : blur->row;
        convolve(blur, in, (ptrdiff_t)blur->pitch, out, blur->pitch);
        for (size_t i = 0; !direct && i < blur->pitch; i++)
            mface_image_row_u8(dst, y)[i] = (uint8_t)(out[i] + 0.5f);
    }
}

enum mface_status mface_gaussian_blur(const struct mface_image *src, const struct mface_image *dst,
    double sigma, enum mface_border border)
{
    assert(src->w == dst->w && src->h == dst->h && src->c == dst->c && src->sample == dst->sample);
    struct blur blur;
    // A sigma this small leaves one tap, which copies.
    enum mface_status status = blur_init(&blur, src, fmax(sigma, 0.001), border);
    if (status == MFACE_OK) {
        blur_rows(&blur, src);
        blur_columns(&blur, dst);
    }
    blur_clear(&blur);
    return status;
}
