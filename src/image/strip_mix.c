/* Mixing a face into a strip and writing what comes out of it. */
#include "image/strip_run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The vectors of the widest kernels. */
enum { NARROW_STEP = 16 };

void mface_strip_narrow(
    const struct mface_strip_picture *strips, struct mface_strip *strip, struct mface_range set)
{
    const int skip = set.l / NARROW_STEP * NARROW_STEP;
    const int end = (set.r + NARROW_STEP - 1) / NARROW_STEP * NARROW_STEP;
    const struct mface_range first = { strip->x + skip, strip->x + skip + 1 };
    if (mface_strip_columns(strips, first).l != first.l)
        return; // the picture's edge cuts its first chroma sample
    for (int j = 0; j < strip->h; j++) {
        strip->mask[j] = strip->mask[j] ? strip->mask[j] + skip : NULL;
        for (int k = 0; k < 3; k++)
            strip->face[j][k] += skip;
    }
    strip->w = (end < strip->w ? end : strip->w) - skip;
    strip->x += skip;
}

enum { LINE_BYTES = 64, NEAR_BYTES = 16 };

static void prefetch_row(
    const struct mface_strip_picture *strips, int i, struct mface_range columns, int y)
{
    const uint8_t *first = mface_picture_at(&strips->picture, i, columns.l, y);
    const uint8_t *last = mface_picture_at(&strips->picture, i, columns.r - 1, y);
    const ptrdiff_t bytes = labs(last - first);
    first = first < last ? first : last;
    for (ptrdiff_t at = 0; at < bytes; at += LINE_BYTES)
        __builtin_prefetch(first + at, 1);
    __builtin_prefetch(first + bytes, 1);
}

void mface_strip_prefetch(
    const struct mface_strip_picture *strips, struct mface_range columns, struct mface_range rows)
{
    const struct mface_picture *picture = &strips->picture;
    for (int i = 0; i < mface_picture_n_components(picture); i++) {
        const int step = mface_picture_is_chroma(picture, i) ? 1 << picture->log2_chroma_h : 1;
        if (abs(picture->component[i].step) > NEAR_BYTES)
            continue; // neighbours lie in other lines: the row before was in the same
        for (int y = rows.l; y < rows.r; y += step)
            prefetch_row(strips, i, columns, y);
    }
}

static struct mface_mix mix_of(struct mface_strip *strip, int j)
{
    struct mface_mix mix = { .mask = strip->mask[j] };
    for (int k = 0; k < 3; k++) {
        mix.face[k] = strip->face[j][k];
        mix.out[k] = strip->v[j][k];
    }
    return mix;
}

static void mix_rgb_row(const struct mface_strip_picture *strips, const struct mface_blend *blend,
    struct mface_strip *strip, int j)
{
    _Alignas(64) float rgb[3][MFACE_STRIP_W];
    struct mface_mix mix = mix_of(strip, j);
    for (int k = 0; k < 3; k++) {
        mface_strip_read_component(strips, k, strip->x, strip->y + j, strip->w, rgb[k]);
        mix.frame[k] = rgb[k];
    }
    strips->kernels->mix_rgb(blend, strip->w, &mix);
}

/* All rows of a strip have one row of chroma; grey has none. */
static void read_chroma(const struct mface_strip_picture *strips, const struct mface_strip *strip,
    float chroma[2][MFACE_STRIP_W])
{
    for (int i = 1; i < 3; i++)
        if (strips->picture.model == MFACE_MODEL_YUV)
            mface_strip_read_component(strips, i, strip->x, strip->y, strip->w, chroma[i - 1]);
        else
            memset(chroma[i - 1], 0, (size_t)strip->w * sizeof(float));
}

static void mix_yuv_row(const struct mface_strip_picture *strips, const struct mface_blend *blend,
    struct mface_strip *strip, int j, float chroma[2][MFACE_STRIP_W])
{
    _Alignas(64) float luma[MFACE_STRIP_W];
    struct mface_mix mix = mix_of(strip, j);
    mface_strip_read_component(strips, 0, strip->x, strip->y + j, strip->w, luma);
    mix.frame[0] = luma;
    mix.frame[1] = chroma[0];
    mix.frame[2] = chroma[1];
    strips->kernels->mix_yuv(blend, &strips->weights, strip->w, &mix);
}

void mface_strip_mix(const struct mface_strip_picture *strips, const struct mface_blend *blend,
    struct mface_strip *strip)
{
    _Alignas(64) float chroma[2][MFACE_STRIP_W];
    const bool is_rgb = strips->picture.model == MFACE_MODEL_RGB;
    assert(strip->w <= MFACE_STRIP_W && strip->h <= MFACE_STRIP_H);
    if (!is_rgb)
        read_chroma(strips, strip, chroma);
    for (int j = 0; j < strip->h; j++) {
        if (!strip->mask[j])
            continue;
        if (is_rgb)
            mix_rgb_row(strips, blend, strip, j);
        else
            mix_yuv_row(strips, blend, strip, j, chroma);
    }
}

/* What the written pixels say about a run of chroma samples. */
struct chroma_sums {
    float pb[MFACE_STRIP_W], pr[MFACE_STRIP_W], n_written[MFACE_STRIP_W];
};

static void add_row(const struct mface_strip_picture *strips, const struct mface_strip *strip,
    int j, struct chroma_sums *sums)
{
    const int shift = strips->picture.log2_chroma_w;
    const int phase = mface_strip_chroma_run(&strips->picture, strip->x, strip->w).phase;
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
        struct mface_samples to = mface_strip_samples_at(strips, k, strip->x, strip->y);
        to.at += first * to.step;
        strips->kernels->store_means(&to, end - first, (float)(w * strip->h),
            (k == 1 ? sums->pb : sums->pr) + first, sums->n_written + first);
    }
}

/* All chroma samples cover as many pixels, but for the first and last, which the picture's edge may
 * cut. */
static void store_chroma(const struct mface_strip_picture *strips, const struct mface_strip *strip)
{
    const struct mface_chroma_run run =
        mface_strip_chroma_run(&strips->picture, strip->x, strip->w);
    const int side = 1 << strips->picture.log2_chroma_w;
    struct chroma_sums sums;
    memset(sums.pb, 0, (size_t)run.n * sizeof(float));
    memset(sums.pr, 0, (size_t)run.n * sizeof(float));
    memset(sums.n_written, 0, (size_t)run.n * sizeof(float));
    for (int j = 0; j < strip->h; j++)
        if (strip->mask[j])
            add_row(strips, strip, j, &sums);
    const int first = side - run.phase < strip->w ? side - run.phase : strip->w;
    const int last = (run.phase + strip->w - 1) % side + 1;
    const int l = first < side, r = run.n - (run.n > l && last < side); // whole ones between
    store_means(strips, strip, 0, l, first, &sums);
    store_means(strips, strip, l, r, side, &sums);
    store_means(strips, strip, r, run.n, last, &sums);
}

static void store_row(
    const struct mface_strip_picture *strips, const struct mface_strip *strip, int j)
{
    for (int i = 0; i < (strips->picture.model == MFACE_MODEL_RGB ? 3 : 1); i++) {
        const struct mface_samples to = mface_strip_samples_at(strips, i, strip->x, strip->y + j);
        strips->kernels->store_samples(&to, strip->w, strip->v[j][i], strip->mask[j]);
    }
}

void mface_strip_store(const struct mface_strip_picture *strips, const struct mface_strip *strip)
{
    for (int j = 0; j < strip->h; j++)
        if (strip->mask[j])
            store_row(strips, strip, j);
    if (strips->picture.model == MFACE_MODEL_YUV)
        store_chroma(strips, strip);
}
