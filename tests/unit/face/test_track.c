/* Smoothing, glances and reduced pictures: what following faces is made of. */
#include "face/reduce.h"
#include "face/smooth.h"
#include "face/track.h"

#include <math.h>
#include <string.h>

#include "../cmocka_all.h"

enum { W = 203, H = 121, N = 68 };

static struct mface_landmarks ring(double x, double y, double radius, unsigned *noise)
{
    struct mface_landmarks landmarks = { .n = N };
    for (int i = 0; i < N; i++) {
        double shake[2] = { 0 };
        for (int k = 0; noise && k < 2; k++) {
            *noise = *noise * 1664525 + 1013904223;
            shake[k] = (*noise >> 8) / (double)(1 << 24) - 0.5;
        }
        landmarks.p[i].x = (float)(x + radius * cos(i) + shake[0]);
        landmarks.p[i].y = (float)(y + radius * sin(i) + shake[1]);
    }
    return landmarks;
}

/* The root mean square distance of one landmark from where it would be without noise, over frames
 * 100..299, while the face moves by `step` pixels a frame. */
static double error_with(int strength, double step)
{
    struct mface_landmarks before = { 0 }, smooth = { 0 };
    struct mface_motion motion = { 0 };
    unsigned noise = 7;
    double sum = 0;
    for (int n = 0; n < 300; n++) {
        const struct mface_landmarks now = ring(100 + n * step, 100, 60, &noise);
        mface_smooth_step(strength, &before, &now, &motion, &smooth);
        before = now;
        const double dx = smooth.p[0].x - (100 + n * step + 60), dy = smooth.p[0].y - 100;
        sum += n >= 100 ? dx * dx + dy * dy : 0;
    }
    return sqrt(sum / 200);
}

static void test_smoothing_calms_at_rest(void **state)
{
    (void)state;
    const double raw = error_with(1, 0);
    assert_true(fabs(raw - sqrt(2.0 / 12)) < 0.03); // of two uniform coordinates
    assert_true(error_with(5, 0) < 0.6 * raw);
    assert_true(error_with(50, 0) < 0.35 * raw);
}

static void test_smoothing_does_not_lag(void **state)
{
    (void)state;
    /* A mean over the last 15 frames would lie 7 steps behind. */
    assert_true(error_with(15, 3) < 0.5 * 3);
    assert_true(error_with(15, 6) < 0.4 * 6);
    assert_true(error_with(150, 6) < 0.5 * 6);
}

static void test_strength_one_copies(void **state)
{
    (void)state;
    struct mface_landmarks now = ring(50, 50, 20, NULL), smooth = ring(10, 10, 20, NULL);
    struct mface_motion motion = { 1, 1, 1, 1 };
    mface_smooth_step(1, &now, &now, &motion, &smooth);
    assert_memory_equal(now.p, smooth.p, sizeof now.p[0] * N);
    assert_true(motion.right == 0 && motion.grow == 0);
}

static uint8_t luma[H][W], chroma[2][(H + 1) / 2][(W + 1) / 2];
static uint16_t deep_luma[H][W], deep_chroma[2][(H + 1) / 2][(W + 1) / 2];

/* A smooth picture, at 8 or 10 bits. */
static struct mface_picture picture_of(bool deep)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            luma[y][x] = (uint8_t)(40 + x / 2 + y / 2);
            deep_luma[y][x] = (uint16_t)(4 * luma[y][x]);
            for (int i = 0; i < 2; i++) {
                chroma[i][y / 2][x / 2] = (uint8_t)(100 + 20 * i + y / 8);
                deep_chroma[i][y / 2][x / 2] = (uint16_t)(4 * chroma[i][y / 2][x / 2]);
            }
        }
    struct mface_picture picture = { .w = W,
        .h = H,
        .model = MFACE_MODEL_YUV,
        .log2_chroma_w = 1,
        .log2_chroma_h = 1,
        .matrix = { 0.2126, 0.0722 } };
    void *const planes[2][3] = { { luma, chroma[0], chroma[1] },
        { deep_luma, deep_chroma[0], deep_chroma[1] } };
    for (int i = 0; i < 3; i++) {
        picture.data[i] = planes[deep][i];
        picture.stride[i] = (i ? (W + 1) / 2 : W) * (deep ? 2 : 1);
        picture.component[i] = (struct mface_component) { i, deep ? 2 : 1, 0, 0, deep ? 10 : 8 };
    }
    return picture;
}

/* Blocks are the means of what a plain reading gives. */
static void check_reduced(const struct mface_picture *picture, struct mface_rect rect, int n)
{
    static uint8_t pixels[W][W][3], blocks[W][W][3]; // a view may stand upright
    const int w = (rect.r - rect.l + n - 1) / n, h = (rect.b - rect.t + n - 1) / n;
    struct mface_image plain = { pixels, sizeof pixels[0], rect.r - rect.l, rect.b - rect.t, 3,
        MFACE_SAMPLE_U8 };
    const struct mface_image out = { blocks, sizeof blocks[0], w, h, 3, MFACE_SAMPLE_U8 };
    mface_picture_read_bgr(picture, rect, &plain);
    assert_int_equal(mface_picture_reduce(picture, rect, n, &out), MFACE_OK);
    for (int by = 0; by < h; by++)
        for (int bx = 0; bx < w; bx++)
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                int count = 0;
                for (int y = by * n; y < (by + 1) * n && y < plain.h; y++)
                    for (int x = bx * n; x < (bx + 1) * n && x < plain.w; x++, count++)
                        sum += pixels[y][x][c];
                if (fabs(blocks[by][bx][c] - sum / count) > 2.5)
                    fail_msg("block %d, %d of %d: channel %d is %d, not %.1f", bx, by, n, c,
                        blocks[by][bx][c], sum / count);
            }
}

static void test_reduced_pictures(void **state)
{
    (void)state;
    for (int deep = 0; deep < 2; deep++) {
        const struct mface_picture picture = picture_of(deep);
        for (int n = 2; n <= 7; n++) {
            check_reduced(&picture, (struct mface_rect) { 0, 0, W, H }, n);
            check_reduced(&picture, (struct mface_rect) { 31, 17, 102, 78 }, n);
        }
        const struct mface_picture turned = mface_picture_view(&picture, true, true, false);
        check_reduced(&turned, (struct mface_rect) { 0, 0, H, W }, 3);
    }
}

static void test_cuts(void **state)
{
    (void)state;
    uint8_t a[MFACE_GLANCE_W * MFACE_GLANCE_H], b[sizeof a], deep[sizeof a];
    struct mface_picture picture = picture_of(true);
    mface_track_glance(&picture, deep);
    picture = picture_of(false);
    mface_track_glance(&picture, a);
    assert_memory_equal(a, deep, sizeof a); // depth does not count
    picture.data[0] += 10;                  // ten pixels further
    picture.w -= 10;
    mface_track_glance(&picture, b);
    assert_false(mface_track_is_cut(a, b));
    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(255 - b[i]);
    assert_true(mface_track_is_cut(a, b));
}

/* A face is followed over small steps, and lost when it jumps, bends or looks like another. */
static void test_losses(void **state)
{
    (void)state;
    struct mface_picture picture = picture_of(false);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            luma[y][x] = (uint8_t)(128 + 100 * sin(x / 5.0) * cos(y / 4.0));
    struct mface_track track = { 0 };
    const struct mface_box box = { 70, 30, 130, 90, 0.9F };
    const struct mface_landmarks at = ring(100, 60, 30, NULL), step = ring(101, 60, 30, NULL),
                                 far_off = ring(160, 60, 30, NULL), huge = ring(100, 60, 45, NULL);
    mface_track_begin(&track, &picture, &box, &at);
    assert_true(mface_track_follow(&track, &picture, &step));
    assert_true(fabsf(track.box.l - 71) < 0.01F);
    assert_false(mface_track_follow(&track, &picture, &far_off));
    assert_false(mface_track_follow(&track, &picture, &huge));
    struct mface_landmarks bent = step;
    for (int i = 0; i < N; i += 2)
        bent.p[i].x += 15;
    assert_false(mface_track_follow(&track, &picture, &bent));
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            luma[y][x] = (uint8_t)(128 + 100 * sin(y / 3.0));
    assert_false(mface_track_follow(&track, &picture, &step));
    assert_true(fabsf(track.box.l - 71) < 0.01F); // as it was
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smoothing_calms_at_rest),
        cmocka_unit_test(test_smoothing_does_not_lag),
        cmocka_unit_test(test_strength_one_copies),
        cmocka_unit_test(test_reduced_pictures),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
