#include "pipeline/patch.h"

#include <stdlib.h>
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
    if (mface_rect_is_empty(*rect))
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

/* Words in two directions: n_inner of them `inner` bytes apart, and that n_outer times. */
struct block {
    uint8_t *first;
    ptrdiff_t inner, outer;
    int n_inner, n_outer;
    size_t word;
};

static struct block block_of(
    const struct mface_picture *picture, int i, const struct mface_rect *rect)
{
    const struct mface_component *component = &picture->component[i];
    const struct mface_rect s = samples_of(picture, i, rect);
    const ptrdiff_t stride = picture->stride[component->plane];
    return (struct block) {
        .first = picture->data[component->plane] + s.t * stride + (ptrdiff_t)s.l * component->step +
                 component->offset,
        .inner = component->step,
        .outer = stride,
        .n_inner = s.r - s.l,
        .n_outer = s.b - s.t,
        .word = word_bytes(component),
    };
}

/* The same words, those next to each other in memory first, upwards: what lies how in a patch
 * matters to nobody, as long as taking and applying agree. */
static struct block in_memory_order(struct block b)
{
    if (labs(b.inner) > labs(b.outer))
        b = (struct block) { b.first, b.outer, b.inner, b.n_outer, b.n_inner, b.word };
    if (b.inner < 0) {
        b.first += (b.n_inner - 1) * b.inner;
        b.inner = -b.inner;
    }
    return b;
}

static inline __attribute__((always_inline)) void copy_words_by(uint8_t *restrict to,
    ptrdiff_t to_step, const uint8_t *restrict from, ptrdiff_t from_step, size_t word, int n)
{
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < word; k++)
            to[i * to_step + (ptrdiff_t)k] = from[i * from_step + (ptrdiff_t)k];
}

/* Of the steps there are, that of BGRA is worth a loop of its own. */
static void copy_words(
    uint8_t *to, ptrdiff_t to_step, const uint8_t *from, ptrdiff_t from_step, size_t word, int n)
{
    if (word == 1 && to_step == 1 && from_step == 4)
        copy_words_by(to, 1, from, 4, 1, n);
    else if (word == 1)
        copy_words_by(to, to_step, from, from_step, 1, n);
    else
        copy_words_by(to, to_step, from, from_step, word, n);
}

static bool is_chroma(const struct mface_picture *picture, int i)
{
    return picture->model == MFACE_MODEL_YUV && i > 0;
}

/* Whether components i and j lie in each other's gaps (packed RGB, the chroma of NV12). */
static bool is_beside(const struct mface_picture *picture, int i, int j)
{
    const struct mface_component *a = &picture->component[i], *b = &picture->component[j];
    return a->plane == b->plane && a->step == b->step && a->depth == b->depth &&
           is_chroma(picture, i) == is_chroma(picture, j);
}

/* The first of the components in the plane of component i, itself included, if these leave no byte
 * of a row to others, so that rows are copied whole; else -1. */
static int first_sharing(const struct mface_picture *picture, int i)
{
    const struct mface_component *component = &picture->component[i];
    int n = 0, first = i, start = component->offset;
    for (int j = n_components(picture) - 1; j >= 0; j--) {
        if (!is_beside(picture, i, j))
            continue;
        first = j;
        n++;
        start = picture->component[j].offset < start ? picture->component[j].offset : start;
    }
    return start == 0 && n * (int)word_bytes(component) == component->step ? first : -1;
}

static uint8_t *copy_component(const struct mface_picture *picture, int i,
    const struct mface_rect *rect, uint8_t *packed, enum direction direction)
{
    struct block b = in_memory_order(block_of(picture, i, rect));
    const int first = first_sharing(picture, i);
    if (first >= 0) {
        if (first != i)
            return packed; // is in the first's rows
        b.first -= picture->component[i].offset;
        b.word = (size_t)picture->component[i].step;
    }
    const ptrdiff_t word = (ptrdiff_t)b.word;
    const size_t row_bytes = b.word * (size_t)b.n_inner;
    if (b.n_inner <= 0)
        return packed;
    for (int y = 0; y < b.n_outer; y++, packed += row_bytes) {
        uint8_t *row = b.first + y * b.outer;
        if (b.inner == word)
            memcpy(direction == TAKE ? packed : row, direction == TAKE ? row : packed, row_bytes);
        else if (direction == TAKE)
            copy_words(packed, word, row, b.inner, b.word, b.n_inner);
        else
            copy_words(row, b.inner, packed, word, b.word, b.n_inner);
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

int mface_patch_n_empty(const void *patch)
{
    const struct header *header = patch;
    return mface_rects_n_empty(header->rects, header->n_rects);
}

void mface_patch_apply(const struct mface_picture *picture, const void *patch)
{
    const struct header *header = patch;
    uint8_t *packed = (uint8_t *)patch + header_bytes(header->n_rects); // read only: APPLY
    copy_rects(picture, header->rects, header->n_rects, packed, APPLY);
}
