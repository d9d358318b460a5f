/* Gaussian blur: against a direct double-precision convolution over the plane, and its laws. */
#include "canvas.h"
#include "image/kernels.h"

#include <math.h>

static int mirror(int i, int n)
{
    while (n > 1 && (i < 0 || i >= n))
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return n > 1 ? i : 0;
}

static double sample(const struct mface_image *image, int x, int y, int k, enum mface_border border)
{
    const bool inside = x >= 0 && y >= 0 && x < image->w && y < image->h;
    if (!inside && border == MFACE_BORDER_ZERO)
        return 0.0;
    const int i = mirror(x, image->w) * image->c + k, row = mirror(y, image->h);
    return image->sample == MFACE_SAMPLE_U8 ? mface_image_row_u8(image, row)[i]
                                            : (double)mface_image_row_f32(image, row)[i];
}

/* One blurred value straight from the definition. */
static double blurred(
    const struct mface_image *image, int x, int y, int k, double sigma, enum mface_border border)
{
    const double reach = image->sample == MFACE_SAMPLE_U8 ? 3.0 : 4.0;
    const int r = ((int)lrint(2.0 * reach * sigma + 1.0) | 1) / 2;
    double sum = 0.0, weights = 0.0;
    for (int j = -r; j <= r; j++)
        for (int i = -r; i <= r; i++) {
            const double w = exp(-(i * i + j * j) / (2.0 * sigma * sigma));
            weights += w;
            sum += w * sample(image, x + i, y + j, k, border);
        }
    return sum / weights;
}

static void check(
    int w, int h, int c, enum mface_sample type, double sigma, enum mface_border border)
{
    struct canvas src = canvas_make(w, h, c, type), dst = canvas_make(w, h, c, type);
    canvas_fill_random(&src, (unsigned)(w * h + c));
    assert_int_equal(mface_gaussian_blur(&src.image, &dst.image, sigma, border), MFACE_OK);
    for (int y = 0; y < h; y++)
        for (int i = 0; i < w * c; i++) {
            const double want = blurred(&src.image, i / c, y, i % c, sigma, border);
            if (type == MFACE_SAMPLE_F32)
                assert_true(fabs(mface_image_row_f32(&dst.image, y)[i] - want) < 2e-6);
            else
                assert_true(fabs(mface_image_row_u8(&dst.image, y)[i] - want) < 0.5 + 1e-3);
        }
    canvas_free(&src);
    canvas_free(&dst);
}

static void test_definition(void **state)
{
    (void)state;
    for (int type = 0; type < 2; type++)
        for (int border = 0; border < 2; border++) {
            check(1, 1, 1, type, 1.0, border);
            check(1, 9, 3, type, 2.0, border);
            check(17, 1, 1, type, 3.0, border);
            check(35, 11, 3, type, 1.0, border);
            check(16, 16, 1, type, 6.25, border); // wider than the image
        }
}

/* A constant stays itself under reflection: the weights sum to 1, also for the widest kernel. */
static void test_constant(void **state)
{
    (void)state;
    static const double sigmas[] = { 0.3, 1.0, 6.25, 100.0 };
    for (size_t s = 0; s < 4; s++) {
        struct canvas canvas = canvas_make(37, 21, 1, MFACE_SAMPLE_F32);
        for (int y = 0; y < 21; y++)
            for (int x = 0; x < 37; x++)
                mface_image_row_f32(&canvas.image, y)[x] = 0.75f;
        assert_int_equal(
            mface_gaussian_blur(&canvas.image, &canvas.image, sigmas[s], MFACE_BORDER_REFLECT),
            MFACE_OK);
        for (int y = 0; y < 21; y++)
            for (int x = 0; x < 37; x++)
                assert_true(fabsf(mface_image_row_f32(&canvas.image, y)[x] - 0.75f) < 1e-5f);
        canvas_free(&canvas);
    }
}

/* A lone point far from every edge keeps its total and spreads alike in all four directions. */
static void test_point(void **state)
{
    (void)state;
    enum { SIDE = 101, MID = SIDE / 2 };
    struct canvas canvas = canvas_make(SIDE, SIDE, 1, MFACE_SAMPLE_F32);
    for (int y = 0; y < SIDE; y++)
        memset(mface_image_row_f32(&canvas.image, y), 0, SIDE * sizeof(float));
    mface_image_row_f32(&canvas.image, MID)[MID] = 1.0f;
    assert_int_equal(
        mface_gaussian_blur(&canvas.image, &canvas.image, 6.25, MFACE_BORDER_ZERO), MFACE_OK);
    double sum = 0.0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const float v = mface_image_row_f32(&canvas.image, y)[x];
            sum += v;
            assert_true(v == mface_image_row_f32(&canvas.image, SIDE - 1 - y)[x]);
            assert_true(v == mface_image_row_f32(&canvas.image, y)[SIDE - 1 - x]);
        }
    assert_true(fabs(sum - 1.0) < 1e-5);
    canvas_free(&canvas);
}

static void test_no_sigma_copies(void **state)
{
    (void)state;
    struct canvas src = canvas_make(19, 7, 3, MFACE_SAMPLE_U8);
    struct canvas dst = canvas_make(19, 7, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&src, 5);
    assert_int_equal(mface_gaussian_blur(&src.image, &dst.image, 0.0, MFACE_BORDER_ZERO), MFACE_OK);
    for (int y = 0; y < 7; y++)
        assert_memory_equal(
            mface_image_row_u8(&src.image, y), mface_image_row_u8(&dst.image, y), 57);
    canvas_free(&src);
    canvas_free(&dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_point),
        cmocka_unit_test(test_no_sigma_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
