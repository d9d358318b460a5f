/* Masks: against DeepFaceLive's way of doing it, on a field of zeros three times the side. */
#include "shapes.h"
#include "swap/stages.h"

struct field {
    double *v, *next;
    int w, h; // of the field: three times the mask's
};

static double at(const struct field *f, int x, int y)
{
    return f->v[y * f->w + x];
}

/* Beyond the field nothing wins. */
static void grow_once(struct field *f, bool erode)
{
    static const int dx[] = { -1, 1, 0, 0 }, dy[] = { 0, 0, -1, 1 };
    for (int y = 0; y < f->h; y++)
        for (int x = 0; x < f->w; x++) {
            double best = at(f, x, y);
            for (int i = 0; i < 4; i++) {
                const int nx = x + dx[i], ny = y + dy[i];
                if (nx < 0 || ny < 0 || nx >= f->w || ny >= f->h)
                    continue;
                best = erode ? fmin(best, at(f, nx, ny)) : fmax(best, at(f, nx, ny));
            }
            f->next[y * f->w + x] = best;
        }
    double *done = f->next;
    f->next = f->v;
    f->v = done;
}

static void clear_border(struct field *f, int width_x, int width_y)
{
    for (int y = 0; y < f->h; y++)
        for (int x = 0; x < f->w; x++)
            if (x < width_x || x >= f->w - width_x || y < width_y || y >= f->h - width_y)
                f->v[y * f->w + x] = 0.0;
}

static int mirror(int i, int n)
{
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static void blur_axis(struct field *f, double sigma, bool along_x)
{
    const int r = ((int)lrint(8.0 * sigma + 1.0) | 1) / 2;
    for (int y = 0; y < f->h; y++)
        for (int x = 0; x < f->w; x++) {
            double sum = 0.0, weights = 0.0;
            for (int k = -r; k <= r; k++) {
                const double w = exp(-k * k / (2.0 * sigma * sigma));
                weights += w;
                sum +=
                    w * at(f, along_x ? mirror(x + k, f->w) : x, along_x ? y : mirror(y + k, f->h));
            }
            f->next[y * f->w + x] = sum / weights;
        }
    double *done = f->next;
    f->next = f->v;
    f->v = done;
}

static void erode_blur(struct field *f, int erode, int blur)
{
    const int passes = abs(erode) / 2 > 1 ? abs(erode) / 2 : 1;
    for (int i = 0; erode != 0 && i < passes; i++)
        grow_once(f, erode > 0);
    clear_border(f, f->w / 3 + blur / 2, f->h / 3 + blur / 2);
    if (blur > 0) {
        blur_axis(f, 0.25 * blur, true);
        blur_axis(f, 0.25 * blur, false);
    }
}

static void check(int w, int h, int erode, int blur)
{
    struct canvas mask = canvas_make(w, h, 1, MFACE_SAMPLE_F32);
    struct canvas out = canvas_make(w, h, 1, MFACE_SAMPLE_F32);
    struct field f = { .w = 3 * w, .h = 3 * h };
    f.v = calloc((size_t)(f.w * f.h), sizeof(double));
    f.next = calloc((size_t)(f.w * f.h), sizeof(double));
    canvas_fill_random(&mask, (unsigned)(erode + 500 * blur + 1));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            f.v[(y + h) * f.w + x + w] = mface_image_row_f32(&mask.image, y)[x];
    erode_blur(&f, erode, blur);
    assert_int_equal(mface_mask_erode_blur(&mask.image, erode, blur, &out.image), MFACE_OK);
    assert_int_equal(mface_mask_erode_blur(&mask.image, erode, blur, &mask.image), MFACE_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            assert_true(fabs(mface_image_row_f32(&out.image, y)[x] - at(&f, x + w, y + h)) < 1e-5);
    assert_same_pixels(&mask, &out);
    free(f.v);
    free(f.next);
    canvas_free(&mask);
    canvas_free(&out);
}

static void test_against_padded_field(void **state)
{
    (void)state;
    static const int settings[][2] = { { 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 1 }, { 5, 7 }, { 0, 12 },
        { -1, 0 }, { -5, 6 }, { -20, 4 }, { 15, 0 }, { 400, 0 }, { -400, 0 }, { -400, 3 },
        { 0, 40 }, { 400, 400 }, { -400, 400 } };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        check(16, 16, settings[i][0], settings[i][1]);
        check(23, 17, settings[i][0], settings[i][1]);
    }
}

/* Without blur, what is eroded lies within the mask and the mask within what is dilated. */
static void test_order(void **state)
{
    (void)state;
    struct canvas mask = canvas_make(64, 64, 1, MFACE_SAMPLE_F32);
    struct canvas less = canvas_make(64, 64, 1, MFACE_SAMPLE_F32);
    struct canvas more = canvas_make(64, 64, 1, MFACE_SAMPLE_F32);
    canvas_fill_random(&mask, 11);
    assert_int_equal(mface_mask_erode_blur(&mask.image, 7, 0, &less.image), MFACE_OK);
    assert_int_equal(mface_mask_erode_blur(&mask.image, -7, 0, &more.image), MFACE_OK);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++) {
            const float v = mface_image_row_f32(&mask.image, y)[x];
            assert_true(mface_image_row_f32(&less.image, y)[x] <= v);
            assert_true(mface_image_row_f32(&more.image, y)[x] >= v);
        }
    canvas_free(&mask);
    canvas_free(&less);
    canvas_free(&more);
}

/* Whatever the setting at whatever size, a mask stays within 0..1 and its edge is soft. */
static void test_range(void **state)
{
    (void)state;
    static const int sides[] = { 16, 224, 1024 };
    static const int erodes[] = { -400, 400 };
    for (size_t s = 0; s < 3; s++)
        for (size_t e = 0; e < 2; e++) {
            struct canvas mask = canvas_make(sides[s], sides[s], 1, MFACE_SAMPLE_F32);
            fill_f32(&mask, 1.0f);
            assert_int_equal(
                mface_mask_erode_blur(&mask.image, erodes[e], 400, &mask.image), MFACE_OK);
            for (int y = 0; y < sides[s]; y++)
                for (int x = 0; x < sides[s]; x++) {
                    const float v = mface_image_row_f32(&mask.image, y)[x];
                    assert_true(v >= 0.0f && v <= 1.00001f);
                    assert_true(y > 0 || v < 0.05f);
                }
            canvas_free(&mask);
        }
}

static void test_build_multiplies(void **state)
{
    (void)state;
    struct canvas part[3], out = canvas_make(21, 21, 1, MFACE_SAMPLE_F32);
    for (int i = 0; i < 3; i++) {
        part[i] = canvas_make(21, 21, 1, MFACE_SAMPLE_U8);
        canvas_fill_random(&part[i], 40u + (unsigned)i);
    }
    for (int used = 0; used < 8; used++) {
        const struct mface_mask_params params = {
            .use_source = used & 1, .use_celeb = used & 2, .use_landmarks = used & 4
        };
        assert_int_equal(
            mface_mask_build(&params, used & 1 ? &part[0].image : NULL,
                used & 2 ? &part[1].image : NULL, used & 4 ? &part[2].image : NULL, &out.image),
            MFACE_OK);
        for (int y = 0; y < 21; y++)
            for (int x = 0; x < 21; x++) {
                double want = 1.0;
                for (int i = 0; i < 3; i++)
                    want *= used >> i & 1 ? mface_image_row_u8(&part[i].image, y)[x] / 255.0 : 1.0;
                assert_true(fabs(mface_image_row_f32(&out.image, y)[x] - want) < 1e-6);
            }
    }
    for (int i = 0; i < 3; i++)
        canvas_free(&part[i]);
    canvas_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_padded_field),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_build_multiplies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
