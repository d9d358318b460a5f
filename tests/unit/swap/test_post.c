/* Post-processing: each step where it belongs, and the mask that goes with the face. */
#include "shapes.h"
#include "swap/stages.h"

enum { SIDE = 45 };

struct scene {
    struct canvas celeb, crop, source_mask, celeb_mask, face, mask, fine;
};

static struct scene scene_make(void)
{
    struct scene s = {
        canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 1, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 1, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 1, MFACE_SAMPLE_U8),
        canvas_make(SIDE, SIDE, 1, MFACE_SAMPLE_F32),
    };
    fill_waves_u8(&s.celeb, 2);
    fill_waves_u8(&s.crop, 5);
    fill_ellipse_u8(&s.source_mask);
    canvas_fill_random(&s.celeb_mask, 3);
    return s;
}

static void scene_free(struct scene *s)
{
    struct canvas *all[] = { &s->celeb, &s->crop, &s->source_mask, &s->celeb_mask, &s->face,
        &s->mask, &s->fine };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        canvas_free(all[i]);
}

static const struct mface_post_params plain = {
    .gamma_bgr = { 1.0, 1.0, 1.0 },
    .mask = { .use_source = true, .use_celeb = true, .erode_px = 3, .blur_px = 9 },
};

static void run(const struct mface_post_params *params, const struct scene *s)
{
    assert_int_equal(mface_post_run(params, &s->celeb.image, &s->crop.image, &s->source_mask.image,
                         &s->celeb_mask.image, NULL, &s->face.image, &s->mask.image),
        MFACE_OK);
}

static void test_defaults_keep_the_face(void **state)
{
    (void)state;
    struct scene s = scene_make();
    run(&plain, &s);
    assert_same_pixels(&s.celeb, &s.face);
    scene_free(&s);
}

static void test_mask_is_the_built_one(void **state)
{
    (void)state;
    struct scene s = scene_make();
    run(&plain, &s);
    assert_int_equal(mface_mask_build(&plain.mask, &s.source_mask.image, &s.celeb_mask.image, NULL,
                         &s.fine.image),
        MFACE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const float want = 255.0f * mface_image_row_f32(&s.fine.image, y)[x];
            assert_true(fabsf(mface_image_row_u8(&s.mask.image, y)[x] - want) < 0.501f);
        }
    scene_free(&s);
}

/* Each gamma moves its own channel and no other. */
static void test_gamma_by_channel(void **state)
{
    (void)state;
    for (int channel = 0; channel < 3; channel++) {
        struct scene s = scene_make();
        struct mface_post_params params = plain;
        params.gamma_bgr[channel] = 2.0;
        run(&params, &s);
        for (int y = 0; y < SIDE; y++)
            for (int i = 0; i < 3 * SIDE; i++) {
                const int was = mface_image_row_u8(&s.celeb.image, y)[i];
                const int is = mface_image_row_u8(&s.face.image, y)[i];
                assert_true(i % 3 == channel ? is > was : is == was);
            }
        scene_free(&s);
    }
}

/* Whether a merge by Lanczos may look at this pixel of the face. */
static bool is_near_mask(const struct mface_image *mask, int x, int y)
{
    for (int v = y > 4 ? y - 4 : 0; v <= y + 4 && v < mask->h; v++)
        for (int u = x > 4 ? x - 4 : 0; u <= x + 4 && u < mask->w; u++)
            if (mface_image_row_u8(mask, v)[u] > 0)
                return true;
    return false;
}

/* Gamma, then sharpening, then colour transfer under the mask as it was before rounding, wherever
 * the mask lets it be seen. */
static void test_order(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct canvas step = canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8);
    struct canvas want = canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_F32);
    struct mface_post_params params = plain;
    params.gamma_bgr[0] = 1.3;
    params.sharpen = 2.0;
    params.color_transfer = MFACE_COLOR_RCT;
    params.mask.use_celeb = false; // noise, which eroded leaves nothing to transfer from
    run(&params, &s);
    assert_int_equal(mface_mask_build(&params.mask, &s.source_mask.image, &s.celeb_mask.image, NULL,
                         &s.fine.image),
        MFACE_OK);
    mface_gamma_u8(&s.celeb.image, &step.image, params.gamma_bgr);
    assert_int_equal(mface_sharpen(&step.image, &step.image, 1.0, 2.0), MFACE_OK);
    assert_int_equal(
        mface_color_rct(&step.image, &s.crop.image, &s.fine.image, &want.image), MFACE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int k = 0; k < 3 && is_near_mask(&s.mask.image, x, y); k++)
                assert_true(
                    fabsf(mface_image_row_u8(&s.face.image, y)[3 * x + k] -
                          255.0f * mface_image_row_f32(&want.image, y)[3 * x + k]) < 0.501f);
    canvas_free(&step);
    canvas_free(&want);
    scene_free(&s);
}

static void fill_middle(const struct canvas *mask, int side)
{
    const int first = (mask->image.w - side) / 2;
    for (int y = 0; y < mask->image.h; y++)
        for (int x = 0; x < mask->image.w; x++)
            mface_image_row_u8(&mask->image, y)[x] =
                x >= first && x < first + side && y >= first && y < first + side ? 255 : 0;
}

/* What a face looks like in a grey picture, with the widest taps there are. */
static struct canvas merged(const struct mface_image *face, const struct mface_image *mask)
{
    const struct mface_merge_params params = {
        .scale = 1.0, .opacity = 1.0, .interp = MFACE_INTERP_LANCZOS4
    };
    const struct mface_affine larger = { { 1.7, -0.4, 9.3, 0.4, 1.7, -3.1 } };
    struct canvas picture = canvas_make(2 * SIDE, 2 * SIDE, 3, MFACE_SAMPLE_F32);
    struct canvas touched = canvas_make(2 * SIDE, 2 * SIDE, 1, MFACE_SAMPLE_F32);
    fill_f32(&picture, 0.5f);
    fill_f32(&touched, 0.0f);
    assert_int_equal(
        mface_merge_face(&params, &larger, face, mask,
            (struct mface_rect) { 0, 0, 2 * SIDE, 2 * SIDE }, &picture.image, &touched.image),
        MFACE_OK);
    canvas_free(&touched);
    return picture;
}

/* Colours are transferred only where a merge looks, which no merge can see. */
static void test_part_is_enough(void **state)
{
    (void)state;
    for (int side = 0; side <= SIDE; side += 3) {
        struct scene s = scene_make();
        struct canvas want = canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_F32);
        struct canvas want_u8 = canvas_make(SIDE, SIDE, 3, MFACE_SAMPLE_U8);
        struct mface_post_params params = plain;
        params.color_transfer = MFACE_COLOR_RCT;
        params.mask = (struct mface_mask_params) { .use_source = true, .blur_px = side % 2 * 5 };
        fill_middle(&s.source_mask, side);
        run(&params, &s);
        assert_int_equal(
            mface_mask_build(&params.mask, &s.source_mask.image, NULL, NULL, &s.fine.image),
            MFACE_OK);
        assert_int_equal(
            mface_color_rct(&s.celeb.image, &s.crop.image, &s.fine.image, &want.image), MFACE_OK);
        mface_convert(&want.image, &want_u8.image);
        struct canvas a = merged(&s.face.image, &s.mask.image);
        struct canvas b = merged(&want_u8.image, &s.mask.image);
        assert_same_pixels(&a, &b);
        struct canvas *all[] = { &want, &want_u8, &a, &b };
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
            canvas_free(all[i]);
        scene_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_keep_the_face),
        cmocka_unit_test(test_mask_is_the_built_one),
        cmocka_unit_test(test_gamma_by_channel),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_part_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
