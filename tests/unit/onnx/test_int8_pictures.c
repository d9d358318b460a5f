/* Convolutions in bytes of pictures and weights that are hard to round: at every level of loops
 * they are the reference's bits and within its bounds, or at least harm no other picture. */
#include "int8_check.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Either window. */
static const struct conv_shape small[] = {
    { 3, 9, 7, 22, 35, false },
    { 3, 9, 7, 22, 35, true },
};

static void test_pictures(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * INT8_N_KINDS; i++) {
        struct conv_problem problem;
        int8_problem_init(&problem, &small[i % 2], &int8_variants[i % INT8_N_VARIANTS], i / 2);
        int8_check_levels(&problem, int8_check_bits);
        int8_check_levels(&problem, int8_check_errors);
        conv_problem_clear(&problem);
    }
}

/* Values and weights half-way between two steps go to the even one. From -127.5 to 127.5, 0 is
 * step 128, and the greatest value cannot be step 256. */
static void test_ties(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &small[i], &int8_variants[INT8_PLAIN]);
        const size_t row = problem.n_weights / (size_t)small[i].out;
        for (size_t k = 0; k < problem.n_src; k++)
            problem.src[k] = k % 99 ? rintf(problem.src[k] * 255.0f) / 2.0f : 127.5f;
        for (size_t k = 1; k < problem.n_src; k += 99)
            problem.src[k] = -127.5f;
        for (size_t k = 0; k < problem.n_weights; k++)
            problem.weights[k] = k % row ? rintf(problem.weights[k] * 254.0f) / 2.0f : 127.0f;
        int8_check_levels(&problem, int8_check_bits);
        conv_problem_clear(&problem);
    }
}

enum { MOST_CHANNELS_3X3 = 7367, MOST_CHANNELS_5X5 = 2652 }; // 255 × 127 × 9 × 7367 < 2³¹

/* As many channels as may be and all products the greatest there are: their sums fit, either way.
 */
static void test_greatest_sums(void **state)
{
    (void)state;
    static const struct conv_shape most[] = {
        { 2, 3, 3, MOST_CHANNELS_3X3, 2, false },
        { 2, 5, 5, MOST_CHANNELS_5X5, 2, true },
    };
    for (int i = 0; i < 2; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &most[i], &int8_variants[INT8_PLAIN]);
        for (size_t k = 0; k < problem.n_src; k++) // all 255 steps from 0, up and down
            problem.src[k] = k < problem.n_src / 2 ? 2.0f : -0.5f;
        for (size_t k = 0; k < problem.n_weights; k++)
            problem.weights[k] = k < problem.n_weights / 2 ? 0.75f : -3.0f;
        int8_check_levels(&problem, int8_check_bits);
        int8_check_levels(&problem, int8_check_errors);
        conv_problem_clear(&problem);
    }
}

/* What is multiplied is so small that results are those of the rest. */
static void check_nothing(const struct conv_problem *problem, const float *dst)
{
    for (size_t i = 0; i < problem->n_dst; i++) {
        const double expected = conv_problem_expect(problem, i, NULL);
        if (!(fabs(dst[i] - expected) <= ldexp(fabs(expected), -23) + 1e-30))
            fail_msg("output %zu is %g, not %g", i, dst[i], expected);
    }
}

/* Ranges so small that 255 over them is no float. */
static void test_dark_pictures(void **state)
{
    (void)state;
    static const float greatest[] = { 1e-37f, 1e-40f, -1e-38f, 1.4e-45f };
    for (int i = 0; i < 8; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &small[i % 2], &int8_variants[0]);
        for (size_t k = 0; k < problem.n_src; k++)
            problem.src[k] = k % 5 ? greatest[i / 2] : 0.0f;
        int8_check_levels(&problem, check_nothing);
        conv_problem_clear(&problem);
    }
}

/* Training leaves output channels of zeros, and of numbers too small for 127 over them. */
static void test_dead_channels(void **state)
{
    (void)state;
    static const float scales[] = { 0.0f, 1e-38f, 1e-41f };
    for (int i = 0; i < 2; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &small[i], &int8_variants[0]);
        const size_t row = problem.n_weights / (size_t)small[i].out;
        for (size_t k = 0; k < problem.n_weights; k++)
            problem.weights[k] *= scales[k / row % 3];
        int8_check_levels(&problem, check_nothing);
        conv_problem_clear(&problem);
    }
}

/* What is in the second of three pictures changes nothing of the others, and is the same at every
 * level. */
static void check_damage(const struct conv_problem *problem, const float *good)
{
    const size_t n = problem->n_dst / 3;
    float *first = NULL;
    for (int i = 0; i < 3 * INT8_N_LEVELS; i++) {
        float *dst = int8_run(problem, i % INT8_N_LEVELS, 1 + i / INT8_N_LEVELS);
        assert_memory_equal(dst, good, n * sizeof *dst);
        assert_memory_equal(dst + 2 * n, good + 2 * n, n * sizeof *dst);
        first = first ? first : dst;
        for (size_t k = n; k < 2 * n; k++) // NaN is NaN, whatever its bits
            assert_true(first[k] == dst[k] || (isnan(first[k]) && isnan(dst[k])));
        if (dst != first)
            guarded_free(dst);
    }
    guarded_free(first);
}

static void test_damaged_pictures(void **state)
{
    (void)state;
    static const float damages[][2] = { { NAN, 1.0f }, { INFINITY, NAN }, { -INFINITY, 2.0f },
        { INFINITY, -INFINITY }, { FLT_MAX, -FLT_MAX }, { FLT_MAX, FLT_MAX } };
    for (size_t i = 0; i < 2 * sizeof damages / sizeof *damages; i++) {
        struct conv_problem problem;
        int8_problem_init(&problem, &small[i % 2], &int8_variants[i % INT8_N_VARIANTS], (int)i);
        float *good = int8_run(&problem, INT8_TILES, 1);
        const size_t n = problem.n_src / 3;
        for (size_t k = 0; k < n; k += i < 4 ? 1 : 50)
            problem.src[n + k] = damages[i / 2][k % 2];
        check_damage(&problem, good);
        guarded_free(good);
        conv_problem_clear(&problem);
    }
}

/* NaN is of no range: beyond the windows it lies in, results are as if it were 0. */
static void test_nan(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct conv_problem problem;
        int8_problem_init(&problem, &small[i], &int8_variants[0], 1);
        problem.src[0] = problem.src[20] = 0.0f; // both of the first pixel
        float *without = int8_run(&problem, INT8_TILES, 1);
        problem.src[0] = problem.src[20] = NAN;
        const size_t skipped = (size_t)(2 * problem.conv.out[1] * problem.conv.out_channels);
        for (int level = 0; level < INT8_N_LEVELS; level++) {
            float *dst = int8_run(&problem, level, 2);
            assert_memory_equal(
                dst + skipped, without + skipped, (problem.n_dst - skipped) * sizeof *dst);
            guarded_free(dst);
        }
        guarded_free(without);
        conv_problem_clear(&problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_greatest_sums),
        cmocka_unit_test(test_dark_pictures),
        cmocka_unit_test(test_dead_channels),
        cmocka_unit_test(test_damaged_pictures),
        cmocka_unit_test(test_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
