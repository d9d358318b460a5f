/* Warp against a plain evaluation of the formula, and at the edges of what matrices can say. */
#include "canvas.h"
#include "formula.h"

static double sample_at(const struct mface_image *image, int x, int y, int k)
{
    if (x < 0 || y < 0 || x >= image->w || y >= image->h)
        return 0;
    const int i = x * image->c + k;
    return image->sample == MFACE_SAMPLE_U8 ? mface_image_row_u8(image, y)[i]
                                            : mface_image_row_f32(image, y)[i];
}

/* Every source pixel within reach, weighted; the kernels do it by taps and tables. */
static double expect_at(
    const struct mface_image *src, double x, double y, int k, enum mface_interp interp)
{
    double sum = 0, weights_x = 0, weights_y = 0;
    for (int i = (int)floor(x) - 3; i <= (int)floor(x) + 4; i++)
        weights_x += kernel_at(interp, x - i);
    for (int j = (int)floor(y) - 3; j <= (int)floor(y) + 4; j++)
        weights_y += kernel_at(interp, y - j);
    for (int j = (int)floor(y) - 3; j <= (int)floor(y) + 4; j++)
        for (int i = (int)floor(x) - 3; i <= (int)floor(x) + 4; i++)
            sum += kernel_at(interp, x - i) * kernel_at(interp, y - j) * sample_at(src, i, j, k);
    return sum / weights_x / weights_y;
}

static double to_grid(double position)
{
    return floor(position * 32 + 0.5) / 32;
}

/* Positions on the grid itself, so that rounding to it has one answer. */
static const struct mface_affine grid_mats[] = {
    { .m = { 1, 0, 0, 0, 1, 0 } },
    { .m = { 1, 0, 3, 0, 1, -2 } },
    { .m = { 1, 0, 0.5, 0, 1, 0.25 } },
    { .m = { 2, 0, 1, 0, 2, 0.5 } },
    { .m = { 0, -1, 20, 1, 0, 1 } },
    { .m = { 0.5, 0.25, 1, -0.25, 0.5, 9 } },
};

static void check_warp(int c, enum mface_sample from, enum mface_sample to,
    enum mface_interp interp, const struct mface_affine *mat)
{
    struct canvas src = canvas_make(23, 17, c, from), dst = canvas_make(19, 21, c, to);
    canvas_fill_random(&src, 7);
    mface_warp_affine(&src.image, &dst.image, mat, interp);
    struct mface_affine back;
    assert_true(mface_affine_invert(mat, &back));
    for (int y = 0; y < 21; y++)
        for (int x = 0; x < 19; x++)
            for (int k = 0; k < c; k++) {
                const double *m = back.m;
                double want = expect_at(&src.image, to_grid(m[0] * x + m[1] * y + m[2]),
                    to_grid(m[3] * x + m[4] * y + m[5]), k, interp);
                if (to == MFACE_SAMPLE_U8)
                    want = fmin(fmax(want, 0), 255);
                else if (from == MFACE_SAMPLE_U8)
                    want /= 255;
                const double got = sample_at(&dst.image, x, y, k);
                assert_true(fabs(got - want) <= (to == MFACE_SAMPLE_U8 ? 0.501 : 1e-5));
            }
    canvas_free(&src);
    canvas_free(&dst);
}

static void test_formula(void **state)
{
    (void)state;
    static const enum mface_sample pairs[][2] = {
        { MFACE_SAMPLE_U8, MFACE_SAMPLE_U8 },
        { MFACE_SAMPLE_U8, MFACE_SAMPLE_F32 },
        { MFACE_SAMPLE_F32, MFACE_SAMPLE_F32 },
    };
    for (size_t m = 0; m < sizeof grid_mats / sizeof grid_mats[0]; m++)
        for (int p = 0; p < 3; p++)
            for (int c = 1; c <= 3; c += 2)
                for (int interp = 0; interp < 3; interp++)
                    check_warp(
                        c, pairs[p][0], pairs[p][1], (enum mface_interp)interp, &grid_mats[m]);
}

static void assert_all_zero(const struct mface_image *image)
{
    for (int y = 0; y < image->h; y++)
        for (int i = 0; i < image->w * image->c; i++)
            assert_int_equal(mface_image_row_u8(image, y)[i], 0);
}

static void test_nothing_to_see_is_black(void **state)
{
    (void)state;
    static const struct mface_affine mats[] = {
        { .m = { 1, 0, 1000, 0, 1, 0 } },
        { .m = { 1, 0, 0, 0, 1, -1000 } },
        { .m = { 1, 0, 1e30, 0, 1, 1e30 } },
        { .m = { 1e-12, 0, 1e9, 0, 1e-12, 1e9 } },
        { .m = { 0, 0, 0, 0, 0, 0 } },
        { .m = { NAN, 0, 0, 0, NAN, 0 } },
    };
    for (size_t i = 0; i < sizeof mats / sizeof mats[0]; i++) {
        struct canvas src = canvas_make(9, 9, 3, MFACE_SAMPLE_U8);
        struct canvas dst = canvas_make(5, 7, 3, MFACE_SAMPLE_U8);
        canvas_fill_random(&src, 1);
        mface_warp_affine(&src.image, &dst.image, &mats[i], MFACE_INTERP_LANCZOS4);
        assert_all_zero(&dst.image);
        canvas_free(&src);
        canvas_free(&dst);
    }
}

static void test_one_pixel(void **state)
{
    (void)state;
    struct canvas src = canvas_make(1, 1, 1, MFACE_SAMPLE_U8);
    struct canvas dst = canvas_make(3, 1, 1, MFACE_SAMPLE_U8);
    mface_image_row_u8(&src.image, 0)[0] = 200;
    const struct mface_affine mat = { .m = { 1, 0, 0.5, 0, 1, 0 } };
    mface_warp_affine(&src.image, &dst.image, &mat, MFACE_INTERP_BILINEAR);
    const uint8_t *row = mface_image_row_u8(&dst.image, 0);
    assert_int_equal(row[0], 100);
    assert_int_equal(row[1], 100);
    assert_int_equal(row[2], 0);
    canvas_free(&src);
    canvas_free(&dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_nothing_to_see_is_black),
        cmocka_unit_test(test_one_pixel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
