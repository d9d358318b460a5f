/* BGR ↔ CIE L*a*b* for images, and Reinhard's transfer of colour statistics in that space. The
 * formulas are in lab_rows.h. */
#include "image/lab_rows.h"

#include "image/kernels.h"

#include <assert.h>

void mface_lab_fill_c(struct mface_kernel_table *table)
{
    mface_lab_fill(table);
}

/* The 256 values of a U8 channel in linear light: those that F32 input gives, to the bit. */
static void fill_linear(float linear[256])
{
    for (int i = 0; i < 256; i++)
        linear[i] = linear_of_srgb((float)i / 255.0f); // lanes are single floats here
}

static void row_to_lab(
    const struct mface_image *bgr, int y, int x, size_t n, const float linear[256], float *lab)
{
    const struct mface_kernel_table *kernels = mface_kernel_table();
    if (bgr->sample == MFACE_SAMPLE_U8)
        kernels->lab_of_u8(mface_image_row_u8(bgr, y) + 3 * x, lab, n, linear);
    else
        kernels->lab_of_f32(mface_image_row_f32(bgr, y) + 3 * x, lab, n);
}

void mface_bgr_to_lab(const struct mface_image *bgr, const struct mface_image *lab)
{
    assert(bgr->c == 3 && lab->c == 3 && lab->sample == MFACE_SAMPLE_F32);
    assert(bgr->w == lab->w && bgr->h == lab->h);
    float linear[256];
    fill_linear(linear);
    for (int y = 0; y < bgr->h; y++)
        row_to_lab(bgr, y, 0, (size_t)bgr->w, linear, mface_image_row_f32(lab, y));
}

void mface_lab_to_bgr(const struct mface_image *lab, const struct mface_image *bgr)
{
    assert(bgr->c == 3 && lab->c == 3 && lab->sample == MFACE_SAMPLE_F32);
    assert(bgr->sample == MFACE_SAMPLE_F32 && bgr->w == lab->w && bgr->h == lab->h);
    const struct mface_kernel_table *kernels = mface_kernel_table();
    for (int y = 0; y < lab->h; y++)
        kernels->bgr_of_lab(
            mface_image_row_f32(lab, y), mface_image_row_f32(bgr, y), (size_t)lab->w);
}

static void finish(
    const struct mface_moments *moments, double n_pixels, struct mface_lab_stats stats[3])
{
    for (int k = 0; k < 3; k++) {
        double sum = 0, squares = 0;
        for (int i = k; i < MFACE_SUM_LANES; i += 3) {
            sum += moments->sum[i];
            squares += moments->squares[i];
        }
        const double mean = sum / n_pixels, variance = squares / n_pixels - mean * mean;
        stats[k] = (struct mface_lab_stats) { mean, variance > 0.0 ? sqrt(variance) : 0.0 };
    }
}

static bool any_counts(const float *mask, int n, float cutoff)
{
    int any = 0; // without branches, for vectors
    for (int i = 0; i < n; i++)
        any |= !(mask[i] < cutoff);
    return any;
}

/* Pixels that do not count are looked over by the step: they would only add zeros. */
static void measure_row(const struct mface_image *bgr, int y, struct mface_rect part,
    const float *mask, float cutoff, const float linear[256], const float *lab,
    struct mface_moments *moments)
{
    enum { STEP = 4 * MFACE_SUM_LANES }; // whole pixels and whole rounds of lanes
    const struct mface_kernel_table *kernels = mface_kernel_table();
    float weights[STEP], values[STEP];
    for (int x = part.l; x < part.r; x += STEP / 3) {
        const int n = part.r - x < STEP / 3 ? part.r - x : STEP / 3;
        if (!any_counts(mask + x, n, cutoff))
            continue;
        if (!lab)
            row_to_lab(bgr, y, x, (size_t)n, linear, values);
        kernels->choose_pixels(mask + x, cutoff, weights, (size_t)n);
        kernels->add_moments(lab ? lab + 3 * x : values, weights, 3 * (size_t)n, moments);
    }
}

void mface_lab_measure(const struct mface_image *bgr, const struct mface_image *mask, float cutoff,
    struct mface_rect part, const struct mface_image *lab, struct mface_lab_stats stats[3])
{
    assert(mask->c == 1 && mask->sample == MFACE_SAMPLE_F32);
    assert(mask->w == bgr->w && mask->h == bgr->h && bgr->c == 3);
    assert(part.l % (MFACE_SUM_LANES / 3) == 0);
    struct mface_moments moments = { 0 };
    float linear[256];
    fill_linear(linear);
    for (int y = part.t; y < part.b; y++) {
        if (lab)
            row_to_lab(bgr, y, part.l, (size_t)(part.r - part.l), linear,
                mface_image_row_f32(lab, y) + 3 * part.l);
        measure_row(bgr, y, part, mface_image_row_f32(mask, y), cutoff, linear,
            lab ? mface_image_row_f32(lab, y) : NULL, &moments);
    }
    finish(&moments, (double)bgr->w * bgr->h, stats);
}

/* L is 0..100, a and b are kept within ±127. */
static void set_line(struct mface_lines *lines, int k, double scale, double shift)
{
    for (int i = k; i < MFACE_SUM_LANES; i += 3) {
        lines->scale[i] = (float)scale;
        lines->shift[i] = (float)shift;
        lines->min[i] = k == 0 ? 0.0f : -127.0f;
        lines->max[i] = k == 0 ? 100.0f : 127.0f;
    }
}

void mface_lab_adopt(const struct mface_image *lab, const struct mface_lab_stats from[3],
    const struct mface_lab_stats to[3], struct mface_rect part, const struct mface_image *bgr)
{
    const size_t w = (size_t)(part.r - part.l);
    const struct mface_kernel_table *kernels = mface_kernel_table();
    struct mface_lines lines;
    for (int k = 0; k < 3; k++) {
        // A channel without any variation has nothing to stretch; only its mean moves.
        const double scale = from[k].deviation > 0.0 ? to[k].deviation / from[k].deviation : 1.0;
        set_line(&lines, k, scale, to[k].mean - from[k].mean * scale);
    }
    for (int y = part.t; y < part.b; y++) {
        float *row = mface_image_row_f32(lab, y) + 3 * part.l;
        kernels->apply_lines(row, 3 * w, &lines);
        kernels->bgr_of_lab(row, mface_image_row_f32(bgr, y) + 3 * part.l, w);
    }
}
