/* Colour transfer: it does what Reinhard's paper says, and nothing when there is nothing to do. */
#include "shapes.h"
#include "swap/stages.h"

enum { SIDE = 61 };

struct scene {
    struct canvas face, like, mask, out;
};

static struct scene scene_make(void)
{
    struct scene s = {
        canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 1, MFACE_SAMPLE_F32),
        canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_F32),
    };
    fill_waves_u8(&s.face, 2);
    fill_waves_u8(&s.like, 5);
    fill_f32(&s.mask, 1.0f);
    return s;
}

static void scene_free(struct scene *s)
{
    canvas_free(&s->face);
    canvas_free(&s->like);
    canvas_free(&s->mask);
    canvas_free(&s->out);
}

static void run(const struct scene *s)
{
    assert_int_equal(
        mface_color_rct(&s->face.image, &s->like.image, &s->mask.image, &s->out.image), MFACE_OK);
}

static double greatest_change(const struct scene *s, const struct canvas *from)
{
    double worst = 0.0;
    for (int y = 0; y < SIDE; y++)
        for (int i = 0; i < 3 * SIDE; i++) {
            const double v = mface_image_row_u8(&from->image, y)[i] / 255.0;
            const double diff = fabs(mface_image_row_f32(&s->out.image, y)[i] - v);
            worst = diff <= worst ? worst : diff; // a NaN becomes the worst
        }
    return worst;
}

static void test_like_itself(void **state)
{
    (void)state;
    struct scene s = scene_make();
    s.like.image.data = s.face.image.data;
    run(&s);
    assert_true(greatest_change(&s, &s.face) < 1e-3);
    scene_free(&s);
}

/* Mean and deviation of one LAB channel with pixels outside the mask counted as zero. */
static void moments(const struct canvas *bgr, const struct canvas *mask, int k, double out[2])
{
    struct canvas lab = canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_F32);
    double sum = 0.0, squares = 0.0;
    mface_bgr_to_lab(&bgr->image, &lab.image);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const bool inside = mface_image_row_f32(&mask->image, y)[x] >= 0.5f;
            const double v = inside ? mface_image_row_f32(&lab.image, y)[3 * x + k] : 0.0;
            sum += v;
            squares += v * v;
        }
    out[0] = sum / (SIDE * SIDE);
    out[1] = sqrt(squares / (SIDE * SIDE) - out[0] * out[0]);
    canvas_free(&lab);
}

static void test_statistics_carry_over(void **state)
{
    (void)state;
    struct scene s = scene_make();
    run(&s);
    for (int k = 0; k < 3; k++) {
        double ours[2], like[2], face[2];
        moments(&s.out, &s.mask, k, ours);
        moments(&s.like, &s.mask, k, like);
        moments(&s.face, &s.mask, k, face);
        // Colours beyond the gamut are clipped, so not to the last digit.
        assert_true(fabs(ours[0] - like[0]) < 0.1 * fabs(face[0] - like[0]) + 0.5);
        assert_true(fabs(ours[1] - like[1]) < 1.0);
    }
    scene_free(&s);
}

/* Pixels where the mask is below one half neither give nor take part in the statistics. */
static void test_mask_limits(void **state)
{
    (void)state;
    struct scene s = scene_make(), other = scene_make();
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE / 3; x++) {
            mface_image_row_f32(&s.mask.image, y)[x] = 0.499f;
            mface_image_row_f32(&other.mask.image, y)[x] = 0.0f;
            memset(mface_image_row_u8(&other.like.image, y) + 3 * x, 200, 3);
        }
    run(&s);
    run(&other);
    assert_same_pixels(&s.out, &other.out);
    scene_free(&s);
    scene_free(&other);
}

static void test_nothing_to_go_by(void **state)
{
    (void)state;
    struct scene s = scene_make();
    fill_f32(&s.mask, 0.0f);
    run(&s);
    assert_true(greatest_change(&s, &s.face) < 1e-3);
    scene_free(&s);
}

/* Flat on flat: only the mean moves, so the face becomes the other colour. */
static void test_flat(void **state)
{
    (void)state;
    struct scene s = scene_make();
    fill_u8(&s.face, 90);
    fill_u8(&s.like, 160);
    run(&s);
    assert_true(greatest_change(&s, &s.like) < 2e-3);
    scene_free(&s);
}

static void test_in_place(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct canvas both = canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_F32);
    mface_convert(&s.face.image, &both.image);
    run(&s);
    assert_int_equal(
        mface_color_rct(&both.image, &s.like.image, &s.mask.image, &both.image), MFACE_OK);
    assert_same_pixels(&s.out, &both);
    canvas_free(&both);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_itself),
        cmocka_unit_test(test_statistics_carry_over),
        cmocka_unit_test(test_mask_limits),
        cmocka_unit_test(test_nothing_to_go_by),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
