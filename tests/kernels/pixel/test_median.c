/* Median of 5×5: against sorting. */
#include "canvas.h"
#include "image/kernels.h"

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static double value(const struct mface_image *image, int y, int i)
{
    return image->sample == MFACE_SAMPLE_U8 ? mface_image_row_u8(image, y)[i]
                                            : (double)mface_image_row_f32(image, y)[i];
}

static double median(const struct mface_image *image, int x, int y, int k)
{
    double v[25];
    for (int i = 0; i < 25; i++) {
        const int sx = clamp(x + i % 5 - 2, image->w), sy = clamp(y + i / 5 - 2, image->h);
        v[i] = value(image, sy, sx * image->c + k);
    }
    qsort(v, 25, sizeof(v[0]), compare);
    return v[12];
}

static void check(int w, int h, int c, enum mface_sample sample, unsigned levels)
{
    struct canvas src = canvas_make(w, h, c, sample), dst = canvas_make(w, h, c, sample);
    canvas_fill_random(&src, (unsigned)(w + 31 * h));
    // Few levels make ties, where a selection is easily wrong.
    for (int y = 0; levels > 0 && sample == MFACE_SAMPLE_U8 && y < h; y++)
        for (int i = 0; i < w * c; i++)
            mface_image_row_u8(&src.image, y)[i] %= levels;
    mface_median5(&src.image, &dst.image);
    for (int y = 0; y < h; y++)
        for (int i = 0; i < w * c; i++)
            assert_true(value(&dst.image, y, i) == median(&src.image, i / c, y, i % c));
    canvas_free(&src);
    canvas_free(&dst);
}

static void test_sorting(void **state)
{
    (void)state;
    for (int sample = 0; sample < 2; sample++) {
        check(1, 1, 1, sample, 0);
        check(2, 3, 3, sample, 0);
        check(5, 1, 3, sample, 0);
        check(21, 9, 3, sample, 0); // just short of a block of 64
        check(22, 9, 3, sample, 0); // and just beyond
        check(64, 7, 1, sample, 0);
        check(97, 31, 3, sample, 2);
        check(97, 31, 1, sample, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sorting) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
