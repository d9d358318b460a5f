/* Frame adjustment: identity, full strength, and frames of any size. */
#include "shapes.h"
#include "swap/stages.h"

static void run(const struct canvas *frame, int median, int degrade)
{
    const struct mface_adjust_params params = { median, degrade };
    assert_int_equal(mface_adjust_run(&params, &frame->image), MFACE_OK);
}

static void test_identity(void **state)
{
    (void)state;
    assert_true(mface_adjust_is_identity(&(struct mface_adjust_params) { 0, 0 }));
    assert_false(mface_adjust_is_identity(&(struct mface_adjust_params) { 1, 0 }));
    assert_false(mface_adjust_is_identity(&(struct mface_adjust_params) { 0, 1 }));
    struct canvas frame = canvas_make(31, 17, 3, MFACE_SAMPLE_U8);
    struct canvas was = canvas_make(31, 17, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&frame, 1);
    canvas_fill_random(&was, 1);
    run(&frame, 0, 0);
    assert_same_pixels(&frame, &was);
    canvas_free(&frame);
    canvas_free(&was);
}

/* The percentage is the median's opacity. */
static void test_median_mixes(void **state)
{
    (void)state;
    static const int percents[] = { 1, 37, 60, 100 };
    for (size_t p = 0; p < 4; p++) {
        struct canvas frame = canvas_make(29, 11, 3, MFACE_SAMPLE_U8);
        struct canvas was = canvas_make(29, 11, 3, MFACE_SAMPLE_U8);
        struct canvas median = canvas_make(29, 11, 3, MFACE_SAMPLE_U8);
        canvas_fill_random(&frame, 2);
        canvas_fill_random(&was, 2);
        mface_median5(&was.image, &median.image);
        run(&frame, percents[p], 0);
        for (int y = 0; y < 11; y++)
            for (int i = 0; i < 87; i++) {
                const double a = mface_image_row_u8(&was.image, y)[i];
                const double b = mface_image_row_u8(&median.image, y)[i];
                const double want = a + (b - a) * percents[p] / 100.0;
                assert_true(fabs(mface_image_row_u8(&frame.image, y)[i] - want) < 0.501);
            }
        canvas_free(&frame);
        canvas_free(&was);
        canvas_free(&median);
    }
}

static double roughness(const struct canvas *frame)
{
    double sum = 0.0;
    for (int y = 0; y < frame->image.h; y++)
        for (int i = 3; i < 3 * frame->image.w; i++)
            sum += abs(mface_image_row_u8(&frame->image, y)[i] -
                       mface_image_row_u8(&frame->image, y)[i - 3]);
    return sum;
}

/* The more it degrades, the less detail is left. */
static void test_degrade_smooths(void **state)
{
    (void)state;
    double last = INFINITY;
    static const int percents[] = { 0, 25, 50, 75, 90 };
    for (size_t p = 0; p < 5; p++) {
        struct canvas frame = canvas_make(120, 80, 3, MFACE_SAMPLE_U8);
        fill_waves_u8(&frame, 4);
        run(&frame, 0, percents[p]);
        assert_true(roughness(&frame) < last);
        last = roughness(&frame);
        canvas_free(&frame);
    }
}

/* Any frame can be degraded, also one smaller than the least side; a flat one stays flat. */
static void test_any_size(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1, 1 }, { 2, 5 }, { 3, 300 }, { 301, 7 } };
    for (size_t s = 0; s < 4; s++) {
        struct canvas frame = canvas_make(sizes[s][0], sizes[s][1], 3, MFACE_SAMPLE_U8);
        fill_u8(&frame, 77);
        run(&frame, 100, 100);
        for (int y = 0; y < sizes[s][1]; y++)
            for (int i = 0; i < 3 * sizes[s][0]; i++)
                assert_int_equal(mface_image_row_u8(&frame.image, y)[i], 77);
        canvas_free(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_median_mixes),
        cmocka_unit_test(test_degrade_smooths),
        cmocka_unit_test(test_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
