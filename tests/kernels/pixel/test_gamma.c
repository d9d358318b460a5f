/* Gamma: against its formula, on odd sizes, in place, at the extremes. */
#include "canvas.h"
#include "image/kernels.h"

#include <math.h>

static const double extremes[][3] = { { 1.0, 1.0, 1.0 }, { 0.01, 4.0, 1.0 }, { 4.0, 0.01, 2.2 },
    { 0.9, 1.1, 1.4 } };

static void check_formula(const struct canvas *src, const struct canvas *dst, const double *gamma)
{
    for (int y = 0; y < src->image.h; y++)
        for (int i = 0; i < 3 * src->image.w; i++) {
            const double x = mface_image_row_u8(&src->image, y)[i] / 255.0;
            const double want = floor(255.0 * pow(x, 1.0 / gamma[i % 3]) + 0.5);
            assert_int_equal(mface_image_row_u8(&dst->image, y)[i], (int)want);
        }
}

static void test_formula(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1, 1 }, { 7, 3 }, { 65, 17 }, { 16, 16 } };
    for (size_t s = 0; s < 4; s++)
        for (size_t g = 0; g < 4; g++) {
            struct canvas src = canvas_make(sizes[s][0], sizes[s][1], 3, MFACE_SAMPLE_U8);
            struct canvas dst = canvas_make(sizes[s][0], sizes[s][1], 3, MFACE_SAMPLE_U8);
            canvas_fill_random(&src, 1 + (unsigned)s);
            mface_gamma_u8(&src.image, &dst.image, extremes[g]);
            check_formula(&src, &dst, extremes[g]);
            canvas_free(&src);
            canvas_free(&dst);
        }
}

static void test_in_place(void **state)
{
    (void)state;
    struct canvas src = canvas_make(33, 5, 3, MFACE_SAMPLE_U8);
    struct canvas both = canvas_make(33, 5, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&src, 9);
    canvas_fill_random(&both, 9);
    mface_gamma_u8(&both.image, &both.image, extremes[3]);
    check_formula(&src, &both, extremes[3]);
    canvas_free(&src);
    canvas_free(&both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
