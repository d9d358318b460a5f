/* Sets of boxes: overlap, merging of candidates, selection and its orders. */
#include "face/boxes.h"
#include "face/detect.h"

#include <math.h>
#include <string.h>

#include "../cmocka_all.h"

static void near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-4);
}

static void test_iou(void **state)
{
    (void)state;
    const struct mface_box a = { 0, 0, 10, 10, 1 }, half = { 5, 0, 15, 10, 1 };
    const struct mface_box apart = { 20, 0, 30, 10, 1 }, touching = { 10, 0, 20, 10, 1 };
    near(mface_box_iou(&a, &a), 1);
    near(mface_box_iou(&a, &half), 50.0 / 150);
    near(mface_box_iou(&half, &a), 50.0 / 150);
    near(mface_box_iou(&a, &apart), 0);
    near(mface_box_iou(&a, &touching), 0);
}

static void test_merge_groups_candidates(void **state)
{
    (void)state;
    struct mface_box boxes[] = {
        { 100, 0, 110, 10, 0.6F },                      // another face
        { 0, 0, 10, 10, 0.4F }, { 1, 0, 11, 10, 0.2F }, // the same face as the one before
    };
    assert_int_equal(mface_boxes_merge(boxes, 3, 0.5F, 8), 2);
    near(boxes[0].score, 0.6);
    near(boxes[0].l, 100);
    near(boxes[1].score, 1 - 0.6 * 0.8);
    near(boxes[1].l, 0.2 / 0.6); // weighted by score
    near(boxes[1].r, 10 + 0.2 / 0.6);
    near(boxes[1].b, 10);
}

static void test_merge_counts_four_witnesses_of_a_sure_leader(void **state)
{
    (void)state;
    struct mface_box boxes[8];
    for (int i = 0; i < 8; i++)
        boxes[i] = (struct mface_box) { 0, 0, 10, 10, 0.3F };
    assert_int_equal(mface_boxes_merge(boxes, 8, 0.5F, 8), 1);
    near(boxes[0].score, 1 - pow(0.7, 4));
    for (int i = 0; i < 8; i++)
        boxes[i] = (struct mface_box) { 0, 0, 10, 10, 0.19F };
    assert_int_equal(mface_boxes_merge(boxes, 8, 0.5F, 8), 1);
    near(boxes[0].score, 0.19);
}

static void test_merge_sorts_by_merged_score(void **state)
{
    (void)state;
    struct mface_box boxes[] = {
        { 0, 0, 10, 10, 0.7F },
        { 50, 0, 60, 10, 0.6F },
        { 50, 0, 60, 10, 0.6F },
    };
    assert_int_equal(mface_boxes_merge(boxes, 3, 0.5F, 8), 2);
    near(boxes[0].l, 50);
    near(boxes[0].score, 0.84);
}

static void test_merge_ignores_noise(void **state)
{
    (void)state;
    struct mface_box boxes[20];
    for (int i = 0; i < 20; i++)
        boxes[i] = (struct mface_box) { 0, 0, 10, 10, 0.09F };
    assert_int_equal(mface_boxes_merge(boxes, 20, 0.5F, 8), 0);
    struct mface_box bad = { 0, 0, 1, 1, NAN };
    assert_int_equal(mface_boxes_merge(&bad, 1, 0.5F, 8), 0);
    assert_int_equal(mface_boxes_merge(boxes, 0, 0.5F, 8), 0);
}

static void test_merge_suppresses_groups_that_end_up_alike(void **state)
{
    (void)state;
    // The outer two overlap the middle one, but not each other: two groups, whose boxes overlap.
    struct mface_box boxes[] = {
        { 0, 0, 10, 10, 0.50F },
        { 3.6F, 0, 13.6F, 10, 0.49F },
        { 3.2F, 0, 13.2F, 10, 0.45F },
    };
    assert_true(mface_box_iou(&boxes[0], &boxes[1]) < 0.5F);
    assert_true(mface_box_iou(&boxes[0], &boxes[2]) > 0.5F);
    assert_int_equal(mface_boxes_merge(boxes, 3, 0.5F, 8), 1);
}

static void test_merge_keeps_at_most_n(void **state)
{
    (void)state;
    struct mface_box boxes[10];
    for (int i = 0; i < 10; i++)
        boxes[i] = (struct mface_box) { 20.0F * i, 0, 20.0F * i + 10, 10, 0.5F + 0.01F * i };
    assert_int_equal(mface_boxes_merge(boxes, 10, 0.5F, 3), 3);
    near(boxes[0].l, 180);
    near(boxes[2].l, 140);
}

/* A different order of arrival must not change anything. */
static void test_merge_is_independent_of_order(void **state)
{
    (void)state;
    enum { N = 40 };
    struct mface_box forth[N], back[N];
    for (int i = 0; i < N; i++) {
        const float x = (float)(i * 7 % 50);
        forth[i] = (struct mface_box) { x, 0, x + 20, 20, 0.2F + 0.1F * (i % 5) };
        back[N - 1 - i] = forth[i];
    }
    const int n = mface_boxes_merge(forth, N, 0.5F, N);
    assert_int_equal(mface_boxes_merge(back, N, 0.5F, N), n);
    assert_memory_equal(forth, back, (size_t)n * sizeof forth[0]);
}

/* In a frame of 100×100: scores name the boxes. */
static const struct mface_box faces[] = {
    { 60, 60, 80, 80, 1 }, { 10, 50, 30, 70, 2 }, { 40, 10, 80, 40, 3 }, // the largest
    { 10, 80, 30, 100, 4 }, // as far left and as large as 2
};

static void check_order(enum mface_sort sort, const int want[4])
{
    struct mface_box boxes[4];
    memcpy(boxes, faces, sizeof boxes);
    assert_int_equal(mface_boxes_select(boxes, 4, sort, 0, 100, 100), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal((int)boxes[i].score, want[i]);
}

static void test_select_orders(void **state)
{
    (void)state;
    check_order(MFACE_SORT_LARGEST, (const int[]) { 3, 1, 2, 4 });
    check_order(MFACE_SORT_CENTER, (const int[]) { 3, 1, 2, 4 });
    check_order(MFACE_SORT_LEFT_RIGHT, (const int[]) { 2, 4, 3, 1 });
    check_order(MFACE_SORT_RIGHT_LEFT, (const int[]) { 1, 3, 2, 4 });
    check_order(MFACE_SORT_TOP_BOTTOM, (const int[]) { 3, 2, 1, 4 });
    check_order(MFACE_SORT_BOTTOM_TOP, (const int[]) { 4, 1, 2, 3 });
}

static void test_select_counts(void **state)
{
    (void)state;
    struct mface_box boxes[4];
    memcpy(boxes, faces, sizeof boxes);
    assert_int_equal(mface_boxes_select(boxes, 4, MFACE_SORT_LARGEST, 2, 100, 100), 2);
    assert_int_equal((int)boxes[0].score, 3);
    assert_int_equal(mface_boxes_select(boxes, 4, MFACE_SORT_LARGEST, 9, 100, 100), 4);
    assert_int_equal(mface_boxes_select(boxes, 0, MFACE_SORT_LARGEST, 1, 100, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iou),
        cmocka_unit_test(test_merge_groups_candidates),
        cmocka_unit_test(test_merge_counts_four_witnesses_of_a_sure_leader),
        cmocka_unit_test(test_merge_sorts_by_merged_score),
        cmocka_unit_test(test_merge_ignores_noise),
        cmocka_unit_test(test_merge_suppresses_groups_that_end_up_alike),
        cmocka_unit_test(test_merge_keeps_at_most_n),
        cmocka_unit_test(test_merge_is_independent_of_order),
        cmocka_unit_test(test_select_orders),
        cmocka_unit_test(test_select_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
