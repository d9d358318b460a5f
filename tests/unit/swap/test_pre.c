/* Pre-processing: identity, order, in place, extremes. */
#include "shapes.h"
#include "swap/stages.h"

static const struct mface_pre_params plain = { .gamma_bgr = { 1.0, 1.0, 1.0 } };
static const struct mface_pre_params strong = { 3.0, { 0.9, 1.1, 1.4 } };

static void test_identity(void **state)
{
    (void)state;
    struct mface_pre_params params = plain;
    assert_true(mface_pre_is_identity(&params));
    params.sharpen = 0.1;
    assert_false(mface_pre_is_identity(&params));
    for (int i = 0; i < 3; i++) {
        params = plain;
        params.gamma_bgr[i] = 1.01;
        assert_false(mface_pre_is_identity(&params));
    }
    struct canvas crop = canvas_make(37, 37, 3, MFACE_SAMPLE_U8);
    struct canvas out = canvas_make(37, 37, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&crop, 1);
    assert_int_equal(mface_pre_run(&plain, &crop.image, &out.image), MFACE_OK);
    assert_same_pixels(&crop, &out);
    canvas_free(&crop);
    canvas_free(&out);
}

/* Sharpening comes first, cut to whole levels, and gamma after it. */
static void test_order(void **state)
{
    (void)state;
    struct canvas crop = canvas_make(48, 48, 3, MFACE_SAMPLE_U8);
    struct canvas out = canvas_make(48, 48, 3, MFACE_SAMPLE_U8);
    struct canvas fine = canvas_make(48, 48, 3, MFACE_SAMPLE_F32);
    fill_waves_u8(&crop, 3);
    assert_int_equal(mface_pre_run(&strong, &crop.image, &out.image), MFACE_OK);
    assert_int_equal(mface_sharpen(&crop.image, &fine.image, 1.0, strong.sharpen), MFACE_OK);
    for (int y = 0; y < 48; y++)
        for (int i = 0; i < 144; i++) {
            const double level = floor(mface_image_row_f32(&fine.image, y)[i] * 255.0 + 1e-3);
            const double want = 255.0 * pow(level / 255.0, 1.0 / strong.gamma_bgr[i % 3]);
            assert_true(fabs(mface_image_row_u8(&out.image, y)[i] - want) < 0.501);
        }
    canvas_free(&crop);
    canvas_free(&out);
    canvas_free(&fine);
}

static void test_in_place(void **state)
{
    (void)state;
    struct canvas crop = canvas_make(33, 33, 3, MFACE_SAMPLE_U8);
    struct canvas out = canvas_make(33, 33, 3, MFACE_SAMPLE_U8);
    fill_waves_u8(&crop, 5);
    assert_int_equal(mface_pre_run(&strong, &crop.image, &out.image), MFACE_OK);
    assert_int_equal(mface_pre_run(&strong, &crop.image, &crop.image), MFACE_OK);
    assert_same_pixels(&crop, &out);
    canvas_free(&crop);
    canvas_free(&out);
}

/* A flat crop has nothing to sharpen; every level survives the strongest setting. */
static void test_flat_survives(void **state)
{
    (void)state;
    const struct mface_pre_params params = { 10.0, { 1.0, 1.0, 1.0 } };
    for (int level = 0; level < 256; level++) {
        struct canvas crop = canvas_make(16, 16, 3, MFACE_SAMPLE_U8);
        struct canvas out = canvas_make(16, 16, 3, MFACE_SAMPLE_U8);
        fill_u8(&crop, (uint8_t)level);
        assert_int_equal(mface_pre_run(&params, &crop.image, &out.image), MFACE_OK);
        assert_same_pixels(&crop, &out);
        canvas_free(&crop);
        canvas_free(&out);
    }
}

/* The extremes of every setting at the extremes of size: black and white stay what they are. */
static void test_extremes(void **state)
{
    (void)state;
    const struct mface_pre_params params = { 10.0, { 0.01, 4.0, 4.0 } };
    static const int sides[] = { 16, 1024 };
    for (size_t i = 0; i < 2; i++) {
        struct canvas crop = canvas_make(sides[i], sides[i], 3, MFACE_SAMPLE_U8);
        struct canvas out = canvas_make(sides[i], sides[i], 3, MFACE_SAMPLE_U8);
        for (int y = 0; y < sides[i]; y++)
            memset(mface_image_row_u8(&crop.image, y), y < sides[i] / 2 ? 0 : 255, crop.row_bytes);
        assert_int_equal(mface_pre_run(&params, &crop.image, &out.image), MFACE_OK);
        assert_same_pixels(&crop, &out);
        canvas_free(&crop);
        canvas_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_flat_survives),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
