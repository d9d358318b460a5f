/* Writing BGR back into a picture, under a mask.
 *
 * Luma, RGB and grey samples belong to one pixel each and are written row by row. A chroma sample
 * may belong to several pixels: a row of chroma is gathered over all picture rows it covers, and
 * each sample that any written pixel shares becomes the mean over its pixels, those not written
 * standing in with the present value. */
#include "image/picture_row.h"

#include <assert.h>

struct writer {
    const struct mface_picture *picture;
    struct mface_rect rect;
    const struct mface_image *bgr, *mask;
    float kr, kg, kb;
};

static const float *mask_at(const struct writer *writer, int x, int y)
{
    return mface_image_row_f32(writer->mask, y - writer->rect.t) + (x - writer->rect.l);
}

/* The n pixels from x, y on, in the picture's own components. */
static void convert_block(
    const struct writer *writer, int x, int y, int n, struct mface_picture_block *block)
{
    const float *restrict bgr =
        mface_image_row_f32(writer->bgr, y - writer->rect.t) + (x - writer->rect.l) * 3;
    float *restrict v0 = block->v[0], *restrict v1 = block->v[1], *restrict v2 = block->v[2];
    if (writer->picture->model == MFACE_MODEL_RGB) {
        for (int i = 0; i < n; i++) {
            v0[i] = bgr[i * 3 + 2];
            v1[i] = bgr[i * 3 + 1];
            v2[i] = bgr[i * 3];
        }
        return;
    }
    const float pb_scale = 0.5f / (1 - writer->kb), pr_scale = 0.5f / (1 - writer->kr);
    for (int i = 0; i < n; i++) {
        const float b = bgr[i * 3], g = bgr[i * 3 + 1], r = bgr[i * 3 + 2];
        const float luma = writer->kr * r + writer->kg * g + writer->kb * b;
        v0[i] = luma;
        v1[i] = (b - luma) * pb_scale;
        v2[i] = (r - luma) * pr_scale;
    }
}

static void write_pixel_block(const struct writer *writer, int x, int y, int n)
{
    const struct mface_picture *picture = writer->picture;
    const int n_full = picture->model == MFACE_MODEL_RGB ? 3 : 1;
    struct mface_picture_block block;
    convert_block(writer, x, y, n, &block);
    for (int i = 0; i < n_full; i++)
        mface_picture_store(picture, i, x, y, n, block.v[i], mask_at(writer, x, y));
}

static void write_pixels(const struct writer *writer)
{
    const struct mface_rect rect = writer->rect;
    for (int y = rect.t; y < rect.b; y++)
        for (int x = rect.l; x < rect.r; x += MFACE_PICTURE_BLOCK)
            write_pixel_block(
                writer, x, y, rect.r - x < MFACE_PICTURE_BLOCK ? rect.r - x : MFACE_PICTURE_BLOCK);
}

/* What the written pixels say about a run of chroma samples. */
struct chroma_sums {
    float pb[MFACE_PICTURE_BLOCK], pr[MFACE_PICTURE_BLOCK];
    int n_written[MFACE_PICTURE_BLOCK];
};

/* Pixels l ≤ x < r (or rows) of an axis of `side` pixels that chroma sample i covers. */
struct span {
    int l, r;
};

static struct span chroma_span(int i, int phase, int shift, int side)
{
    const int l = (i << shift) - phase, r = l + (1 << shift);
    return (struct span) { l > 0 ? l : 0, r < side ? r : side };
}

static struct span clip(struct span span, int l, int r)
{
    return (struct span) { span.l > l ? span.l : l, span.r < r ? span.r : r };
}

/* Adds the pixels `across` of row y, which are those of the chroma samples from `first` on. */
static void add_row(
    const struct writer *writer, int first, struct span across, int y, struct chroma_sums *sums)
{
    const struct mface_picture *picture = writer->picture;
    const float *mask = mask_at(writer, across.l, y);
    struct mface_picture_block block;
    convert_block(writer, across.l, y, across.r - across.l, &block);
    for (int x = across.l; x < across.r; x++) {
        const int j = x - across.l;
        const int i = ((x + picture->chroma_x0) >> picture->log2_chroma_w) - first;
        if (mask[j] > 0) {
            sums->pb[i] += block.v[1][j];
            sums->pr[i] += block.v[2][j];
            sums->n_written[i]++;
        }
    }
}

/* Replaces one chroma sample, which covers n_pixels, by the mean. */
static void put_chroma(const struct writer *writer, int component_index, struct span across,
    struct span down, float sum, int n_written)
{
    const struct mface_picture *picture = writer->picture;
    const struct mface_component *component = &picture->component[component_index];
    const struct mface_code code = mface_picture_code(picture, component_index);
    uint8_t *at = mface_picture_at(picture, component_index, across.l, down.l);
    const int n_pixels = (across.r - across.l) * (down.r - down.l);
    const float present = mface_picture_get(component, code, at);
    const float mean = (sum + (float)(n_pixels - n_written) * present) / (float)n_pixels;
    mface_picture_put(component, code, at, mean);
}

/* The chroma samples first ≤ i < end of one row, which covers the picture rows `down`. */
static void write_chroma_run(const struct writer *writer, int first, int end, struct span down)
{
    const struct mface_picture *picture = writer->picture;
    const int phase = picture->chroma_x0, shift = picture->log2_chroma_w;
    const struct mface_rect rect = writer->rect;
    const struct span rows = clip(down, rect.t, rect.b);
    const struct span across =
        clip((struct span) { (first << shift) - phase, (end << shift) - phase }, rect.l, rect.r);
    struct chroma_sums sums = { 0 };
    for (int y = rows.l; y < rows.r; y++)
        add_row(writer, first, across, y, &sums);
    for (int i = 0; i < end - first; i++) {
        if (sums.n_written[i] == 0)
            continue;
        const struct span pixels = chroma_span(first + i, phase, shift, picture->w);
        put_chroma(writer, 1, pixels, down, sums.pb[i], sums.n_written[i]);
        put_chroma(writer, 2, pixels, down, sums.pr[i], sums.n_written[i]);
    }
}

static void write_chroma(const struct writer *writer)
{
    const struct mface_picture *picture = writer->picture;
    const struct mface_rect rect = writer->rect;
    const int left = (rect.l + picture->chroma_x0) >> picture->log2_chroma_w;
    const int right = ((rect.r - 1 + picture->chroma_x0) >> picture->log2_chroma_w) + 1;
    const int top = (rect.t + picture->chroma_y0) >> picture->log2_chroma_h;
    const int bottom = ((rect.b - 1 + picture->chroma_y0) >> picture->log2_chroma_h) + 1;
    const int run = MFACE_PICTURE_BLOCK >> picture->log2_chroma_w;
    for (int y = top; y < bottom; y++) {
        const struct span down =
            chroma_span(y, picture->chroma_y0, picture->log2_chroma_h, picture->h);
        for (int x = left; x < right; x += run)
            write_chroma_run(writer, x, right - x < run ? right : x + run, down);
    }
}

void mface_picture_write_bgr(const struct mface_picture *picture, struct mface_rect rect,
    const struct mface_image *bgr, const struct mface_image *mask)
{
    assert(bgr->c == 3 && bgr->sample == MFACE_SAMPLE_F32 && bgr->w == rect.r - rect.l);
    assert(mask->c == 1 && mask->sample == MFACE_SAMPLE_F32 && mask->w == bgr->w);
    assert(bgr->h == rect.b - rect.t && mask->h == bgr->h);
    const struct mface_matrix matrix = mface_picture_matrix(picture);
    const struct writer writer = {
        .picture = picture,
        .rect = rect,
        .bgr = bgr,
        .mask = mask,
        .kr = (float)matrix.kr,
        .kg = (float)(1 - matrix.kr - matrix.kb),
        .kb = (float)matrix.kb,
    };
    write_pixels(&writer);
    if (picture->model == MFACE_MODEL_YUV)
        write_chroma(&writer);
}
