/* Winograd convolutions against a plain loop in double precision, over odd sizes, and against
 * themselves: with vectors of 8 and of 16 floats, on other numbers of threads, in other batches and
 * blocks they give the same bits. */
#include "conv_problem.h"

#include "base/cpu.h"
#include "onnx/onnx.h"
#include "onnx/wino.h"
#include "onnx/wino_conv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct mface_wino_kernels mface_wino_halves; // wino_halves.c

static const struct conv_shape shapes[] = {
    { 1, 1, 1, 3, 5, false },
    { 2, 1, 17, 32, 32, false },
    { 1, 2, 3, 33, 31, false },
    { 4, 5, 1, 64, 16, false },
    { 1, 7, 7, 96, 65, false },
    { 2, 14, 14, 44, 48, false },
    { 3, 16, 16, 1, 17, false },
    { 1, 57, 31, 40, 88, false },
    { 3, 31, 57, 22, 3, false },
    { 4, 7, 7, 520, 264, false },
    { 1, 14, 15, 512, 360, false },
    { 2, 28, 29, 130, 12, false },
    { 1, 1, 1, 3, 5, true },
    { 2, 14, 28, 64, 40, true },
    { 3, 29, 17, 20, 33, true },
    { 1, 28, 28, 130, 24, true },
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static const struct conv_variant variants[] = {
    { true, false, MFACE_ACTIVATION_RELU, 0.1f, 0.0f },
    { false, false, MFACE_ACTIVATION_NONE, 0.0f, 0.0f },
    { true, true, MFACE_ACTIVATION_RELU, 0.0f, 0.0f },
    { false, true, MFACE_ACTIVATION_CLIP, -0.5f, 1.5f },
};

enum { N_VARIANTS = sizeof variants / sizeof *variants };

static float *run(
    const struct conv_problem *problem, const struct mface_wino_kernels *loops, int threads)
{
    struct mface_wino_conv *kernel;
    assert_true(mface_wino_conv_fits(&problem->conv));
    assert_int_equal(
        mface_wino_conv_create_with(&problem->conv, threads, loops, &kernel), MFACE_OK);
    const size_t scratch_bytes = mface_wino_conv_scratch_bytes(kernel);
    const size_t dst_bytes = problem->n_dst * sizeof(float);
    float *scratch = guarded_alloc(scratch_bytes), *dst = guarded_alloc(dst_bytes);
    if (problem->conv.sum)
        memcpy(dst, problem->former, dst_bytes);
    mface_wino_conv_run(kernel, problem->src, dst, scratch);
    guarded_check(scratch, scratch_bytes);
    guarded_check(dst, dst_bytes);
    guarded_free(scratch);
    mface_wino_conv_free(&kernel);
    assert_null(kernel);
    return dst;
}

/* Sums grow as they are added up, and their roundings with them; a result mixes those of its whole
 * tile. A plain sum in f32 needs two thirds of this. */
static double tolerance(const struct conv_problem *problem)
{
    const int64_t stride = problem->conv.stride[0];
    return 1e-6 * (double)(problem->conv.in_channels * stride * stride + 3);
}

static void check_values(const struct conv_problem *problem, const float *dst)
{
    for (size_t i = 0; i < problem->n_dst; i = conv_problem_next(problem, i)) {
        const double expected = conv_problem_expect(problem, i, NULL);
        if (!(fabs(dst[i] - expected) <= tolerance(problem)))
            fail_msg("output %zu is %g, not %g", i, dst[i], expected);
    }
}

static void skip_without_loops(void)
{
    if (mface_wino_kernels())
        return;
    print_message("no AVX2 here\n");
    skip();
}

static void test_values(void **state)
{
    (void)state;
    skip_without_loops();
    for (int i = 0; i < N_SHAPES * N_VARIANTS; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &shapes[i / N_VARIANTS], &variants[i % N_VARIANTS]);
        float *dst = run(&problem, mface_wino_kernels(), 1);
        check_values(&problem, dst);
        guarded_free(dst);
        conv_problem_clear(&problem);
    }
}

/* What one level gives on one thread, all of them give on any number. */
static void test_bits(void **state)
{
    (void)state;
    skip_without_loops();
    const struct mface_wino_kernels *const levels[] = { &mface_wino_avx2, &mface_wino_halves,
        mface_wino_kernels() };
    for (int i = 0; i < N_SHAPES; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &shapes[i], &variants[i % N_VARIANTS]);
        float *one = run(&problem, levels[0], 1);
        static const int threads[] = { 1, 2, 3, 7 };
        for (size_t k = 0; k < 12; k++) {
            float *other = run(&problem, levels[k % 3], threads[k / 3]);
            assert_memory_equal(one, other, problem.n_dst * sizeof *one);
            guarded_free(other);
        }
        guarded_free(one);
        conv_problem_clear(&problem);
    }
}

/* The last picture of a batch comes out as it does alone. */
static void test_batch(void **state)
{
    (void)state;
    skip_without_loops();
    for (int i = 0; i < N_SHAPES; i++) {
        struct conv_problem problem;
        conv_problem_init(&problem, &shapes[i], &variants[i % N_VARIANTS]);
        float *batch = run(&problem, mface_wino_kernels(), 2);
        const struct conv_problem last = conv_problem_last(&problem);
        float *one = run(&last, mface_wino_kernels(), 1);
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
    skip_without_loops();
    const struct mface_wino_kernels *const levels[] = { &mface_wino_avx2, &mface_wino_halves,
        mface_wino_kernels() };
    for (int i = 0; i < N_SHAPES; i++) {
        struct conv_problem problem;
        if (shapes[i].out % 4)
            continue;
        conv_problem_init(&problem, &shapes[i], &variants[i % 2]);
        float *plain = run(&problem, mface_wino_kernels(), 1);
        problem.conv.to_space = true;
        for (int k = 0; k < 9; k++) {
            float *there = run(&problem, levels[k % 3], 1 + k / 3);
            conv_check_space(&problem, plain, there, sizeof *plain);
            guarded_free(there);
        }
        guarded_free(plain);
        conv_problem_clear(&problem);
    }
}

/* Packed weights are the store's: who asks again gets the same ones. */
static void test_store(void **state)
{
    (void)state;
    skip_without_loops();
    static const int kept[] = { 5, 13 };
    for (int i = 0; i < 2; i++) {
        struct mface_weights *store;
        struct mface_weights_stats stats;
        assert_int_equal(
            mface_weights_create(NULL, (struct mface_key) { .hi = 1, .lo = 2 }, &store), MFACE_OK);
        struct conv_problem problem;
        conv_problem_init(&problem, &shapes[kept[i]], &variants[0]);
        float *alone = run(&problem, mface_wino_kernels(), 1);
        problem.conv.weights.source =
            (struct mface_weight_source) { .store = store, .key = { .hi = 3, .lo = 4 } };
        for (int threads = 1; threads <= 2; threads++) {
            float *dst = run(&problem, mface_wino_kernels(), threads);
            assert_memory_equal(alone, dst, problem.n_dst * sizeof *dst);
            guarded_free(dst);
            memset(problem.weights, 0, problem.n_weights * sizeof *problem.weights);
        }
        mface_weights_get_stats(store, &stats);
        assert_int_equal(stats.n_packed, 1);
        assert_int_equal(stats.n_found, 1);
        guarded_free(alone);
        conv_problem_clear(&problem);
        mface_weights_free(&store);
    }
}

/* A row that is the sum of two, each output channel with a factor. */
static void test_folded_weights(void **state)
{
    (void)state;
    skip_without_loops();
    static const struct conv_shape shape = { 1, 9, 11, 40, 24 };
    struct conv_problem problem;
    conv_problem_init(&problem, &shape, &variants[0]);
    conv_problem_fold(&problem);
    float *dst = run(&problem, mface_wino_kernels(), 3);
    check_values(&problem, dst);
    guarded_free(dst);
    conv_problem_clear(&problem);
}

/* Only what the kernel computes may be given to it. */
static void test_fits(void **state)
{
    (void)state;
    float weight;
    for (int i = 4; i < N_SHAPES; i += N_SHAPES - 5) { // either window
        struct mface_dnnl_conv good = conv_describe(&shapes[i], &variants[1]), conv;
        good.weights.data = &weight;
        assert_true(mface_wino_conv_fits(&good));
        conv_check_refusals(&good, mface_wino_conv_fits);
        conv = good;
        conv.dst_bf16 = true;
        assert_false(mface_wino_conv_fits(&conv));
    }
}

/* By the shape of one picture: a batch must not change what computes it. */
static void test_pays(void **state)
{
    (void)state;
    static const struct {
        struct conv_shape shape;
        bool pays;
    } rows[] = { { { 1, 7, 7, 512, 2048, false }, true }, { { 1, 5, 5, 512, 512, false }, false },
        { { 1, 112, 112, 128, 3, false }, true }, { { 1, 112, 112, 3, 64, false }, false },
        { { 1, 112, 112, 16, 8, false }, false }, { { 1, 28, 28, 256, 512, true }, true },
        { { 1, 14, 14, 256, 512, true }, false } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int batch = 1; batch <= 64; batch *= 4) {
            struct mface_dnnl_conv conv = conv_describe(&rows[i].shape, &variants[0]);
            conv.batch = batch;
            assert_int_equal(mface_wino_conv_pays(&conv), rows[i].pays);
        }
}

/* Results of another algorithm are other results: what was kept of the one is not served for the
 * other. */
static void test_version(void **state)
{
    (void)state;
    skip_without_loops();
    const struct mface_key with = mface_onnx_runtime_key();
    assert_int_not_equal(mface_wino_version(), 0);
    mface_cpu_set_mask(0);
    const struct mface_key without = mface_onnx_runtime_key();
    assert_int_equal(mface_wino_version(), 0);
    mface_cpu_set_mask(~0u);
    assert_false(with.hi == without.hi && with.lo == without.lo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_to_space),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_folded_weights),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_pays),
        cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
