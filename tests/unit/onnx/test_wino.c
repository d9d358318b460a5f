/* Winograd convolutions against a plain loop in double precision, over odd sizes, and against
 * themselves: with vectors of 8 and of 16 floats, on other numbers of threads, in other batches and
 * blocks they give the same bits. */
#include "onnx/wino.h"
#include "onnx/wino_conv.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "onnx/onnx.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct mface_wino_kernels mface_wino_halves; // wino_halves.c

enum { CANARY = 64 }; // floats before and behind what may be written

struct shape {
    int batch, height, width, in, out;
    bool halves; // 5×5 with stride 2, else 3×3
};

static const struct shape shapes[] = {
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

struct variant {
    bool has_bias, sum;
    enum mface_activation activation;
    float alpha, beta;
};

static const struct variant variants[] = {
    { true, false, MFACE_ACTIVATION_RELU, 0.1f, 0.0f },
    { false, false, MFACE_ACTIVATION_NONE, 0.0f, 0.0f },
    { true, true, MFACE_ACTIVATION_RELU, 0.0f, 0.0f },
    { false, true, MFACE_ACTIVATION_CLIP, -0.5f, 1.5f },
};

enum { N_VARIANTS = sizeof variants / sizeof *variants };

struct problem {
    struct mface_dnnl_conv conv;
    float *src, *weights, *bias;
    float *former; // what the destination holds before
    size_t n_src, n_weights, n_dst;
};

static float random_value(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (float)(*state >> 8) / (float)(1 << 23) - 1.0f;
}

static float *random_values(size_t n, uint32_t *state)
{
    float *values = mface_mem_alloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = random_value(state);
    return values;
}

static struct mface_dnnl_conv describe(const struct shape *shape, const struct variant *variant)
{
    const int stride = shape->halves ? 2 : 1, side = 2 * stride + 1;
    return (struct mface_dnnl_conv) {
        .n_spatial = 2,
        .batch = shape->batch,
        .in_channels = shape->in,
        .out_channels = shape->out,
        .groups = 1,
        .in = { shape->height, shape->width },
        .out = { (shape->height - 1) / stride + 1, (shape->width - 1) / stride + 1 },
        .kernel = { side, side },
        .stride = { stride, stride },
        .dilation = { 1, 1 },
        .pad_begin = { stride, stride },
        .pad_end = { stride, stride },
        .has_bias = variant->has_bias,
        .activation = variant->activation,
        .alpha = variant->alpha,
        .beta = variant->beta,
        .channels_last = true,
        .sum = variant->sum,
    };
}

static void problem_init(
    struct problem *problem, const struct shape *shape, const struct variant *variant)
{
    uint32_t seed = 7;
    const struct mface_dnnl_conv conv = problem->conv = describe(shape, variant);
    problem->n_src = (size_t)(conv.batch * conv.in[0] * conv.in[1] * conv.in_channels);
    problem->n_dst = (size_t)(conv.batch * conv.out[0] * conv.out[1] * conv.out_channels);
    problem->n_weights =
        (size_t)(conv.in_channels * conv.out_channels * conv.kernel[0] * conv.kernel[1]);
    problem->src = random_values(problem->n_src, &seed);
    problem->weights = random_values(problem->n_weights, &seed);
    problem->bias = random_values((size_t)shape->out, &seed);
    problem->former = random_values(problem->n_dst, &seed);
    problem->conv.weights.data = problem->weights;
    problem->conv.bias = variant->has_bias ? problem->bias : NULL;
}

static void problem_clear(struct problem *problem)
{
    mface_mem_free(problem->src);
    mface_mem_free(problem->weights);
    mface_mem_free(problem->bias);
    mface_mem_free(problem->former);
}

/* n floats between canaries, all of them NaN. */
static float *guarded_alloc(size_t n)
{
    float *values = mface_mem_alloc((n + 2 * CANARY) * sizeof *values);
    memset(values, 0xff, (n + 2 * CANARY) * sizeof *values);
    return values + CANARY;
}

static void guarded_check(const float *values, size_t n)
{
    static const unsigned char untouched[CANARY * sizeof(float)] = { [0 ... 255] = 0xff };
    assert_memory_equal(values - CANARY, untouched, sizeof untouched);
    assert_memory_equal(values + n, untouched, sizeof untouched);
}

static float *run(
    const struct problem *problem, const struct mface_wino_kernels *loops, int threads)
{
    struct mface_wino_conv *kernel;
    assert_true(mface_wino_conv_fits(&problem->conv));
    assert_int_equal(
        mface_wino_conv_create_with(&problem->conv, threads, loops, &kernel), MFACE_OK);
    const size_t n_scratch = mface_wino_conv_scratch_bytes(kernel) / sizeof(float);
    float *scratch = guarded_alloc(n_scratch), *dst = guarded_alloc(problem->n_dst);
    if (problem->conv.sum)
        memcpy(dst, problem->former, problem->n_dst * sizeof *dst);
    mface_wino_conv_run(kernel, problem->src, dst, scratch);
    guarded_check(scratch, n_scratch);
    guarded_check(dst, problem->n_dst);
    mface_mem_free(scratch - CANARY);
    mface_wino_conv_free(&kernel);
    assert_null(kernel);
    return dst;
}

static void run_clear(float *dst)
{
    mface_mem_free(dst - CANARY);
}

static double activate(const struct mface_dnnl_conv *conv, double value)
{
    if (conv->activation == MFACE_ACTIVATION_CLIP)
        return fmin(fmax(value, conv->alpha), conv->beta);
    return conv->activation == MFACE_ACTIVATION_RELU && value < 0 ? conv->alpha * value : value;
}

static double expect(const struct problem *problem, size_t i)
{
    const struct mface_dnnl_conv *conv = &problem->conv;
    const int64_t in = conv->in_channels, out = conv->out_channels;
    const int64_t height = conv->in[0], width = conv->in[1], stride = conv->stride[0];
    const int64_t side = conv->kernel[0], n_taps = side * side;
    const int64_t o = (int64_t)i % out, pixel = (int64_t)i / out, row = pixel / conv->out[1];
    const int64_t x = pixel % conv->out[1], y = row % conv->out[0], n = row / conv->out[0];
    double sum = conv->has_bias ? problem->bias[o] : 0.0;
    sum += conv->sum ? problem->former[i] : 0.0;
    for (int64_t tap = 0; tap < n_taps; tap++) {
        const int64_t sy = y * stride + tap / side - stride, sx = x * stride + tap % side - stride;
        const float *src = problem->src + ((n * height + sy) * width + sx) * in;
        const float *weights = problem->weights + o * in * n_taps + tap;
        const bool is_inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
        for (int64_t c = 0; is_inside && c < in; c++)
            sum += (double)src[c] * weights[c * n_taps];
    }
    return activate(conv, sum);
}

/* Sums grow as they are added up, and their roundings with them; a result mixes those of its whole
 * tile. A plain sum in f32 needs two thirds of this. */
static double tolerance(const struct problem *problem)
{
    const int64_t stride = problem->conv.stride[0];
    return 1e-6 * (double)(problem->conv.in_channels * stride * stride + 3);
}

/* A sample of the outputs, the first and last ones in any case. */
static void check_values(const struct problem *problem, const float *dst)
{
    const size_t step = problem->n_dst / 2000 * 2 + 1;
    for (size_t i = 0; i < problem->n_dst; i++) {
        if (i % step && i + 1 < problem->n_dst)
            continue;
        const double expected = expect(problem, i);
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
        struct problem problem;
        problem_init(&problem, &shapes[i / N_VARIANTS], &variants[i % N_VARIANTS]);
        float *dst = run(&problem, mface_wino_kernels(), 1);
        check_values(&problem, dst);
        run_clear(dst);
        problem_clear(&problem);
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
        struct problem problem;
        problem_init(&problem, &shapes[i], &variants[i % N_VARIANTS]);
        float *one = run(&problem, levels[0], 1);
        static const int threads[] = { 1, 2, 3, 7 };
        for (size_t k = 0; k < 12; k++) {
            float *other = run(&problem, levels[k % 3], threads[k / 3]);
            assert_memory_equal(one, other, problem.n_dst * sizeof *one);
            run_clear(other);
        }
        run_clear(one);
        problem_clear(&problem);
    }
}

/* The last picture of a batch comes out as it does alone. */
static void test_batch(void **state)
{
    (void)state;
    skip_without_loops();
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem problem;
        problem_init(&problem, &shapes[i], &variants[i % N_VARIANTS]);
        float *batch = run(&problem, mface_wino_kernels(), 2);
        struct problem last = problem;
        const size_t n = (size_t)shapes[i].batch;
        last.conv.batch = 1;
        last.n_dst /= n;
        last.src += problem.n_src / n * (n - 1);
        last.former += last.n_dst * (n - 1);
        float *one = run(&last, mface_wino_kernels(), 1);
        assert_memory_equal(batch + last.n_dst * (n - 1), one, last.n_dst * sizeof *one);
        run_clear(one);
        run_clear(batch);
        problem_clear(&problem);
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
        struct problem problem;
        problem_init(&problem, &shapes[kept[i]], &variants[0]);
        float *alone = run(&problem, mface_wino_kernels(), 1);
        problem.conv.weights.source =
            (struct mface_weight_source) { .store = store, .key = { .hi = 3, .lo = 4 } };
        for (int threads = 1; threads <= 2; threads++) {
            float *dst = run(&problem, mface_wino_kernels(), threads);
            assert_memory_equal(alone, dst, problem.n_dst * sizeof *dst);
            run_clear(dst);
            memset(problem.weights, 0, problem.n_weights * sizeof *problem.weights);
        }
        mface_weights_get_stats(store, &stats);
        assert_int_equal(stats.n_packed, 1);
        assert_int_equal(stats.n_found, 1);
        run_clear(alone);
        problem_clear(&problem);
        mface_weights_free(&store);
    }
}

/* A row that is the sum of two, each output channel with a factor. */
static void test_folded_weights(void **state)
{
    (void)state;
    skip_without_loops();
    static const struct shape shape = { 1, 9, 11, 40, 24 };
    const size_t row = (size_t)shape.in * MFACE_WINO_TAPS;
    struct problem problem;
    problem_init(&problem, &shape, &variants[0]);
    uint32_t seed = 11;
    float *doubled = random_values(2 * problem.n_weights, &seed);
    float *scale = random_values((size_t)shape.out, &seed);
    for (size_t i = 0; i < problem.n_weights; i++) {
        const float *first = doubled + i / row * 2 * row + i % row;
        problem.weights[i] = (first[0] + first[row]) * scale[i / row];
    }
    problem.conv.weights.data = doubled;
    problem.conv.weights.copies = 2;
    mface_constant_set_scale(&problem.conv.weights, scale, shape.out, (int64_t)problem.n_weights);
    float *dst = run(&problem, mface_wino_kernels(), 3);
    check_values(&problem, dst);
    run_clear(dst);
    mface_mem_free(scale);
    mface_mem_free(doubled);
    problem_clear(&problem);
}

/* Only what the kernel computes may be given to it. */
static void test_fits(void **state)
{
    (void)state;
    float weight;
    struct mface_dnnl_conv good = describe(&shapes[4], &variants[1]), conv;
    good.weights.data = &weight;
    assert_true(mface_wino_conv_fits(&good));
    const struct {
        size_t offset;
        int64_t value;
    } wrong[] = {
        { offsetof(struct mface_dnnl_conv, groups), 2 },
        { offsetof(struct mface_dnnl_conv, kernel[1]), 5 },
        { offsetof(struct mface_dnnl_conv, stride[0]), 2 },
        { offsetof(struct mface_dnnl_conv, dilation[1]), 2 },
        { offsetof(struct mface_dnnl_conv, pad_begin[0]), 0 },
        { offsetof(struct mface_dnnl_conv, pad_end[1]), 2 },
        { offsetof(struct mface_dnnl_conv, n_spatial), 1 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        conv = good;
        memcpy((char *)&conv + wrong[i].offset, &wrong[i].value, sizeof wrong[i].value);
        assert_false(mface_wino_conv_fits(&conv));
    }
    static const enum mface_activation curved[] = { MFACE_ACTIVATION_SIGMOID,
        MFACE_ACTIVATION_TANH };
    for (int i = 0; i < 2; i++) {
        conv = good;
        conv.activation = curved[i];
        assert_false(mface_wino_conv_fits(&conv));
    }
    conv = good;
    conv.channels_last = false;
    assert_false(mface_wino_conv_fits(&conv));
    conv = good;
    conv.src_bf16 = true;
    assert_false(mface_wino_conv_fits(&conv));
    conv = good;
    conv.dst_bf16 = true;
    assert_false(mface_wino_conv_fits(&conv));
    conv = good;
    conv.has_bias = true; // given at run time
    assert_false(mface_wino_conv_fits(&conv));
    conv = good;
    conv.weights.data = NULL;
    assert_false(mface_wino_conv_fits(&conv));
}

/* By the shape of one picture: a batch must not change what computes it. */
static void test_pays(void **state)
{
    (void)state;
    static const struct {
        struct shape shape;
        bool pays;
    } rows[] = { { { 1, 7, 7, 512, 2048, false }, true }, { { 1, 5, 5, 512, 512, false }, false },
        { { 1, 112, 112, 128, 3, false }, true }, { { 1, 112, 112, 3, 64, false }, false },
        { { 1, 112, 112, 16, 8, false }, false }, { { 1, 28, 28, 256, 512, true }, true },
        { { 1, 14, 14, 256, 512, true }, false } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int batch = 1; batch <= 64; batch *= 4) {
            struct mface_dnnl_conv conv = describe(&rows[i].shape, &variants[0]);
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
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_folded_weights),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_pays),
        cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
