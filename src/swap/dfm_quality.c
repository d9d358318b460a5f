/* How far a precision is from f32 on a model itself.
 *
 * LeakyReLU passes relative errors on as they are, and in bf16 trained networks of it stay 59 dB
 * and more from f32. DeepFaceLab's option c activates by x·cos x, which does not: far from zero a
 * small change of x turns the result around, and how far a model ventures depends on its training.
 * So a model with cosines is run in both precisions, with its weights, on a picture with the traits
 * of a face: a bright oval with darker features and fine grain before a plain ground. So is any
 * model in int8, whose rounding is 14 dB coarser, and which a face's outliers may coarsen further.
 */
#include "base/log.h"
#include "base/mem.h"
#include "swap/dfm_internal.h"

#include <math.h>

/* Bounds: the eye sees no difference between faces 45 dB apart, and masks are 8 bits. */
#define LEAST_PSNR_DB  45.0
#define MOST_MASK_DIFF (1.0 / 255)

/* What equal faces count as: a figure that can be printed. */
#define MOST_PSNR_DB 150.0

/* Features of the picture, in halves of its side from its middle. */
struct blob {
    double x, y, rx, ry, bgr[3];
};

static const struct blob blobs[] = {
    { 0.0, 0.0, 0.62, 0.82, { 0.45, 0.55, 0.75 } },   // face
    { -0.25, -0.2, 0.12, 0.06, { 0.25, 0.25, 0.3 } }, // eyes
    { 0.25, -0.2, 0.12, 0.06, { 0.25, 0.25, 0.3 } },
    { 0.0, 0.1, 0.08, 0.16, { 0.55, 0.65, 0.85 } }, // nose
    { 0.0, 0.4, 0.2, 0.07, { 0.3, 0.3, 0.6 } },     // mouth
};

static void paint_pixel(double x, double y, float *bgr)
{
    for (int c = 0; c < 3; c++)
        bgr[c] = (float)(0.3 + 0.1 * y);
    for (size_t i = 0; i < sizeof blobs / sizeof blobs[0]; i++) {
        const struct blob *blob = &blobs[i];
        const double dx = (x - blob->x) / blob->rx, dy = (y - blob->y) / blob->ry;
        const double inside = 1.0 / (1.0 + exp(12.0 * (dx * dx + dy * dy - 1.0)));
        for (int c = 0; c < 3; c++)
            bgr[c] += (float)(inside * (blob->bgr[c] - (double)bgr[c]));
    }
}

static void paint(const struct mface_dfm *dfm, float *face)
{
    const int w = dfm->info.w, h = dfm->info.h;
    uint32_t grain = 1;
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            float *bgr = face + ((size_t)y * (size_t)w + (size_t)x) * 3;
            paint_pixel(2.0 * x / w - 1.0, 2.0 * y / h - 1.0, bgr);
            grain = grain * 1664525 + 1013904223; // Numerical Recipes' generator
            for (int c = 0; c < 3; c++)
                bgr[c] += (float)(grain >> 24) / 255 * 0.04f - 0.02f;
        }
    }
}

/* Face, celeb face, celeb mask and source mask of one run: eight values a pixel. */
static enum mface_status run(
    const struct mface_dfm *dfm, enum mface_precision precision, float *images)
{
    struct mface_plan *plan = NULL;
    paint(dfm, images);
    const struct mface_dfm_form form = { MFACE_DFM_FIRST_MORPH, !dfm->skip_source_mask, 1 };
    const struct mface_dfm_images views = mface_dfm_images_at(dfm, &form, images);
    MFACE_TRY(mface_dfm_compile(dfm, &form, precision, NULL, &plan));
    const enum mface_status status = mface_dfm_run_plan(dfm, plan, &form, &views);
    mface_plan_free(&plan);
    return status;
}

static double mean_square(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum / (double)n;
}

static double mean_difference(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a[i] - (double)b[i]);
    return sum / (double)n;
}

/* A NaN in either run stays one in the figure. */
static void compare(const struct mface_dfm *dfm, const float *exact, const float *reduced,
    struct mface_dfm_quality *quality)
{
    const size_t n = (size_t)dfm->info.w * (size_t)dfm->info.h;
    const double square = mean_square(exact + 3 * n, reduced + 3 * n, 3 * n);
    const double celeb = mean_difference(exact + 6 * n, reduced + 6 * n, n);
    const double source = mean_difference(exact + 7 * n, reduced + 7 * n, n);
    quality->face_psnr_db = square == 0.0 ? MOST_PSNR_DB : -10.0 * log10(square);
    quality->mask_diff = isnan(celeb) || celeb > source ? celeb : source;
}

enum mface_status mface_dfm_measure_quality(
    const struct mface_dfm *dfm, enum mface_precision precision, struct mface_dfm_quality *quality)
{
    const size_t n_values = (size_t)dfm->info.w * (size_t)dfm->info.h * 8;
    float *images = mface_mem_calloc(2 * n_values, sizeof *images);
    enum mface_status status = images ? MFACE_OK : mface_fail_nomem(dfm->path);
    if (status == MFACE_OK)
        status = run(dfm, MFACE_PRECISION_F32, images);
    if (status == MFACE_OK)
        status = run(dfm, precision, images + n_values);
    if (status == MFACE_OK)
        compare(dfm, images, images + n_values, quality);
    mface_mem_free(images);
    return status;
}

enum mface_status mface_dfm_is_good_in_bf16(const struct mface_dfm *dfm, bool *is_good)
{
    *is_good = true;
    if (!mface_onnx_uses(dfm->onnx, "Cos"))
        return MFACE_OK;
    struct mface_dfm_quality quality;
    MFACE_TRY(mface_dfm_measure_quality(dfm, MFACE_PRECISION_BF16, &quality));
    /* Written so that a NaN is not good. */
    *is_good = quality.face_psnr_db >= LEAST_PSNR_DB && quality.mask_diff <= MOST_MASK_DIFF;
    return MFACE_OK;
}
