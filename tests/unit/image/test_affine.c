/* Affine matrices: application, inverse, composition, three point pairs. */
#include "canvas.h"
#include "image/affine.h"

#include <math.h>

static void assert_point(struct mface_point p, double x, double y)
{
    assert_true(fabs(p.x - x) < 1e-4 && fabs(p.y - y) < 1e-4);
}

static void test_apply_and_invert(void **state)
{
    (void)state;
    const struct mface_affine mat = { .m = { 2, 1, 5, -1, 3, -7 } };
    assert_point(mface_affine_apply(&mat, (struct mface_point) { 3, 4 }), 15, 2);
    struct mface_affine back;
    assert_true(mface_affine_invert(&mat, &back));
    assert_point(mface_affine_apply(&back, (struct mface_point) { 15, 2 }), 3, 4);
}

static void test_singular_is_refused(void **state)
{
    (void)state;
    const struct mface_affine flat = { .m = { 1, 2, 0, 2, 4, 0 } };
    const struct mface_affine nan = { .m = { NAN, 0, 0, 0, 1, 0 } };
    struct mface_affine out = { .m = { 9 } };
    assert_false(mface_affine_invert(&flat, &out));
    assert_false(mface_affine_invert(&nan, &out));
    assert_true(out.m[0] == 9);
}

static void test_then_applies_in_order(void **state)
{
    (void)state;
    const struct mface_affine scale = { .m = { 2, 0, 0, 0, 2, 0 } };
    const struct mface_affine shift = { .m = { 1, 0, 10, 0, 1, 20 } };
    const struct mface_affine both = mface_affine_then(&scale, &shift);
    assert_point(mface_affine_apply(&both, (struct mface_point) { 1, 1 }), 12, 22);
}

static void test_from_points(void **state)
{
    (void)state;
    const struct mface_point src[3] = { { 10, 10 }, { 30, 12 }, { 8, 40 } };
    const struct mface_point dst[3] = { { 0, 0 }, { 100, 0 }, { 7, 90 } };
    struct mface_affine mat;
    assert_true(mface_affine_from_points(src, dst, &mat));
    for (int i = 0; i < 3; i++)
        assert_point(mface_affine_apply(&mat, src[i]), dst[i].x, dst[i].y);
    const struct mface_point line[3] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
    assert_false(mface_affine_from_points(line, dst, &mat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply_and_invert),
        cmocka_unit_test(test_singular_is_refused),
        cmocka_unit_test(test_then_applies_in_order),
        cmocka_unit_test(test_from_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
