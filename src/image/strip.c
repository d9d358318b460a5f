#include "image/strip.h"

#include "image/interp.h"
#include "image/strip_kernels.h"

#include <assert.h>
#include <string.h>

static void pack_bgr_u8(int n, const float *restrict r, const float *restrict g,
    const float *restrict b, uint8_t *restrict out)
{
    const float *const planes[3] = { b, g, r };
    uint8_t bytes[3][MFACE_STRIP_W]; // rounding becomes vector code, interleaving does not
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n; i++)
            bytes[k][i] = mface_round_u8(planes[k][i] * 255.0f);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            out[i * 3 + k] = bytes[k][i];
}

static void add_chroma_pairs(int n, const float *restrict pb, const float *restrict pr,
    const float *restrict mask, float *restrict pb_sums, float *restrict pr_sums,
    float *restrict n_written)
{
    for (int i = 0; i < n; i++) {
        const bool a = mask[2 * i] > 0, b = mask[2 * i + 1] > 0;
        pb_sums[i] = (pb_sums[i] + (a ? pb[2 * i] : 0)) + (b ? pb[2 * i + 1] : 0);
        pr_sums[i] = (pr_sums[i] + (a ? pr[2 * i] : 0)) + (b ? pr[2 * i + 1] : 0);
        n_written[i] = (n_written[i] + (a ? 1.0f : 0)) + (b ? 1.0f : 0);
    }
}

void mface_strip_fill_c(struct mface_kernel_table *table)
{
    strip_fill(table);
    table->strip.pack_bgr_u8 = pack_bgr_u8;
    table->strip.add_chroma_pairs = add_chroma_pairs;
}

void mface_strip_picture_init(
    struct mface_strip_picture *strips, const struct mface_picture *picture)
{
    strips->picture = *picture;
    strips->kernels = &mface_kernel_table()->strip;
    strips->weights = mface_picture_yuv_weights(picture);
    for (int i = 0; i < mface_picture_n_components(picture); i++)
        strips->code[i] = mface_picture_code(picture, i);
}

static int chroma_shift_w(const struct mface_picture *picture)
{
    return picture->model == MFACE_MODEL_YUV ? picture->log2_chroma_w : 0;
}

static int chroma_shift_h(const struct mface_picture *picture)
{
    return picture->model == MFACE_MODEL_YUV ? picture->log2_chroma_h : 0;
}

/* `range` widened to whole groups of 1 << shift, the first of them less `phase`. */
static struct mface_range whole_groups(struct mface_range range, int phase, int shift, int side)
{
    const int l = (((range.l + phase) >> shift) << shift) - phase;
    const int r = ((((range.r - 1 + phase) >> shift) + 1) << shift) - phase;
    return (struct mface_range) { l > 0 ? l : 0, r < side ? r : side };
}

struct mface_range mface_strip_rows(
    const struct mface_strip_picture *strips, struct mface_range rows)
{
    const struct mface_picture *picture = &strips->picture;
    return whole_groups(rows, picture->chroma_y0, chroma_shift_h(picture), picture->h);
}

struct mface_range mface_strip_columns(
    const struct mface_strip_picture *strips, struct mface_range columns)
{
    const struct mface_picture *picture = &strips->picture;
    return whole_groups(columns, picture->chroma_x0, chroma_shift_w(picture), picture->w);
}

int mface_strip_end(const struct mface_strip_picture *strips, int x, int end)
{
    const struct mface_picture *picture = &strips->picture;
    const int shift = chroma_shift_w(picture), phase = picture->chroma_x0;
    if (end - x <= MFACE_STRIP_W)
        return end;
    return (((x + MFACE_STRIP_W + phase) >> shift) << shift) - phase;
}

static struct mface_samples samples_at(
    const struct mface_strip_picture *strips, int i, int x, int y)
{
    const struct mface_component *component = &strips->picture.component[i];
    return (struct mface_samples) {
        .at = mface_picture_at(&strips->picture, i, x, y),
        .step = component->step,
        .shift = component->shift,
        .depth = component->depth,
        .code = strips->code[i],
    };
}

/* Chroma samples that n pixels from x on belong to, and how many pixels of the first come before
 * x. */
struct chroma_run {
    int n, phase;
};

static struct chroma_run chroma_run(const struct mface_picture *picture, int x, int n)
{
    const int shift = picture->log2_chroma_w, at = x + picture->chroma_x0;
    return (
        struct chroma_run) { ((at + n - 1) >> shift) - (at >> shift) + 1, at & ((1 << shift) - 1) };
}

static void load_chroma(
    const struct mface_strip_picture *strips, int i, int x, int y, int n, float *out)
{
    const struct mface_picture *picture = &strips->picture;
    const struct mface_samples from = samples_at(strips, i, x, y);
    if (picture->log2_chroma_w == 0) {
        strips->kernels->load_samples(&from, n, out);
        return;
    }
    const struct chroma_run run = chroma_run(picture, x, n);
    float samples[MFACE_STRIP_W];
    strips->kernels->load_samples(&from, run.n, samples);
    int done = 0;
    if (picture->log2_chroma_w == 1 && run.phase == 0) {
        done = n & ~1;
        strips->kernels->double_samples(done / 2, samples, out);
    }
    for (int k = done; k < n; k++)
        out[k] = samples[(k + run.phase) >> picture->log2_chroma_w];
}

void mface_strip_read_luma(
    const struct mface_strip_picture *strips, int x, int y, int n, float luma[MFACE_STRIP_W])
{
    const struct mface_samples from = samples_at(strips, 0, x, y);
    strips->kernels->load_samples(&from, n, luma);
}

void mface_strip_read(
    const struct mface_strip_picture *strips, int x, int y, int n, float v[3][MFACE_STRIP_W])
{
    const enum mface_model model = strips->picture.model;
    mface_strip_read_luma(strips, x, y, n, v[0]);
    for (int i = 1; i < 3; i++) {
        if (model == MFACE_MODEL_RGB) {
            const struct mface_samples from = samples_at(strips, i, x, y);
            strips->kernels->load_samples(&from, n, v[i]);
        } else if (model == MFACE_MODEL_YUV)
            load_chroma(strips, i, x, y, n, v[i]);
        else
            memcpy(v[i], v[0], (size_t)n * sizeof(float));
    }
    if (model == MFACE_MODEL_YUV)
        strips->kernels->rgb_from_yuv(&strips->weights, n, v[0], v[1], v[2]);
}

void mface_strip_load(const struct mface_strip_picture *strips, struct mface_strip *strip, int j)
{
    mface_strip_read(strips, strip->x, strip->y + j, strip->w, strip->v[j]);
}

/* What the written pixels say about a run of chroma samples. */
struct chroma_sums {
    float pb[MFACE_STRIP_W], pr[MFACE_STRIP_W], n_written[MFACE_STRIP_W];
};

static void add_row(const struct mface_strip_picture *strips, const struct mface_strip *strip,
    int j, struct chroma_sums *sums)
{
    const int shift = strips->picture.log2_chroma_w;
    const int phase = chroma_run(&strips->picture, strip->x, strip->w).phase;
    const float *mask = strip->mask[j], *pb = strip->v[j][1], *pr = strip->v[j][2];
    int x = 0;
    if (shift == 1 && phase == 0) {
        x = strip->w & ~1;
        strips->kernels->add_chroma_pairs(x / 2, pb, pr, mask, sums->pb, sums->pr, sums->n_written);
    }
    for (; x < strip->w; x++) {
        const int i = (x + phase) >> shift;
        if (mask[x] > 0) {
            sums->pb[i] += pb[x];
            sums->pr[i] += pr[x];
            sums->n_written[i] += 1;
        }
    }
}

/* Means of the chroma samples first ≤ i < end of the run, which have `w` columns each. */
static void store_means(const struct mface_strip_picture *strips, const struct mface_strip *strip,
    int first, int end, int w, const struct chroma_sums *sums)
{
    if (first >= end)
        return;
    for (int k = 1; k < 3; k++) {
        struct mface_samples to = samples_at(strips, k, strip->x, strip->y);
        to.at += first * to.step;
        strips->kernels->store_means(&to, end - first, (float)(w * strip->h),
            (k == 1 ? sums->pb : sums->pr) + first, sums->n_written + first);
    }
}

/* All chroma samples cover as many pixels, but for the first and last, which the picture's edge may
 * cut. */
static void store_chroma(const struct mface_strip_picture *strips, const struct mface_strip *strip)
{
    const struct chroma_run run = chroma_run(&strips->picture, strip->x, strip->w);
    const int side = 1 << strips->picture.log2_chroma_w;
    struct chroma_sums sums;
    memset(sums.pb, 0, (size_t)run.n * sizeof(float));
    memset(sums.pr, 0, (size_t)run.n * sizeof(float));
    memset(sums.n_written, 0, (size_t)run.n * sizeof(float));
    for (int j = 0; j < strip->h; j++)
        if (strip->is_set[j])
            add_row(strips, strip, j, &sums);
    const int first = side - run.phase < strip->w ? side - run.phase : strip->w;
    const int last = (run.phase + strip->w - 1) % side + 1;
    const int l = first < side, r = run.n - (run.n > l && last < side); // whole ones between
    store_means(strips, strip, 0, l, first, &sums);
    store_means(strips, strip, l, r, side, &sums);
    store_means(strips, strip, r, run.n, last, &sums);
}

static void store_row(const struct mface_strip_picture *strips, struct mface_strip *strip, int j)
{
    const enum mface_model model = strips->picture.model;
    float(*v)[MFACE_STRIP_W] = strip->v[j];
    if (model != MFACE_MODEL_RGB)
        strips->kernels->yuv_from_rgb(&strips->weights, strip->w, v[0], v[1], v[2]);
    for (int i = 0; i < (model == MFACE_MODEL_RGB ? 3 : 1); i++) {
        const struct mface_samples to = samples_at(strips, i, strip->x, strip->y + j);
        strips->kernels->store_samples(&to, strip->w, v[i], strip->mask[j]);
    }
}

void mface_strip_store(const struct mface_strip_picture *strips, struct mface_strip *strip)
{
    bool any = false;
    assert(strip->w <= MFACE_STRIP_W && strip->h <= MFACE_STRIP_H);
    for (int j = 0; j < strip->h; j++) {
        any |= strip->is_set[j];
        if (strip->is_set[j])
            store_row(strips, strip, j);
    }
    if (any && strips->picture.model == MFACE_MODEL_YUV)
        store_chroma(strips, strip);
}
