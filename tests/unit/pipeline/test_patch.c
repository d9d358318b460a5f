/* Patches over the formats video comes in: what is taken from one picture and applied to another
 * makes their rectangles equal and leaves every other sample alone. */
#include "pipeline/patch.h"

#include "../cmocka_all.h"

#include <stdlib.h>
#include <string.h>

enum { W = 37, H = 23, BYTES = W * H * 8 };

static const struct mface_picture formats[] = {
    { .w = W,
        .h = H,
        .model = MFACE_MODEL_YUV,
        .log2_chroma_w = 1,
        .log2_chroma_h = 1,
        .stride = { W, (W + 1) / 2, (W + 1) / 2 },
        .component = { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { .w = W,
        .h = H,
        .model = MFACE_MODEL_YUV,
        .log2_chroma_w = 1,
        .log2_chroma_h = 1,
        .stride = { W, W + 1 },
        .component = { { 0, 1, 0, 0, 8 }, { 1, 2, 0, 0, 8 }, { 1, 2, 1, 0, 8 } } },
    { .w = W,
        .h = H,
        .model = MFACE_MODEL_YUV,
        .log2_chroma_w = 1,
        .stride = { 2 * W, W + 1, W + 1 },
        .component = { { 0, 2, 0, 0, 10 }, { 1, 2, 0, 0, 10 }, { 2, 2, 0, 0, 10 } } },
    { .w = W,
        .h = H,
        .model = MFACE_MODEL_RGB,
        .stride = { 4 * W },
        .component = { { 0, 4, 2, 0, 8 }, { 0, 4, 1, 0, 8 }, { 0, 4, 0, 0, 8 } } },
    { .w = W,
        .h = H,
        .model = MFACE_MODEL_GRAY,
        .stride = { W },
        .component = { { 0, 1, 0, 0, 8 } } },
};
enum { N_FORMATS = sizeof formats / sizeof formats[0] };

/* Planes of a third of the memory each: enough for all of the formats. */
static struct mface_picture on_memory(const struct mface_picture *format, uint8_t *bytes)
{
    struct mface_picture picture = *format;
    for (int i = 0; i < 3; i++)
        picture.data[i] = bytes + i * (BYTES / 3);
    return picture;
}

static uint8_t *word_at(const struct mface_picture *picture, int i, int x, int y)
{
    const struct mface_component *c = &picture->component[i];
    return picture->data[c->plane] + y * picture->stride[c->plane] + x * c->step + c->offset;
}

/* The bytes of `to` that a patch of `rect` is to replace, marked independently of the patch's own
 * arithmetic: every pixel marks the samples it is shown by. */
static void mark_samples(const struct mface_picture *picture, const uint8_t *bytes,
    struct mface_rect rect, uint8_t *marks)
{
    const int n = picture->model == MFACE_MODEL_GRAY ? 1 : 3;
    for (int i = 0; i < n; i++) {
        const bool chroma = picture->model == MFACE_MODEL_YUV && i > 0;
        for (int y = rect.t; y < rect.b; y++) {
            for (int x = rect.l; x < rect.r; x++) {
                const int cx = chroma ? (x + picture->chroma_x0) >> picture->log2_chroma_w : x;
                const int cy = chroma ? (y + picture->chroma_y0) >> picture->log2_chroma_h : y;
                const ptrdiff_t at = word_at(picture, i, cx, cy) - bytes;
                memset(marks + at, 1, picture->component[i].depth > 8 ? 2 : 1);
            }
        }
    }
}

/* One of the eight orientations. */
static struct mface_picture turned(const struct mface_picture *picture, int view)
{
    return mface_picture_view(picture, view & 1, view & 2, view & 4);
}

static void check_patch(
    const struct mface_picture *format, int view, const struct mface_rect *rects, int n_rects)
{
    static uint8_t from[BYTES], to[BYTES], before[BYTES], marks[BYTES];
    for (int i = 0; i < BYTES; i++) {
        from[i] = (uint8_t)(i * 7 + 3);
        to[i] = before[i] = (uint8_t)~from[i];
    }
    memset(marks, 0, sizeof marks);
    const struct mface_picture plain_from = on_memory(format, from);
    const struct mface_picture plain_to = on_memory(format, to);
    const struct mface_picture source = turned(&plain_from, view);
    const struct mface_picture target = turned(&plain_to, view);
    for (int k = 0; k < n_rects; k++)
        mark_samples(&target, to, rects[k], marks);

    void *patch = malloc(mface_patch_bytes(&source, rects, n_rects)); // exact, for the sanitizer
    assert_non_null(patch);
    mface_patch_take(&source, rects, n_rects, patch);
    mface_patch_apply(&target, patch);
    int n_empty = 0;
    for (int k = 0; k < n_rects; k++)
        n_empty += rects[k].l == rects[k].r;
    assert_int_equal(mface_patch_n_empty(patch), n_empty);
    free(patch);
    for (int i = 0; i < BYTES; i++)
        assert_int_equal(to[i], marks[i] ? from[i] : before[i]);
}

static void test_every_format_and_orientation(void **state)
{
    (void)state;
    static const struct mface_rect rects[] = {
        { 3, 5, 14, 18 },
        { 0, 0, 1, 1 },
        { 7, 7, 7, 9 }, // empty
        { 10, 2, 23, 23 },
    };
    for (int format = 0; format < N_FORMATS; format++)
        for (int view = 0; view < 8; view++)
            for (int n = 0; n <= 4; n++)
                check_patch(&formats[format], view, rects, n);
}

static void test_whole_frame(void **state)
{
    (void)state;
    for (int format = 0; format < N_FORMATS; format++) {
        for (int view = 0; view < 8; view++) {
            const bool upright = !(view & 1);
            const struct mface_rect whole = { 0, 0, upright ? W : H, upright ? H : W };
            check_patch(&formats[format], view, &whole, 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format_and_orientation),
        cmocka_unit_test(test_whole_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
