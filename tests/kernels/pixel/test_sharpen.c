/* Unsharp mask: against its definition on top of the blur, in place, across sample types. */
#include "canvas.h"
#include "image/kernels.h"

#include <math.h>

static double clamp01(double x)
{
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

static void check_amount(double amount)
{
    enum { W = 29, H = 13 };
    struct canvas src = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    struct canvas blur = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    struct canvas dst = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    canvas_fill_random(&src, 3);
    assert_int_equal(
        mface_gaussian_blur(&src.image, &blur.image, 1.0, MFACE_BORDER_REFLECT), MFACE_OK);
    assert_int_equal(mface_sharpen(&src.image, &dst.image, 1.0, amount), MFACE_OK);
    for (int y = 0; y < H; y++)
        for (int i = 0; i < 3 * W; i++) {
            const double x = mface_image_row_f32(&src.image, y)[i];
            const double b = mface_image_row_f32(&blur.image, y)[i];
            const double want = clamp01(x + amount * (x - b));
            assert_true(fabs(mface_image_row_f32(&dst.image, y)[i] - want) < 1e-5);
        }
    canvas_free(&src);
    canvas_free(&blur);
    canvas_free(&dst);
}

static void test_definition(void **state)
{
    (void)state;
    check_amount(0.0);
    check_amount(0.1);
    check_amount(1.5);
    check_amount(10.0);
}

/* Whatever the types on the two sides, and in place or not, the result is the same picture. */
static void test_types_agree(void **state)
{
    (void)state;
    struct canvas src = canvas_make(31, 8, 3, MFACE_SAMPLE_U8);
    struct canvas fine = canvas_make(31, 8, 3, MFACE_SAMPLE_F32);
    struct canvas both = canvas_make(31, 8, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&src, 8);
    canvas_fill_random(&both, 8);
    assert_int_equal(mface_sharpen(&src.image, &fine.image, 1.0, 2.0), MFACE_OK);
    assert_int_equal(mface_sharpen(&both.image, &both.image, 1.0, 2.0), MFACE_OK);
    for (int y = 0; y < 8; y++)
        for (int i = 0; i < 93; i++) {
            const float want = 255.0f * mface_image_row_f32(&fine.image, y)[i];
            assert_true(fabsf(mface_image_row_u8(&both.image, y)[i] - want) <= 0.501f);
        }
    canvas_free(&src);
    canvas_free(&fine);
    canvas_free(&both);
}

static void test_flat_stays_flat(void **state)
{
    (void)state;
    for (int level = 0; level < 256; level += 15) {
        struct canvas flat = canvas_make(17, 9, 3, MFACE_SAMPLE_U8);
        for (int y = 0; y < 9; y++)
            memset(mface_image_row_u8(&flat.image, y), level, 51);
        assert_int_equal(mface_sharpen(&flat.image, &flat.image, 1.0, 10.0), MFACE_OK);
        for (int y = 0; y < 9; y++)
            for (int i = 0; i < 51; i++)
                assert_int_equal(mface_image_row_u8(&flat.image, y)[i], level);
        canvas_free(&flat);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_types_agree),
        cmocka_unit_test(test_flat_stays_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
