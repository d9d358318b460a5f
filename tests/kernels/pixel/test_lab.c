/* BGR ↔ LAB: known colours, there and back, and the two sample types against each other. */
#include "canvas.h"
#include "image/kernels.h"

#include <math.h>

struct known {
    uint8_t b, g, r;
    double lab[3];
};

/* sRGB's corners under D65, as published in many tables (CIE 15 formulas). */
static const struct known colours[] = {
    { 0, 0, 0, { 0.0, 0.0, 0.0 } },
    { 255, 255, 255, { 100.0, 0.0, 0.0 } },
    { 0, 0, 255, { 53.24, 80.09, 67.20 } },
    { 0, 255, 0, { 87.74, -86.18, 83.18 } },
    { 255, 0, 0, { 32.30, 79.19, -107.86 } },
    { 128, 128, 128, { 53.59, 0.0, 0.0 } },
};

static void test_known_colours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
        struct canvas bgr = canvas_make(1, 1, 3, MFACE_SAMPLE_U8);
        struct canvas lab = canvas_make(1, 1, 3, MFACE_SAMPLE_F32);
        const uint8_t pixel[3] = { colours[i].b, colours[i].g, colours[i].r };
        memcpy(bgr.image.data, pixel, 3);
        mface_bgr_to_lab(&bgr.image, &lab.image);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(mface_image_row_f32(&lab.image, 0)[k] - colours[i].lab[k]) < 0.05);
        canvas_free(&bgr);
        canvas_free(&lab);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    struct canvas bgr = canvas_make(67, 19, 3, MFACE_SAMPLE_F32);
    struct canvas both = canvas_make(67, 19, 3, MFACE_SAMPLE_F32);
    canvas_fill_random(&bgr, 2);
    mface_bgr_to_lab(&bgr.image, &both.image);
    mface_lab_to_bgr(&both.image, &both.image);
    for (int y = 0; y < 19; y++)
        for (int i = 0; i < 201; i++)
            assert_true(fabsf(mface_image_row_f32(&bgr.image, y)[i] -
                              mface_image_row_f32(&both.image, y)[i]) < 5e-4f);
    canvas_free(&bgr);
    canvas_free(&both);
}

static void test_types_agree(void **state)
{
    (void)state;
    struct canvas bytes = canvas_make(33, 9, 3, MFACE_SAMPLE_U8);
    struct canvas floats = canvas_make(33, 9, 3, MFACE_SAMPLE_F32);
    struct canvas lab = canvas_make(33, 9, 3, MFACE_SAMPLE_F32);
    canvas_fill_random(&bytes, 6);
    mface_convert(&bytes.image, &floats.image);
    mface_bgr_to_lab(&bytes.image, &lab.image);
    mface_bgr_to_lab(&floats.image, &floats.image);
    for (int y = 0; y < 9; y++)
        assert_memory_equal(
            mface_image_row_f32(&lab.image, y), mface_image_row_f32(&floats.image, y), 99 * 4);
    canvas_free(&bytes);
    canvas_free(&floats);
    canvas_free(&lab);
}

/* LAB holds colours no screen shows; they come back inside 0..1. */
static void test_out_of_gamut(void **state)
{
    (void)state;
    struct canvas lab = canvas_make(64, 3, 3, MFACE_SAMPLE_F32);
    unsigned seed = 1;
    for (int y = 0; y < 3; y++)
        for (int i = 0; i < 192; i++)
            mface_image_row_f32(&lab.image, y)[i] =
                i % 3 == 0 ? canvas_random(&seed) % 101 : (float)(canvas_random(&seed) % 255) - 127;
    mface_lab_to_bgr(&lab.image, &lab.image);
    for (int y = 0; y < 3; y++)
        for (int i = 0; i < 192; i++) {
            const float v = mface_image_row_f32(&lab.image, y)[i];
            assert_true(v >= 0.0f && v <= 1.0f + 1e-6f);
        }
    canvas_free(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_colours),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_types_agree),
        cmocka_unit_test(test_out_of_gamut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
