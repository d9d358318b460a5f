/* Convolutions in bytes, bit for bit against a reference of the test's own and within its bound of
 * the exact ones, over odd sizes and all kinds of pictures; and against themselves: all inner loops
 * on any number of threads, in any batch and beside any other picture give the same bits. */
#include "int8_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct conv_shape shapes[] = {
    { 1, 1, 1, 3, 5, false },
    { 2, 1, 17, 32, 32, false },
    { 1, 2, 3, 33, 31, false },
    { 3, 5, 1, 64, 16, false },
    { 19, 3, 4, 22, 7, false }, // more pictures than a thread takes together
    { 1, 7, 7, 88, 65, false },
    { 4, 7, 7, 520, 24, false },
    { 2, 14, 13, 44, 48, false },
    { 2, 17, 16, 130, 12, false },
    { 1, 1, 1, 3, 5, true },
    { 2, 14, 28, 44, 40, true },
    { 3, 29, 17, 22, 33, true },
    { 17, 2, 2, 88, 12, true },
    { 1, 18, 17, 130, 20, true },
#ifndef MFACE_TEST_AMX_EMULATED_H // these would take seconds each
    { 5, 57, 31, 3, 40, false },  // enough for threads to run at once
    { 1, 3, 5000, 3, 2, false },  // planes of one row outgrow what a thread is to take
    { 2, 5, 9000, 3, 3, true },
    { 1, 111, 15, 520, 1, false }, // several bands, on one thread too
    { 1, 61, 21, 520, 1, true },
#endif
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static void test_values(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES * INT8_N_VARIANTS; i++) {
        struct conv_problem problem;
        const int shape = i / INT8_N_VARIANTS, variant = i % INT8_N_VARIANTS;
        int8_problem_init(&problem, &shapes[shape], &int8_variants[variant], shape + variant);
        float *dst = int8_run(&problem, INT8_TILES, 1);
        int8_check_bits(&problem, dst);
        if (variant == INT8_PLAIN)
            int8_check_errors(&problem, dst);
        guarded_free(dst);
        conv_problem_clear(&problem);
    }
}

/* What one level gives on one thread, all of them give on any number. */
static void test_levels(void **state)
{
    (void)state;
    static const int threads[] = { 1, 2, 3, 7 };
    for (int i = 0; i < N_SHAPES; i++) {
        struct conv_problem problem;
        int8_problem_init(&problem, &shapes[i], &int8_variants[i % INT8_N_VARIANTS], i);
        float *one = int8_run(&problem, INT8_TILES, 1);
        for (int k = 0; k < 4 * INT8_N_LEVELS; k++) {
            float *other = int8_run(&problem, k % INT8_N_LEVELS, threads[k / INT8_N_LEVELS]);
            assert_memory_equal(one, other, problem.n_dst * sizeof *one);
            guarded_free(other);
        }
        guarded_free(one);
        conv_problem_clear(&problem);
    }
}

/* The last picture of a batch comes out as it does alone, whatever the others are. */
static void test_batch(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        struct conv_problem problem;
        int8_problem_init(&problem, &shapes[i], &int8_variants[i % INT8_N_VARIANTS], i);
        float *batch = int8_run(&problem, INT8_TILES, 2);
        const struct conv_problem last = conv_problem_last(&problem);
        float *one = int8_run(&last, INT8_TILES, 1);
        assert_memory_equal(batch + problem.n_dst - last.n_dst, one, last.n_dst * sizeof *one);
        guarded_free(one);
        guarded_free(batch);
        conv_problem_clear(&problem);
    }
}

/* Results in space are the same results elsewhere. */
static void test_to_space(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        struct conv_problem problem;
        if (shapes[i].out % 4)
            continue;
        int8_problem_init(&problem, &shapes[i], &int8_variants[i % 2], i);
        float *plain = int8_run(&problem, INT8_C, 1);
        problem.conv.to_space = true;
        for (int k = 0; k < 3 * INT8_N_LEVELS; k++) {
            float *there = int8_run(&problem, k % INT8_N_LEVELS, 1 + k / INT8_N_LEVELS);
            conv_check_space(&problem, plain, there, sizeof *plain);
            guarded_free(there);
        }
        guarded_free(plain);
        conv_problem_clear(&problem);
    }
}

/* Either window, for what is about pictures or weights. */
static const struct conv_shape small[] = {
    { 3, 9, 7, 22, 35, false },
    { 3, 9, 7, 22, 35, true },
};

/* Packed weights are the store's: who asks again, for whatever loops, gets the same ones. */
static void test_store(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct mface_weights *store;
        struct mface_weights_stats stats;
        assert_int_equal(
            mface_weights_create(NULL, (struct mface_key) { .hi = 1, .lo = 2 }, &store), MFACE_OK);
        struct conv_problem problem;
        conv_problem_init(&problem, &small[i], &int8_variants[0]);
        float *alone = int8_run(&problem, INT8_TILES, 1);
        problem.conv.weights.source =
            (struct mface_weight_source) { .store = store, .key = { .hi = 3, .lo = 4 } };
        for (int level = 0; level < INT8_N_LEVELS; level++) {
            float *dst = int8_run(&problem, level, 1 + level);
            assert_memory_equal(alone, dst, problem.n_dst * sizeof *dst);
            guarded_free(dst);
            memset(problem.weights, 0, problem.n_weights * sizeof *problem.weights);
        }
        mface_weights_get_stats(store, &stats);
        assert_int_equal(stats.n_packed, 1);
        assert_int_equal(stats.n_found, INT8_N_LEVELS - 1);
        guarded_free(alone);
        conv_problem_clear(&problem);
        mface_weights_free(&store);
    }
}

/* A row that is the sum of two, each output channel with a factor. */
static void test_folded_weights(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct conv_problem problem;
        int8_problem_init(&problem, &small[i], &int8_variants[0], 0);
        conv_problem_fold(&problem);
        float *dst = int8_run(&problem, INT8_TILES, 3);
        int8_check_bits(&problem, dst);
        guarded_free(dst);
        conv_problem_clear(&problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_to_space),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_folded_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
