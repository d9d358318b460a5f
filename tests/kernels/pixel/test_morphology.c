/* Erosion and dilation: against the least and greatest value within a diamond, and their laws. */
#include "canvas.h"
#include "image/kernels.h"

#include <math.h>

typedef enum mface_status (*morph_fn)(
    const struct mface_image *, const struct mface_image *, int passes);

static float extreme(const struct mface_image *image, int x, int y, int radius, bool greatest)
{
    float best = greatest ? -INFINITY : INFINITY;
    for (int j = 0; j < image->h; j++)
        for (int i = 0; i < image->w; i++) {
            const float v = mface_image_row_f32(image, j)[i];
            if (abs(i - x) + abs(j - y) <= radius && (greatest ? v > best : v < best))
                best = v;
        }
    return best;
}

static void check(int w, int h, int passes, bool greatest)
{
    struct canvas src = canvas_make(w, h, 1, MFACE_SAMPLE_F32);
    struct canvas dst = canvas_make(w, h, 1, MFACE_SAMPLE_F32);
    struct canvas both = canvas_make(w, h, 1, MFACE_SAMPLE_F32);
    const morph_fn morph = greatest ? mface_dilate3 : mface_erode3;
    canvas_fill_random(&src, (unsigned)(w + h));
    canvas_fill_random(&both, (unsigned)(w + h));
    assert_int_equal(morph(&src.image, &dst.image, passes), MFACE_OK);
    assert_int_equal(morph(&both.image, &both.image, passes), MFACE_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const float want = extreme(&src.image, x, y, passes, greatest);
            assert_true(mface_image_row_f32(&dst.image, y)[x] == want);
            assert_true(mface_image_row_f32(&both.image, y)[x] == want);
        }
    canvas_free(&src);
    canvas_free(&dst);
    canvas_free(&both);
}

static void test_diamond(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1, 1 }, { 1, 13 }, { 19, 1 }, { 33, 17 } };
    static const int passes[] = { 0, 1, 2, 7, 200 };
    for (size_t s = 0; s < 4; s++)
        for (size_t p = 0; p < 5; p++) {
            check(sizes[s][0], sizes[s][1], passes[p], false);
            check(sizes[s][0], sizes[s][1], passes[p], true);
        }
}

/* Opening only takes away, closing only adds, and either done twice changes nothing more. */
static void test_opening_and_closing(void **state)
{
    (void)state;
    enum { W = 41, H = 23 };
    struct canvas src = canvas_make(W, H, 1, MFACE_SAMPLE_F32);
    struct canvas open = canvas_make(W, H, 1, MFACE_SAMPLE_F32);
    struct canvas again = canvas_make(W, H, 1, MFACE_SAMPLE_F32);
    struct canvas close = canvas_make(W, H, 1, MFACE_SAMPLE_F32);
    canvas_fill_random(&src, 4);
    assert_int_equal(mface_erode3(&src.image, &open.image, 3), MFACE_OK);
    assert_int_equal(mface_dilate3(&open.image, &open.image, 3), MFACE_OK);
    assert_int_equal(mface_erode3(&open.image, &again.image, 3), MFACE_OK);
    assert_int_equal(mface_dilate3(&again.image, &again.image, 3), MFACE_OK);
    assert_int_equal(mface_dilate3(&src.image, &close.image, 3), MFACE_OK);
    assert_int_equal(mface_erode3(&close.image, &close.image, 3), MFACE_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const float v = mface_image_row_f32(&src.image, y)[x];
            const float o = mface_image_row_f32(&open.image, y)[x];
            assert_true(o <= v && v <= mface_image_row_f32(&close.image, y)[x]);
            assert_true(o == mface_image_row_f32(&again.image, y)[x]);
        }
    canvas_free(&src);
    canvas_free(&open);
    canvas_free(&again);
    canvas_free(&close);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diamond),
        cmocka_unit_test(test_opening_and_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
