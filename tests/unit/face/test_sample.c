/* Sampling: scaled and warped pictures show each place where it belongs, whatever the scale. */
#include "face/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../cmocka_all.h"

enum { W = 243, H = 187 };

static uint8_t pixels[H][W][3]; // blue: column, green: row, red: 100

static struct mface_picture ramp(void)
{
    struct mface_picture picture = { .w = W, .h = H, .model = MFACE_MODEL_RGB, .full_range = true };
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            pixels[y][x][0] = (uint8_t)x;
            pixels[y][x][1] = (uint8_t)y;
            pixels[y][x][2] = 100;
        }
    picture.data[0] = &pixels[0][0][0];
    picture.stride[0] = sizeof pixels[0];
    for (int i = 0; i < 3; i++)
        picture.component[i] = (struct mface_component) { .step = 3, .offset = 2 - i, .depth = 8 };
    return picture;
}

static void check_scaled(int longer_px)
{
    const struct mface_picture picture = ramp();
    struct mface_scaled scaled;
    assert_int_equal(mface_sample_scaled(&picture, longer_px, &scaled), MFACE_OK);
    const struct mface_image *image = &scaled.image;
    assert_int_equal(image->w, longer_px);
    assert_true(fabs(image->h - (double)longer_px * H / W) < 1.5);
    for (int y = 2; y < image->h - 2; y++)
        for (int x = 2; x < image->w - 2; x++) {
            const uint8_t *pixel = mface_image_row_u8(image, y) + 3 * x;
            assert_true(fabs(pixel[0] - ((x + 0.5) * scaled.x_px - 0.5)) < 1.2);
            assert_true(fabs(pixel[1] - ((y + 0.5) * scaled.y_px - 0.5)) < 1.2);
            assert_int_equal(pixel[2], 100);
        }
    mface_image_clear(&scaled.image);
}

static void test_scaled_keeps_places(void **state)
{
    (void)state;
    check_scaled(W);
    check_scaled(300); // enlarged
    check_scaled(160);
    check_scaled(100); // blocks of two
    check_scaled(31);  // blocks of seven, the last ones cut off by the edge
}

static void test_scaled_tiny_picture(void **state)
{
    (void)state;
    struct mface_picture picture = ramp();
    picture.h = 1;
    struct mface_scaled scaled;
    assert_int_equal(mface_sample_scaled(&picture, 10, &scaled), MFACE_OK);
    assert_int_equal(scaled.image.w, 10);
    assert_int_equal(scaled.image.h, 1);
    mface_image_clear(&scaled.image);
}

/* A square of `side` around (x, y), turned: pixel (i, k) of the crop shows a known place. */
static void check_warped(double x, double y, double side, double angle)
{
    enum { N = 40 };
    const struct mface_picture picture = ramp();
    const double scale = N / side, c = scale * cos(angle), s = scale * sin(angle);
    const double middle = (N - 1) / 2.0;
    const struct mface_affine to_crop = { { c, s, middle - c * x - s * y, -s, c,
        middle + s * x - c * y } };
    struct mface_affine from_crop;
    struct mface_image crop;
    assert_true(mface_affine_invert(&to_crop, &from_crop));
    assert_int_equal(mface_image_init(&crop, N, N, 3, MFACE_SAMPLE_F32), MFACE_OK);
    assert_int_equal(
        mface_sample_warped(&picture, &to_crop, MFACE_INTERP_BILINEAR, &crop), MFACE_OK);
    const double edge = 2 + side / N;
    for (int k = 0; k < N; k++)
        for (int i = 0; i < N; i++) {
            const float *pixel = mface_image_row_f32(&crop, k) + 3 * i;
            const struct mface_point p =
                mface_affine_apply(&from_crop, (struct mface_point) { (float)i, (float)k });
            if (p.x < -edge || p.y < -edge || p.x > W - 1 + edge || p.y > H - 1 + edge) {
                assert_true(pixel[2] == 0);
            } else if (p.x > edge && p.y > edge && p.x < W - 1 - edge && p.y < H - 1 - edge) {
                assert_true(fabs(pixel[0] * 255 - p.x) < 0.6);
                assert_true(fabs(pixel[1] * 255 - p.y) < 0.6);
                assert_true(fabs(pixel[2] * 255 - 100) < 0.01);
            }
        }
    mface_image_clear(&crop);
}

static void test_warped_keeps_places(void **state)
{
    (void)state;
    check_warped(120, 90, 40, 0);
    check_warped(120.3, 90.6, 25, 0.4);  // enlarged
    check_warped(120.3, 90.6, 97, -0.7); // blocks of two
    check_warped(100, 80, 170, 2.5);     // blocks of four
    check_warped(10, 170, 130, 0.3);     // partly outside
}

static void test_warped_outside_is_black(void **state)
{
    (void)state;
    const struct mface_picture picture = ramp();
    struct mface_image crop;
    assert_int_equal(mface_image_init(&crop, 16, 16, 3, MFACE_SAMPLE_U8), MFACE_OK);
    const struct mface_affine far_away = { { 1, 0, 5000, 0, 1, 5000 } }, flat = { { 0 } };
    const struct mface_affine *const maps[] = { &far_away, &flat };
    for (int i = 0; i < 2; i++) {
        for (int y = 0; y < 16; y++)
            memset(mface_image_row_u8(&crop, y), 77, 48);
        assert_int_equal(
            mface_sample_warped(&picture, maps[i], MFACE_INTERP_BICUBIC, &crop), MFACE_OK);
        for (int y = 0; y < 16; y++)
            for (int x = 0; x < 48; x++)
                assert_int_equal(mface_image_row_u8(&crop, y)[x], 0);
    }
    mface_image_clear(&crop);
}

static void test_planes(void **state)
{
    (void)state;
    uint8_t bgr[2][6] = { { 1, 2, 3, 4, 5, 6 }, { 7, 8, 9, 10, 11, 12 } };
    const struct mface_image image = { bgr, 6, 2, 2, 3, MFACE_SAMPLE_U8 };
    const float mean_rgb[3] = { 1, 2, 3 };
    float planes[3][3][4];
    mface_sample_to_planes(&image, mean_rgb, 0.5F, 4, 3, &planes[0][0][0]);
    assert_true(planes[0][0][0] == (3 - 1) * 0.5F); // red
    assert_true(planes[1][0][1] == (5 - 2) * 0.5F);
    assert_true(planes[2][1][1] == (10 - 3) * 0.5F); // blue
    assert_true(planes[0][0][2] == -0.5F);           // beside the image: black
    assert_true(planes[2][2][3] == -1.5F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scaled_keeps_places),
        cmocka_unit_test(test_scaled_tiny_picture),
        cmocka_unit_test(test_warped_keeps_places),
        cmocka_unit_test(test_warped_outside_is_black),
        cmocka_unit_test(test_planes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
