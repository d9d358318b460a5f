/* Decoding of the detectors' outputs: the anchor a number belongs to, and the box it stands for. */
#include "face/detect_kind.h"

#include <math.h>
#include <stdlib.h>

#include "../cmocka_all.h"

static void near(double a, double b)
{
    assert_true(fabs(a - b) < 0.02);
}

static void check_box(const struct mface_box *box, double x, double y, double w, double h)
{
    near((box->l + box->r) / 2, x);
    near((box->t + box->b) / 2, y);
    near(box->r - box->l, w);
    near(box->b - box->t, h);
}

static float *zeros(size_t n)
{
    float *values = calloc(n, sizeof *values);
    assert_non_null(values);
    return values;
}

/* 512×512: the 5118 anchors that face-api stores as a table; these are from it. */
static void test_ssd_anchors(void **state)
{
    (void)state;
    static const struct {
        int row;
        double x, y, w, h; // of 512
    } anchors[] = {
        { 0, 0.015625, 0.015625, 0.1, 0.1 },
        { 1, 0.015625, 0.015625, 0.28284273, 0.14142136 },
        { 3072 - 1, 1 - 0.015625, 1 - 0.015625, 0.14142136, 0.28284273 },
        { 3072 + 6 * 16 + 1, 0.03125, 0.09375, 0.41833, 0.41833 },
        { 3072 + 1536 + 5, 0.0625, 0.0625, 0.2886607, 0.8660687 },
        { 5118 - 6, 0.5, 0.5, 0.95, 0.95 },
        { 5118 - 1, 0.5, 0.5, 0.54845536, 1.6455305 },
    };
    enum { N = 5118 };
    assert_int_equal(mface_detector_ssd.n_candidates_max(512, 512), N);
    float *codes = zeros(4 * N), *scores = zeros(N);
    struct mface_box *boxes = calloc(N, sizeof *boxes);
    for (size_t i = 0; i < sizeof anchors / sizeof anchors[0]; i++)
        scores[anchors[i].row] = 0.5F;
    const struct mface_tensor outputs[] = {
        { MFACE_DTYPE_F32, { 3, { 1, N, 4 } }, codes },
        { MFACE_DTYPE_F32, { 2, { 1, N } }, scores },
    };
    assert_int_equal(mface_detector_ssd.decode(outputs, 512, 512, boxes), 7);
    for (size_t i = 0; i < 7; i++)
        check_box(&boxes[i], 512 * anchors[i].x, 512 * anchors[i].y, 512 * anchors[i].w,
            512 * anchors[i].h);
    free(codes), free(scores), free(boxes);
}

static void test_ssd_codes(void **state)
{
    (void)state;
    const int n = (int)mface_detector_ssd.n_candidates_max(480, 160);
    float *codes = zeros(4 * (size_t)n), *scores = zeros((size_t)n);
    struct mface_box *boxes = calloc((size_t)n, sizeof *boxes);
    scores[3] = 0.9F;        // second cell of the first row, the small square of 51.2 pixels
    codes[12] = 5;           // down by half a side
    codes[13] = -2.5F;       // left by a quarter
    codes[14] = 5 * logf(2); // twice as high
    const struct mface_tensor outputs[] = {
        { MFACE_DTYPE_F32, { 3, { 1, n, 4 } }, codes },
        { MFACE_DTYPE_F32, { 2, { 1, n } }, scores },
    };
    assert_int_equal(mface_detector_ssd.decode(outputs, 480, 160, boxes), 1);
    check_box(&boxes[0], 24 - 12.8, 8 + 25.6, 51.2, 102.4);
    near(boxes[0].score, 0.9);
    assert_int_equal(mface_detector_ssd.decode(outputs, 512, 160, boxes), -1); // not its size
    codes[14] = INFINITY;
    assert_int_equal(mface_detector_ssd.decode(outputs, 480, 160, boxes), 0);
    free(codes), free(scores), free(boxes);
}

static void test_tiny_cells(void **state)
{
    (void)state;
    enum { COLUMNS = 3, ROWS = 2, N = COLUMNS * ROWS * 25 };
    float *cells = zeros(N);
    struct mface_box boxes[COLUMNS * ROWS * 5];
    for (int i = 4; i < N; i += 5)
        cells[i] = -20;
    float *value = cells + (1 * COLUMNS + 2) * 25 + 2 * 5; // row 1, column 2, anchor 2
    value[0] = 0;                                          // the middle of the cell
    value[1] = 20;                                         // its lower edge
    value[2] = logf(2);                                    // twice as wide
    value[4] = 0;
    const struct mface_tensor output = { MFACE_DTYPE_F32, { 4, { 1, ROWS, COLUMNS, 25 } }, cells };
    assert_int_equal(mface_detector_tiny.decode(&output, 96, 64, boxes), 1);
    check_box(&boxes[0], 2.5 * 32, 2 * 32, 2 * 2.882459 * 32, 3.518061 * 32);
    near(boxes[0].score, 0.5);
    assert_int_equal(mface_detector_tiny.decode(&output, 128, 64, boxes), -1);
    free(cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ssd_anchors),
        cmocka_unit_test(test_ssd_codes),
        cmocka_unit_test(test_tiny_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
