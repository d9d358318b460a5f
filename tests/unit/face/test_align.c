/* Alignment: DeepFaceLive's matrices, the modes, and crops from turned and foreign pictures. */
#include "../image/canvas.h"
#include "face/align.h"
#include "face/templates.h"
#include "image/kernels.h"

#include <math.h>
#include <stdio.h>

static void load_floats(const char *name, float *values, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/align/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(values, sizeof *values, n, file), n);
    fclose(file);
}

static struct mface_landmarks load_landmarks(const char *name, int n)
{
    static struct mface_landmarks landmarks;
    landmarks.n = n;
    load_floats(name, &landmarks.p[0].x, (size_t)n * 2);
    return landmarks;
}

/* Linear parts agree relatively; the shifts to a hundredth of a pixel of the crop. */
static void assert_matrix(const struct mface_affine *mat, const char *name, double shift_tolerance)
{
    float want[6];
    load_floats(name, want, 6);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(mat->m[i] - (double)want[i]) <=
                    (i % 3 == 2 ? shift_tolerance : 1e-4 * (fabs(mat->m[0]) + fabs(mat->m[1]))));
}

static const struct mface_align_params common = {
    .mode = MFACE_ALIGN_POINTS, .coverage = 2.2, .resolution = 224
};

static void check_case(const char *name, const struct mface_landmarks *landmarks,
    const struct mface_align_params *params)
{
    struct mface_alignment alignment;
    char file[64];
    assert_int_equal(mface_align_compute(params, NULL, landmarks, 512, 512, &alignment), MFACE_OK);
    snprintf(file, sizeof file, "%s_mat.bin", name);
    assert_matrix(&alignment.to_crop, file, 0.01);
    snprintf(file, sizeof file, "%s_uni_mat.bin", name);
    assert_matrix(&alignment.to_crop_unit, file, 0.01 / params->resolution);
}

static void test_reference_matrices(void **state)
{
    (void)state;
    const struct mface_landmarks l68 = load_landmarks("landmarks_68.bin", 68);
    check_case("68", &l68, &common);
    const struct mface_landmarks l468 = load_landmarks("landmarks_468.bin", 468);
    struct mface_align_params params = common;
    params.exclude_moving_parts = true;
    check_case("468", &l468, &params);
    params = (struct mface_align_params) { .mode = MFACE_ALIGN_POINTS,
        .coverage = 1.8,
        .resolution = 192,
        .x_offset = 0.1,
        .y_offset = 0.05 + 0.08 };
    check_case("468_all", &l468, &params);
}

/* Landmarks that are the mean face itself, `side` pixels large, turned by `angle`, at x, y. */
static struct mface_landmarks mean_face(double side, double angle, double x, double y)
{
    struct mface_landmarks landmarks = { .n = 68 };
    const struct mface_affine place = { .m = { side * cos(angle), -side * sin(angle), x,
                                            side * sin(angle), side * cos(angle), y } };
    for (int i = 0; i < MFACE_TEMPLATE_68_POINTS; i++)
        landmarks.p[mface_template_68_index[i]] = mface_affine_apply(&place, mface_template_68[i]);
    return landmarks;
}

static struct mface_point middle_in_frame(const struct mface_alignment *alignment, int resolution)
{
    struct mface_affine back;
    assert_true(mface_affine_invert(&alignment->to_crop, &back));
    return mface_affine_apply(
        &back, (struct mface_point) { (float)resolution / 2, (float)resolution / 2 });
}

static double scale_of(const struct mface_alignment *alignment)
{
    return hypot(alignment->to_crop.m[0], alignment->to_crop.m[3]);
}

/* The crop's side is coverage × the mean face's side, around the middle of the unit square moved
 * by the offsets along the face's own axes. */
static void test_square_is_where_the_formula_says(void **state)
{
    (void)state;
    const double angle = 0.4, side = 100;
    const struct mface_landmarks face = mean_face(side, angle, 300, 200);
    struct mface_align_params params = common;
    params.x_offset = 0.25;
    params.y_offset = -0.1;
    struct mface_alignment alignment;
    assert_int_equal(mface_align_compute(&params, NULL, &face, 640, 480, &alignment), MFACE_OK);
    const double u = side * 0.75, v = side * (0.5 - 0.1 - 0.08);
    const struct mface_point middle = middle_in_frame(&alignment, 224);
    assert_true(fabs(middle.x - (300 + u * cos(angle) - v * sin(angle))) < 0.01);
    assert_true(fabs(middle.y - (200 + u * sin(angle) + v * cos(angle))) < 0.01);
    assert_true(fabs(scale_of(&alignment) - 224 / (2.2 * side)) < 1e-4);
    assert_true(fabs(atan2(alignment.to_crop.m[3], alignment.to_crop.m[0]) + angle) < 1e-4);
}

static void test_head_mode_and_frozen_rotation(void **state)
{
    (void)state;
    const struct mface_landmarks face = mean_face(100, 0.4, 300, 200);
    struct mface_align_params params = common;
    struct mface_alignment alignment;
    params.head_mode = true;
    assert_int_equal(mface_align_compute(&params, NULL, &face, 640, 480, &alignment), MFACE_OK);
    assert_true(fabs(scale_of(&alignment) - 224 / 320.0) < 1e-4);
    params = common;
    struct mface_alignment upright;
    params.freeze_z_rotation = true;
    assert_int_equal(mface_align_compute(&common, NULL, &face, 640, 480, &alignment), MFACE_OK);
    assert_int_equal(mface_align_compute(&params, NULL, &face, 640, 480, &upright), MFACE_OK);
    assert_true(upright.to_crop.m[1] == 0 && upright.to_crop.m[3] == 0);
    assert_true(fabs(scale_of(&upright) - scale_of(&alignment)) < 1e-6);
    const struct mface_point a = middle_in_frame(&alignment, 224);
    const struct mface_point b = middle_in_frame(&upright, 224);
    assert_true(fabs(a.x - b.x) < 0.01 && fabs(a.y - b.y) < 0.01);
}

static void test_boxes(void **state)
{
    (void)state;
    const struct mface_box box = { 100, 50, 160, 110, 1 };
    struct mface_align_params params = common;
    struct mface_alignment alignment;
    params.mode = MFACE_ALIGN_RECT;
    params.head_mode = params.freeze_z_rotation = true; // of no account here
    assert_int_equal(mface_align_compute(&params, &box, NULL, 640, 480, &alignment), MFACE_OK);
    struct mface_point middle = middle_in_frame(&alignment, 224);
    assert_true(fabs(middle.x - 130) < 0.01 && fabs(middle.y - 80) < 0.01);
    assert_true(fabs(scale_of(&alignment) - 224 / (2.2 * 60)) < 1e-4);
    params.mode = MFACE_ALIGN_STATIC_RECT;
    params.coverage = 1;
    assert_int_equal(mface_align_compute(&params, NULL, NULL, 640, 480, &alignment), MFACE_OK);
    middle = middle_in_frame(&alignment, 224);
    assert_true(fabs(middle.x - 320) < 0.01 && fabs(middle.y - 240) < 0.01);
    assert_true(fabs(scale_of(&alignment) - 1) < 1e-6);
}

static void test_degenerate_landmarks_are_refused(void **state)
{
    (void)state;
    struct mface_landmarks landmarks = { .n = 68 };
    struct mface_alignment alignment;
    assert_int_equal(
        mface_align_compute(&common, NULL, &landmarks, 640, 480, &alignment), MFACE_ERR_ARG);
    for (int i = 0; i < 68; i++)
        landmarks.p[i] = (struct mface_point) { NAN, NAN };
    assert_int_equal(
        mface_align_compute(&common, NULL, &landmarks, 640, 480, &alignment), MFACE_ERR_ARG);
    landmarks.n = 5;
    assert_int_equal(
        mface_align_compute(&common, NULL, &landmarks, 640, 480, &alignment), MFACE_ERR_ARG);
}

/* A BGR image as a picture. */
static struct mface_picture picture_of(const struct mface_image *image)
{
    return (struct mface_picture) {
        .data = { image->data },
        .stride = { image->stride },
        .w = image->w,
        .h = image->h,
        .model = MFACE_MODEL_RGB,
        .full_range = true,
        .component = { { 0, 3, 2, 0, 8 }, { 0, 3, 1, 0, 8 }, { 0, 3, 0, 0, 8 } },
    };
}

static void check_crop(const struct canvas *frame, const struct mface_landmarks *face)
{
    struct mface_alignment alignment;
    assert_int_equal(
        mface_align_compute(&common, NULL, face, frame->image.w, frame->image.h, &alignment),
        MFACE_OK);
    struct canvas crop = canvas_make(224, 224, 3, MFACE_SAMPLE_U8);
    struct canvas want = canvas_make(224, 224, 3, MFACE_SAMPLE_U8);
    const struct mface_picture picture = picture_of(&frame->image);
    assert_int_equal(mface_align_crop(&picture, &alignment, &crop.image), MFACE_OK);
    mface_warp_affine(&frame->image, &want.image, &alignment.to_crop, MFACE_INTERP_BILINEAR);
    for (int y = 0; y < 224; y++)
        assert_memory_equal(
            mface_image_row_u8(&crop.image, y), mface_image_row_u8(&want.image, y), 224 * 3);
    canvas_free(&crop);
    canvas_free(&want);
}

/* Reading the covered part only is the same as warping the whole frame: inside, across each
 * border, larger than the frame, wholly outside. */
static void test_crop_equals_whole_frame_warp(void **state)
{
    (void)state;
    static const double places[][4] = { { 40, 0.3, 80, 60 }, { 60, -0.8, -20, 70 },
        { 50, 3, 199, 3 }, { 33, 1.5, 100, 140 }, { 400, 0.2, -90, -80 }, { 30, 0, 900, 900 },
        { 5, 0.7, 100, 70 } };
    struct canvas frame = canvas_make(201, 149, 3, MFACE_SAMPLE_U8);
    canvas_fill_random(&frame, 77);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct mface_landmarks face =
            mean_face(places[i][0], places[i][1], places[i][2], places[i][3]);
        check_crop(&frame, &face);
    }
    canvas_free(&frame);
}

static void test_hull_of_a_diamond(void **state)
{
    (void)state;
    struct mface_landmarks landmarks = { .n = 7,
        .p = { { 20, 5 }, { 35, 20 }, { 20, 35 }, { 5, 20 }, { 20, 20 }, { 22, 18 }, { 20, 5 } } };
    const struct mface_alignment identity = { .to_crop = { { 1, 0, 0, 0, 1, 0 } } };
    struct canvas mask = canvas_make(41, 39, 1, MFACE_SAMPLE_U8);
    mface_align_hull_mask(&landmarks, &identity, &mask.image);
    for (int y = 0; y < 39; y++)
        for (int x = 0; x < 41; x++) {
            const int distance = abs(x - 20) + abs(y - 20);
            assert_int_equal(mface_image_row_u8(&mask.image, y)[x], distance <= 15 ? 255 : 0);
        }
    canvas_free(&mask);
}

/* The pixels that a line from corner to corner passes through belong to the mask. */
static void test_hull_includes_its_outline(void **state)
{
    (void)state;
    const struct mface_landmarks landmarks = { .n = 3, .p = { { 2, 10 }, { 30, 14 }, { 30, 10 } } };
    const struct mface_alignment identity = { .to_crop = { { 1, 0, 0, 0, 1, 0 } } };
    struct canvas mask = canvas_make(33, 17, 1, MFACE_SAMPLE_U8);
    mface_align_hull_mask(&landmarks, &identity, &mask.image);
    for (int x = 2; x <= 30; x++) {
        const int y = (int)(10 + (x - 2) / 7.0 + 0.5);
        assert_int_equal(mface_image_row_u8(&mask.image, y)[x], 255);
        assert_int_equal(mface_image_row_u8(&mask.image, y + 1)[x - 1], 0);
    }
    canvas_free(&mask);
}

static void test_hull_is_clipped_and_survives_odd_input(void **state)
{
    (void)state;
    const struct mface_alignment identity = { .to_crop = { { 1, 0, 0, 0, 1, 0 } } };
    struct canvas mask = canvas_make(21, 19, 1, MFACE_SAMPLE_U8);
    struct mface_landmarks landmarks = { .n = 4,
        .p = { { -1e9f, -5 }, { 1e9f, -5 }, { 1e9f, 8 }, { -1e9f, 8 } } };
    mface_align_hull_mask(&landmarks, &identity, &mask.image);
    for (int y = 0; y < 19; y++)
        assert_int_equal(mface_image_row_u8(&mask.image, y)[10], y <= 8 ? 255 : 0);
    landmarks = (struct mface_landmarks) { .n = 3, .p = { { 4, 4 }, { 4, 4 }, { 4, 4 } } };
    mface_align_hull_mask(&landmarks, &identity, &mask.image);
    assert_int_equal(mface_image_row_u8(&mask.image, 4)[4], 255);
    assert_int_equal(mface_image_row_u8(&mask.image, 4)[5], 0);
    landmarks.n = 0;
    mface_align_hull_mask(&landmarks, &identity, &mask.image);
    assert_int_equal(mface_image_row_u8(&mask.image, 4)[4], 0);
    canvas_free(&mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_matrices),
        cmocka_unit_test(test_square_is_where_the_formula_says),
        cmocka_unit_test(test_head_mode_and_frozen_rotation),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_degenerate_landmarks_are_refused),
        cmocka_unit_test(test_crop_equals_whole_frame_warp),
        cmocka_unit_test(test_hull_of_a_diamond),
        cmocka_unit_test(test_hull_includes_its_outline),
        cmocka_unit_test(test_hull_is_clipped_and_survives_odd_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
