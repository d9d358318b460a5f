/* Resize and convert, against plain evaluations of their formulas. */
#include "canvas.h"
#include "formula.h"

static int clamped(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static double value_at(const struct mface_image *image, int x, int y, int k)
{
    const int i = clamped(x, image->w) * image->c + k;
    y = clamped(y, image->h);
    return image->sample == MFACE_SAMPLE_U8 ? mface_image_row_u8(image, y)[i]
                                            : mface_image_row_f32(image, y)[i] * 255;
}

static double expect_at(const struct mface_image *src, const struct mface_image *dst, int x, int y,
    int k, enum mface_interp interp)
{
    const double at_x = (x + 0.5) * src->w / dst->w - 0.5, at_y = (y + 0.5) * src->h / dst->h - 0.5;
    double sum = 0, weight = 0;
    for (int j = (int)floor(at_y) - 3; j <= (int)floor(at_y) + 4; j++)
        for (int i = (int)floor(at_x) - 3; i <= (int)floor(at_x) + 4; i++) {
            const double w = kernel_at(interp, at_x - i) * kernel_at(interp, at_y - j);
            sum += w * value_at(src, i, j, k);
            weight += w;
        }
    return sum / weight;
}

static void check_resize(int src_w, int src_h, int dst_w, int dst_h, int c, enum mface_sample from,
    enum mface_sample to, enum mface_interp interp)
{
    struct canvas src = canvas_make(src_w, src_h, c, from), dst = canvas_make(dst_w, dst_h, c, to);
    canvas_fill_random(&src, 3);
    mface_resize(&src.image, &dst.image, interp);
    for (int y = 0; y < dst_h; y++)
        for (int x = 0; x < dst_w; x++)
            for (int k = 0; k < c; k++) {
                double want = expect_at(&src.image, &dst.image, x, y, k, interp);
                if (to == MFACE_SAMPLE_U8)
                    want = fmin(fmax(want, 0), 255);
                const double error = fabs(value_at(&dst.image, x, y, k) - want);
                assert_true(error <= (to == MFACE_SAMPLE_U8 ? 0.501 : 2e-3));
            }
    canvas_free(&src);
    canvas_free(&dst);
}

static void test_resize_formula(void **state)
{
    (void)state;
    static const int sizes[][4] = {
        { 13, 11, 13, 11 },
        { 13, 11, 70, 31 }, // wider than a strip
        { 31, 29, 12, 9 },
        { 40, 200, 5, 7 }, // rows skipped
        { 1, 1, 5, 3 },
        { 5, 3, 1, 1 },
        { 2, 9, 129, 2 },
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int combination = 0; combination < 24; combination++)
            check_resize(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3],
                combination & 1 ? 3 : 1, combination & 2 ? MFACE_SAMPLE_U8 : MFACE_SAMPLE_F32,
                combination & 4 ? MFACE_SAMPLE_U8 : MFACE_SAMPLE_F32,
                (enum mface_interp)(combination / 8));
}

static void test_same_size_is_a_copy(void **state)
{
    (void)state;
    struct canvas src = canvas_make(67, 13, 3, MFACE_SAMPLE_U8);
    struct canvas dst = canvas_make(67, 13, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&src, 5);
    for (int interp = 0; interp < 3; interp++) {
        mface_resize(&src.image, &dst.image, (enum mface_interp)interp);
        for (int y = 0; y < 13; y++)
            assert_memory_equal(
                mface_image_row_u8(&src.image, y), mface_image_row_u8(&dst.image, y), 67 * 3);
    }
    canvas_free(&src);
    canvas_free(&dst);
}

static void test_convert_there_and_back(void **state)
{
    (void)state;
    struct canvas u8 = canvas_make(257, 3, 1, MFACE_SAMPLE_U8);
    struct canvas f32 = canvas_make(257, 3, 1, MFACE_SAMPLE_F32);
    struct canvas back = canvas_make(257, 3, 1, MFACE_SAMPLE_U8);
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 257; x++)
            mface_image_row_u8(&u8.image, y)[x] = (uint8_t)(x + y);
    mface_convert(&u8.image, &f32.image);
    assert_true(fabs(mface_image_row_f32(&f32.image, 1)[50] - 51 / 255.0) < 1e-6);
    mface_convert(&f32.image, &back.image);
    for (int y = 0; y < 3; y++)
        assert_memory_equal(
            mface_image_row_u8(&u8.image, y), mface_image_row_u8(&back.image, y), 257);
    canvas_free(&u8);
    canvas_free(&f32);
    canvas_free(&back);
}

static void test_convert_rounds_and_clamps(void **state)
{
    (void)state;
    static const float values[] = { -1, 0, 0.499f / 255, 0.501f / 255, 1, 2, INFINITY, NAN };
    static const uint8_t wanted[] = { 0, 0, 0, 1, 255, 255, 255, 0 };
    struct canvas f32 = canvas_make(8, 1, 1, MFACE_SAMPLE_F32);
    struct canvas u8 = canvas_make(8, 1, 1, MFACE_SAMPLE_U8);
    memcpy(f32.image.data, values, sizeof values);
    mface_convert(&f32.image, &u8.image);
    assert_memory_equal(u8.image.data, wanted, sizeof wanted);
    canvas_free(&f32);
    canvas_free(&u8);
}

static void test_image_sides(void **state)
{
    (void)state;
    struct mface_image image = { 0 };
    assert_int_equal(mface_image_init(&image, 0, 5, 3, MFACE_SAMPLE_U8), MFACE_ERR_ARG);
    assert_int_equal(mface_image_init(&image, 5, 65536, 3, MFACE_SAMPLE_U8), MFACE_ERR_ARG);
    assert_int_equal(mface_image_init(&image, 5, 5, 2, MFACE_SAMPLE_U8), MFACE_ERR_ARG);
    assert_int_equal(mface_image_init(&image, 5, 7, 3, MFACE_SAMPLE_F32), MFACE_OK);
    assert_int_equal(image.stride % 64, 0);
    assert_true(image.stride >= 60 && (uintptr_t)image.data % 64 == 0);
    mface_image_clear(&image);
    assert_null(image.data);
    mface_image_clear(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_formula),
        cmocka_unit_test(test_same_size_is_a_copy),
        cmocka_unit_test(test_convert_there_and_back),
        cmocka_unit_test(test_convert_rounds_and_clamps),
        cmocka_unit_test(test_image_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
