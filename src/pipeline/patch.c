#include "pipeline/patch.h"

#include <string.h>

struct header {
    int32_t n_rects;
    struct mface_rect rects[];
};

enum direction { TAKE, APPLY };

static size_t header_bytes(int n_rects)
{
    return sizeof(struct header) + (size_t)n_rects * sizeof(struct mface_rect);
}

static size_t word_bytes(const struct mface_component *component)
{
    return component->depth > 8 ? 2 : 1;
}

/* The samples of component i that lie in or partly in the rectangle. */
static struct mface_rect samples_of(
    const struct mface_picture *picture, int i, const struct mface_rect *rect)
{
    if (rect->l >= rect->r || rect->t >= rect->b)
        return (struct mface_rect) { 0 };
    if (picture->model != MFACE_MODEL_YUV || i == 0)
        return *rect;
    return (struct mface_rect) {
        .l = (rect->l + picture->chroma_x0) >> picture->log2_chroma_w,
        .t = (rect->t + picture->chroma_y0) >> picture->log2_chroma_h,
        .r = ((rect->r - 1 + picture->chroma_x0) >> picture->log2_chroma_w) + 1,
        .b = ((rect->b - 1 + picture->chroma_y0) >> picture->log2_chroma_h) + 1,
    };
}

static int n_components(const struct mface_picture *picture)
{
    return picture->model == MFACE_MODEL_GRAY ? 1 : 3;
}

size_t mface_patch_bytes(
    const struct mface_picture *picture, const struct mface_rect *rects, int n_rects)
{
    size_t bytes = header_bytes(n_rects);
    for (int k = 0; k < n_rects; k++) {
        for (int i = 0; i < n_components(picture); i++) {
            const struct mface_rect s = samples_of(picture, i, &rects[k]);
            bytes += (size_t)(s.r - s.l) * (size_t)(s.b - s.t) * word_bytes(&picture->component[i]);
        }
    }
    return bytes;
}

/* One row of words, `step` bytes apart in the picture and packed in the patch. */
static void copy_row(
    uint8_t *sample, int step, uint8_t *packed, size_t word, int n, enum direction direction)
{
    if (step == (int)word) {
        memcpy(direction == TAKE ? packed : sample, direction == TAKE ? sample : packed,
            word * (size_t)n);
        return;
    }
    const ptrdiff_t to_step = direction == TAKE ? (ptrdiff_t)word : step;
    const ptrdiff_t from_step = direction == TAKE ? step : (ptrdiff_t)word;
    uint8_t *to = direction == TAKE ? packed : sample;
    const uint8_t *from = direction == TAKE ? sample : packed;
    for (int x = 0; x < n; x++, to += to_step, from += from_step) {
        to[0] = from[0];
        if (word == 2)
            to[1] = from[1];
    }
}

static uint8_t *copy_component(const struct mface_picture *picture, int i,
    const struct mface_rect *rect, uint8_t *packed, enum direction direction)
{
    const struct mface_component *component = &picture->component[i];
    const struct mface_rect s = samples_of(picture, i, rect);
    const size_t word = word_bytes(component);
    for (int y = s.t; y < s.b; y++) {
        uint8_t *row = picture->data[component->plane] + y * picture->stride[component->plane];
        uint8_t *first = row + (ptrdiff_t)s.l * component->step + component->offset;
        copy_row(first, component->step, packed, word, s.r - s.l, direction);
        packed += word * (size_t)(s.r - s.l);
    }
    return packed;
}

static void copy_rects(const struct mface_picture *picture, const struct mface_rect *rects,
    int n_rects, uint8_t *packed, enum direction direction)
{
    for (int k = 0; k < n_rects; k++)
        for (int i = 0; i < n_components(picture); i++)
            packed = copy_component(picture, i, &rects[k], packed, direction);
}

void mface_patch_take(
    const struct mface_picture *picture, const struct mface_rect *rects, int n_rects, void *patch)
{
    struct header *header = patch;
    header->n_rects = n_rects;
    if (n_rects)
        memcpy(header->rects, rects, (size_t)n_rects * sizeof *rects);
    copy_rects(picture, rects, n_rects, (uint8_t *)patch + header_bytes(n_rects), TAKE);
}

void mface_patch_apply(const struct mface_picture *picture, const void *patch)
{
    const struct header *header = patch;
    uint8_t *packed = (uint8_t *)patch + header_bytes(header->n_rects); // read only: APPLY
    copy_rects(picture, header->rects, header->n_rects, packed, APPLY);
}
