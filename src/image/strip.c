#include "image/strip.h"

#include "image/interp.h"
#include "image/strip_kernels.h"
#include "image/strip_run.h"

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

void mface_strip_read_component(
    const struct mface_strip_picture *strips, int i, int x, int y, int n, float out[MFACE_STRIP_W])
{
    const struct mface_picture *picture = &strips->picture;
    const struct mface_samples from = mface_strip_samples_at(strips, i, x, y);
    if (!mface_picture_is_chroma(picture, i) || picture->log2_chroma_w == 0) {
        strips->kernels->load_samples(&from, n, out);
        return;
    }
    const struct mface_chroma_run run = mface_strip_chroma_run(picture, x, n);
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

void mface_strip_read(
    const struct mface_strip_picture *strips, int x, int y, int n, float v[3][MFACE_STRIP_W])
{
    const int n_components = mface_picture_n_components(&strips->picture);
    for (int i = 0; i < n_components; i++)
        mface_strip_read_component(strips, i, x, y, n, v[i]);
    for (int i = n_components; i < 3; i++) // grey
        memcpy(v[i], v[0], (size_t)n * sizeof(float));
    if (strips->picture.model == MFACE_MODEL_YUV)
        strips->kernels->rgb_from_yuv(&strips->weights, n, v[0], v[1], v[2]);
}
