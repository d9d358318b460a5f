/* Convolutions in tiles against a plain loop and against oneDNN's in bf16, over odd sizes, and
 * against themselves on other numbers of threads and in other batches. */
#include "conv_problem.h"

#include "base/mem.h"
#include "onnx/amx.h"
#include "onnx/amx_conv.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct conv_shape shapes[] = {
    { 1, 1, 1, 3, 5 }, { 2, 1, 17, 32, 32 }, { 1, 2, 3, 33, 31 }, { 3, 5, 1, 64, 16 },
    { 1, 7, 7, 96, 65 }, { 2, 14, 14, 44, 48 }, { 1, 16, 16, 128, 17 }, { 1, 57, 31, 40, 88 },
    { 3, 31, 57, 32, 33 }, { 1, 14, 14, 704, 176 }, { 1, 14, 15, 512, 96 },
    { 1, 112, 112, 160, 32 }, // more than one band
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct variant {
    struct conv_variant in_f32;
    bool dst_bf16;
};

static const struct variant variants[] = {
    { { true, false, MFACE_ACTIVATION_RELU, 0.1f }, true },
    { { false, false, MFACE_ACTIVATION_NONE }, false },
    { { true, true, MFACE_ACTIVATION_RELU, 0.2f }, true },
    { { true, true, MFACE_ACTIVATION_RELU, 0.0f }, false },
    { { true, false, MFACE_ACTIVATION_RELU, 0.1f }, false },
};

enum { N_VARIANTS = sizeof variants / sizeof *variants };

static float widen(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint16_t narrow(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Problems are of values that bf16 holds exactly, so that only sums and results are rounded. */
static void round_all(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = widen(narrow(values[i]));
}

static uint16_t *narrow_all(const float *values, size_t n)
{
    uint16_t *halves = mface_mem_alloc(n * sizeof *halves);
    for (size_t i = 0; i < n; i++)
        halves[i] = narrow(values[i]);
    return halves;
}

struct problem {
    struct conv_problem in_f32; // but for the flags in conv
    uint16_t *src;
    void *former; // in_f32's own unless dst_bf16
    size_t dst_bytes;
};

static void problem_init(
    struct problem *problem, const struct conv_shape *shape, const struct variant *variant)
{
    struct conv_problem *in_f32 = &problem->in_f32;
    conv_problem_init(in_f32, shape, &variant->in_f32);
    in_f32->conv.src_bf16 = true;
    in_f32->conv.dst_bf16 = variant->dst_bf16;
    round_all(in_f32->src, in_f32->n_src);
    round_all(in_f32->weights, in_f32->n_weights);
    round_all(in_f32->bias, (size_t)shape->out);
    round_all(in_f32->former, in_f32->n_dst);
    problem->src = narrow_all(in_f32->src, in_f32->n_src);
    problem->former =
        variant->dst_bf16 ? (void *)narrow_all(in_f32->former, in_f32->n_dst) : in_f32->former;
    problem->dst_bytes = in_f32->n_dst * (variant->dst_bf16 ? 2 : 4);
}

static void problem_clear(struct problem *problem)
{
    mface_mem_free(problem->src);
    if (problem->in_f32.conv.dst_bf16)
        mface_mem_free(problem->former);
    conv_problem_clear(&problem->in_f32);
}

static void *run_tiles(const struct problem *problem, int threads)
{
    struct mface_amx_conv *kernel;
    assert_true(mface_amx_conv_fits(&problem->in_f32.conv));
    assert_int_equal(mface_amx_conv_create(&problem->in_f32.conv, threads, &kernel), MFACE_OK);
    const size_t scratch_bytes = mface_amx_conv_scratch_bytes(kernel);
    void *scratch = guarded_alloc(scratch_bytes), *dst = guarded_alloc(problem->dst_bytes);
    memcpy(dst, problem->former, problem->dst_bytes);
    mface_amx_conv_run(kernel, problem->src, dst, scratch);
    guarded_check(scratch, scratch_bytes);
    guarded_check(dst, problem->dst_bytes);
    guarded_free(scratch);
    mface_amx_conv_free(&kernel);
    assert_null(kernel);
    return dst;
}

static void *run_dnnl(const struct problem *problem)
{
    struct mface_dnnl *kernel;
    assert_int_equal(mface_dnnl_conv_create(&problem->in_f32.conv, &kernel), MFACE_OK);
    void *scratch = mface_mem_alloc(mface_dnnl_scratch_bytes(kernel));
    void *dst = mface_mem_alloc(problem->dst_bytes);
    memcpy(dst, problem->former, problem->dst_bytes);
    assert_int_equal(
        mface_dnnl_run(kernel, problem->src, NULL, problem->in_f32.conv.bias, dst, scratch),
        MFACE_OK);
    mface_mem_free(scratch);
    mface_dnnl_free(&kernel);
    return dst;
}

static float result_at(const struct problem *problem, const void *dst, size_t i)
{
    return problem->in_f32.conv.dst_bf16 ? widen(((const uint16_t *)dst)[i])
                                         : ((const float *)dst)[i];
}

/* Rounding of the sums, and of the result where it is stored in bf16: half a step for each of the
 * results compared that is. */
static double tolerance(const struct problem *problem, double expected, double size, int n_rounded)
{
    return 1e-6 * size + (problem->in_f32.conv.dst_bf16 ? n_rounded * fabs(expected) / 256 : 0.0);
}

static void check_values(const struct problem *problem, const void *dst)
{
    const struct conv_problem *in_f32 = &problem->in_f32;
    for (size_t i = 0; i < in_f32->n_dst; i = conv_problem_next(in_f32, i)) {
        double size;
        const double expected = conv_problem_expect(in_f32, i, &size);
        const double is = result_at(problem, dst, i);
        if (!(fabs(is - expected) <= tolerance(problem, expected, size, 1)))
            fail_msg("output %zu is %g, not %g", i, is, expected);
    }
}

/* Sums in another order differ by a rounding now and then. */
static void check_dnnl(const struct problem *problem, const void *dst)
{
    void *other = run_dnnl(problem);
    for (size_t i = 0; i < problem->in_f32.n_dst; i++) {
        const double a = result_at(problem, dst, i), b = result_at(problem, other, i);
        const double sum_size = (double)problem->in_f32.conv.in_channels * 9;
        if (!(fabs(a - b) <= tolerance(problem, b, sum_size, 2)))
            fail_msg("output %zu is %g, in oneDNN %g", i, a, b);
    }
    mface_mem_free(other);
}

static void skip_without_amx(void)
{
    if (mface_amx_is_available())
        return;
    print_message("no AMX here\n");
    skip();
}

static void test_values(void **state)
{
    (void)state;
    skip_without_amx();
    for (int i = 0; i < N_SHAPES * N_VARIANTS; i++) {
        struct problem problem;
        problem_init(&problem, &shapes[i / N_VARIANTS], &variants[i % N_VARIANTS]);
        void *dst = run_tiles(&problem, 1);
        check_values(&problem, dst);
        check_dnnl(&problem, dst);
        guarded_free(dst);
        problem_clear(&problem);
    }
}

static void test_threads(void **state)
{
    (void)state;
    skip_without_amx();
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem problem;
        problem_init(&problem, &shapes[i], &variants[i % N_VARIANTS]);
        void *one = run_tiles(&problem, 1);
        static const int threads[] = { 2, 3, 4, 7, 16 };
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            void *many = run_tiles(&problem, threads[t]);
            assert_memory_equal(one, many, problem.dst_bytes);
            guarded_free(many);
        }
        guarded_free(one);
        problem_clear(&problem);
    }
}

/* The last picture of a batch comes out as it does alone. */
static void test_batch(void **state)
{
    (void)state;
    skip_without_amx();
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem problem;
        problem_init(&problem, &shapes[i], &variants[i % N_VARIANTS]);
        void *all = run_tiles(&problem, 2);
        struct problem last = { conv_problem_last(&problem.in_f32), problem.src, problem.former,
            problem.dst_bytes / (size_t)shapes[i].batch };
        const size_t skipped = problem.dst_bytes - last.dst_bytes;
        last.src += problem.in_f32.n_src - last.in_f32.n_src;
        last.former = (char *)problem.former + skipped;
        void *one = run_tiles(&last, 1);
        assert_memory_equal((char *)all + skipped, one, last.dst_bytes);
        guarded_free(one);
        guarded_free(all);
        problem_clear(&problem);
    }
}

/* Results in space are the same results elsewhere. */
static void check_space(const struct conv_shape *shape, const struct variant *variant)
{
    struct problem problem;
    problem_init(&problem, shape, variant);
    void *plain = run_tiles(&problem, 1);
    problem.in_f32.conv.to_space = true;
    for (int threads = 1; threads <= 3; threads++) {
        void *there = run_tiles(&problem, threads);
        conv_check_space(&problem.in_f32, plain, there, variant->dst_bf16 ? 2 : 4);
        guarded_free(there);
    }
    guarded_free(plain);
    problem_clear(&problem);
}

static void test_to_space(void **state)
{
    (void)state;
    skip_without_amx();
    for (int i = 0; i < N_SHAPES * N_VARIANTS; i++)
        if (shapes[i / N_VARIANTS].out % 4 == 0 && !variants[i % N_VARIANTS].in_f32.sum)
            check_space(&shapes[i / N_VARIANTS], &variants[i % N_VARIANTS]);
}

/* Packed weights are the store's: who asks again gets the same ones. */
static void test_store(void **state)
{
    (void)state;
    skip_without_amx();
    struct mface_weights *store;
    struct mface_weights_stats stats;
    assert_int_equal(
        mface_weights_create(NULL, (struct mface_key) { .hi = 1, .lo = 2 }, &store), MFACE_OK);
    struct problem problem;
    problem_init(&problem, &shapes[5], &variants[0]);
    void *alone = run_tiles(&problem, 1);
    problem.in_f32.conv.weights.source =
        (struct mface_weight_source) { .store = store, .key = { .hi = 3, .lo = 4 } };
    for (int i = 1; i <= 2; i++) {
        void *dst = run_tiles(&problem, i);
        assert_memory_equal(alone, dst, problem.dst_bytes);
        guarded_free(dst);
        memset(problem.in_f32.weights, 0, problem.in_f32.n_weights * sizeof(float));
    }
    mface_weights_get_stats(store, &stats);
    assert_int_equal(stats.n_packed, 1);
    assert_int_equal(stats.n_found, 1);
    guarded_free(alone);
    problem_clear(&problem);
    mface_weights_free(&store);
}

/* A row that is the sum of two, each output channel with a factor: as oneDNN reads it. */
static void test_folded_weights(void **state)
{
    (void)state;
    skip_without_amx();
    static const struct conv_shape shape = { 1, 9, 11, 40, 24 };
    struct problem problem;
    problem_init(&problem, &shape, &variants[0]);
    conv_problem_fold(&problem.in_f32);
    void *dst = run_tiles(&problem, 3);
    check_dnnl(&problem, dst);
    guarded_free(dst);
    problem_clear(&problem);
}

/* Only what the kernel computes may be given to it. */
static void test_fits(void **state)
{
    (void)state;
    float weight;
    struct mface_dnnl_conv good = conv_describe(&shapes[4], &variants[1].in_f32);
    good.src_bf16 = true;
    good.weights.data = &weight;
    /* Where there is no AMX to compile for, nothing fits. */
    assert_true(mface_amx_conv_fits(&good) || !mface_amx_is_available());
    conv_check_refusals(&good, mface_amx_conv_fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_to_space),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_folded_weights),
        cmocka_unit_test(test_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
