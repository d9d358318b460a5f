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
        linear[i] = linear_of_srgb((float)i / 255.0f);
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

void mface_lab_measure(const struct mface_image *bgr, const struct mface_image *mask, float cutoff,
    const struct mface_image *lab, struct mface_lab_stats stats[3])
{
    assert(mask->c == 1 && mask->sample == MFACE_SAMPLE_F32);
    assert(mask->w == bgr->w && mask->h == bgr->h && bgr->c == 3);
    enum { STEP = 16 * MFACE_SUM_LANES }; // whole pixels and whole rounds of lanes
    const struct mface_kernel_table *kernels = mface_kernel_table();
    struct mface_moments moments = { 0 };
    float linear[256], weights[STEP], values[STEP];
    fill_linear(linear);
    for (int y = 0; y < bgr->h; y++)
        for (int x = 0; x < bgr->w; x += STEP / 3) {
            const int n = bgr->w - x < STEP / 3 ? bgr->w - x : STEP / 3;
            float *to = lab ? mface_image_row_f32(lab, y) + 3 * x : values;
            row_to_lab(bgr, y, x, (size_t)n, linear, to);
            kernels->choose_pixels(mface_image_row_f32(mask, y) + x, cutoff, weights, (size_t)n);
            kernels->add_moments(to, weights, 3 * (size_t)n, &moments);
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
    const struct mface_lab_stats to[3], const struct mface_image *bgr)
{
    const struct mface_kernel_table *kernels = mface_kernel_table();
    struct mface_lines lines;
    for (int k = 0; k < 3; k++) {
        // A channel without any variation has nothing to stretch; only its mean moves.
        const double scale = from[k].deviation > 0.0 ? to[k].deviation / from[k].deviation : 1.0;
        set_line(&lines, k, scale, to[k].mean - from[k].mean * scale);
    }
    for (int y = 0; y < lab->h; y++) {
        float *row = mface_image_row_f32(lab, y);
        kernels->apply_lines(row, 3 * (size_t)lab->w, &lines);
        kernels->bgr_of_lab(row, mface_image_row_f32(bgr, y), (size_t)lab->w);
    }
}
