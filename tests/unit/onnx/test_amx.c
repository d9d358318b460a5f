/* Convolutions in tiles against a plain loop and against oneDNN's in bf16, over odd sizes, and
 * against themselves on other numbers of threads and in other batches. */
#include "onnx/amx.h"
#include "onnx/amx_conv.h"

#include "base/mem.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct shape {
    int batch, height, width, in, out;
};

static const struct shape shapes[] = {
    { 1, 1, 1, 3, 5 }, { 2, 1, 17, 32, 32 }, { 1, 2, 3, 33, 31 }, { 3, 5, 1, 64, 16 },
    { 1, 7, 7, 96, 65 }, { 2, 14, 14, 44, 48 }, { 1, 16, 16, 128, 17 }, { 1, 57, 31, 40, 88 },
    { 3, 31, 57, 32, 33 }, { 1, 14, 14, 704, 176 }, { 1, 14, 15, 512, 96 },
    { 1, 112, 112, 160, 32 }, // more than one band
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct variant {
    bool has_bias, sum, dst_bf16;
    enum mface_activation activation;
    float alpha;
};

static const struct variant variants[] = {
    { true, false, true, MFACE_ACTIVATION_RELU, 0.1f },
    { false, false, false, MFACE_ACTIVATION_NONE, 0.0f },
    { true, true, true, MFACE_ACTIVATION_RELU, 0.2f },
    { true, true, false, MFACE_ACTIVATION_RELU, 0.0f },
    { true, false, false, MFACE_ACTIVATION_RELU, 0.1f },
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

/* Values that bf16 holds exactly, so that only sums and results are rounded. */
static float random_value(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return widen(narrow((float)(*state >> 8) / (float)(1 << 23) - 1.0f));
}

struct problem {
    struct mface_dnnl_conv conv;
    uint16_t *src;
    float *weights, *bias;
    void *former; // what the destination holds before
    size_t n_src, n_weights, n_dst, dst_bytes;
};

static struct mface_dnnl_conv describe(const struct shape *shape, const struct variant *variant)
{
    return (struct mface_dnnl_conv) {
        .n_spatial = 2,
        .batch = shape->batch,
        .in_channels = shape->in,
        .out_channels = shape->out,
        .groups = 1,
        .in = { shape->height, shape->width },
        .out = { shape->height, shape->width },
        .kernel = { 3, 3 },
        .stride = { 1, 1 },
        .dilation = { 1, 1 },
        .pad_begin = { 1, 1 },
        .pad_end = { 1, 1 },
        .has_bias = variant->has_bias,
        .activation = variant->activation,
        .alpha = variant->alpha,
        .channels_last = true,
        .src_bf16 = true,
        .dst_bf16 = variant->dst_bf16,
        .sum = variant->sum,
    };
}

static void fill_former(struct problem *problem, uint32_t *seed)
{
    for (size_t i = 0; i < problem->n_dst; i++) {
        const float value = random_value(seed);
        if (problem->conv.dst_bf16)
            ((uint16_t *)problem->former)[i] = narrow(value);
        else
            ((float *)problem->former)[i] = value;
    }
}

static void problem_init(
    struct problem *problem, const struct shape *shape, const struct variant *variant)
{
    uint32_t seed = 7;
    const size_t pixels = (size_t)shape->batch * (size_t)shape->height * (size_t)shape->width;
    problem->conv = describe(shape, variant);
    problem->n_src = pixels * (size_t)shape->in;
    problem->n_dst = pixels * (size_t)shape->out;
    problem->n_weights = (size_t)shape->in * (size_t)shape->out * 9;
    problem->dst_bytes = problem->n_dst * (variant->dst_bf16 ? 2 : 4);
    problem->src = mface_mem_alloc(problem->n_src * 2);
    problem->weights = mface_mem_alloc(problem->n_weights * 4);
    problem->bias = mface_mem_alloc((size_t)shape->out * 4);
    problem->former = mface_mem_alloc(problem->dst_bytes);
    for (size_t i = 0; i < problem->n_src; i++)
        problem->src[i] = narrow(random_value(&seed));
    for (size_t i = 0; i < problem->n_weights; i++)
        problem->weights[i] = random_value(&seed);
    for (int i = 0; i < shape->out; i++)
        problem->bias[i] = random_value(&seed);
    fill_former(problem, &seed);
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

static void *run_tiles(const struct problem *problem, int threads)
{
    struct mface_amx_conv *kernel;
    assert_true(mface_amx_conv_fits(&problem->conv));
    assert_int_equal(mface_amx_conv_create(&problem->conv, threads, &kernel), MFACE_OK);
    void *scratch = mface_mem_alloc(mface_amx_conv_scratch_bytes(kernel));
    memset(scratch, 0xff, mface_amx_conv_scratch_bytes(kernel)); // NaN
    void *dst = mface_mem_alloc(problem->dst_bytes);
    memcpy(dst, problem->former, problem->dst_bytes);
    mface_amx_conv_run(kernel, problem->src, dst, scratch);
    mface_mem_free(scratch);
    mface_amx_conv_free(&kernel);
    assert_null(kernel);
    return dst;
}

static void *run_dnnl(const struct problem *problem)
{
    struct mface_dnnl *kernel;
    assert_int_equal(mface_dnnl_conv_create(&problem->conv, &kernel), MFACE_OK);
    void *scratch = mface_mem_alloc(mface_dnnl_scratch_bytes(kernel));
    void *dst = mface_mem_alloc(problem->dst_bytes);
    memcpy(dst, problem->former, problem->dst_bytes);
    assert_int_equal(
        mface_dnnl_run(kernel, problem->src, NULL, problem->conv.bias, dst, scratch), MFACE_OK);
    mface_mem_free(scratch);
    mface_dnnl_free(&kernel);
    return dst;
}

static float result_at(const struct problem *problem, const void *dst, size_t i)
{
    return problem->conv.dst_bf16 ? widen(((const uint16_t *)dst)[i]) : ((const float *)dst)[i];
}

/* One output in double precision; *size: the sum of all terms' magnitudes. */
static double expect(const struct problem *problem, size_t i, double *size)
{
    const struct mface_dnnl_conv *conv = &problem->conv;
    const int64_t in = conv->in_channels, out = conv->out_channels;
    const int64_t height = conv->in[0], width = conv->in[1];
    const int64_t o = (int64_t)i % out, pixel = (int64_t)i / out;
    const int64_t x = pixel % width, y = pixel / width % height, n = pixel / width / height;
    double sum = (conv->has_bias ? problem->bias[o] : 0.0) +
                 (conv->sum ? result_at(problem, problem->former, i) : 0.0);
    *size = fabs(sum);
    for (int tap = 0; tap < 9; tap++) {
        const int64_t sy = y + tap / 3 - 1, sx = x + tap % 3 - 1;
        if (sy < 0 || sy >= height || sx < 0 || sx >= width)
            continue;
        for (int64_t c = 0; c < in; c++) {
            const double term =
                (double)widen(problem->src[((n * height + sy) * width + sx) * in + c]) *
                problem->weights[(o * in + c) * 9 + tap];
            sum += term;
            *size += fabs(term);
        }
    }
    return conv->activation == MFACE_ACTIVATION_RELU && sum < 0 ? conv->alpha * sum : sum;
}

/* Rounding of the sums, and of the result where it is stored in bf16: half a step for each of the
 * results compared that is. */
static double tolerance(const struct problem *problem, double expected, double size, int n_rounded)
{
    return 1e-6 * size + (problem->conv.dst_bf16 ? n_rounded * fabs(expected) / 256 : 0.0);
}

/* A sample of the outputs, the first and last ones in any case. */
static void check_values(const struct problem *problem, const void *dst)
{
    const size_t step = problem->n_dst / 2000 * 2 + 1;
    for (size_t i = 0; i < problem->n_dst; i += i + step < problem->n_dst ? step : 1) {
        double size;
        const double expected = expect(problem, i, &size), is = result_at(problem, dst, i);
        if (!(fabs(is - expected) <= tolerance(problem, expected, size, 1)))
            fail_msg("output %zu is %g, not %g", i, is, expected);
        if (i + 1 == problem->n_dst)
            break;
    }
}

/* Sums in another order differ by a rounding now and then. */
static void check_dnnl(const struct problem *problem, const void *dst)
{
    void *other = run_dnnl(problem);
    for (size_t i = 0; i < problem->n_dst; i++) {
        const double a = result_at(problem, dst, i), b = result_at(problem, other, i);
        const double sum_size = (double)problem->conv.in_channels * 9;
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
        mface_mem_free(dst);
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
            mface_mem_free(many);
        }
        mface_mem_free(one);
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
        struct problem last = problem;
        const size_t n = (size_t)shapes[i].batch;
        last.conv.batch = 1;
        last.dst_bytes /= n;
        last.src += problem.n_src / n * (n - 1);
        last.former = (char *)problem.former + last.dst_bytes * (n - 1);
        void *one = run_tiles(&last, 1);
        assert_memory_equal((char *)all + last.dst_bytes * (n - 1), one, last.dst_bytes);
        mface_mem_free(one);
        mface_mem_free(all);
        problem_clear(&problem);
    }
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
    problem.conv.weights.source =
        (struct mface_weight_source) { .store = store, .key = { .hi = 3, .lo = 4 } };
    for (int i = 1; i <= 2; i++) {
        void *dst = run_tiles(&problem, i);
        assert_memory_equal(alone, dst, problem.dst_bytes);
        mface_mem_free(dst);
        memset(problem.weights, 0, problem.n_weights * sizeof *problem.weights);
    }
    mface_weights_get_stats(store, &stats);
    assert_int_equal(stats.n_packed, 1);
    assert_int_equal(stats.n_found, 1);
    mface_mem_free(alone);
    problem_clear(&problem);
    mface_weights_free(&store);
}

/* A row that is the sum of two, each output channel with a factor: as oneDNN reads it. */
static void test_folded_weights(void **state)
{
    (void)state;
    skip_without_amx();
    const struct shape shape = { 1, 9, 11, 40, 24 };
    struct problem problem;
    problem_init(&problem, &shape, &variants[0]);
    uint32_t seed = 11;
    float scale[24], *doubled = mface_mem_alloc(2 * problem.n_weights * sizeof *doubled);
    for (size_t i = 0; i < 2 * problem.n_weights; i++)
        doubled[i] = random_value(&seed);
    for (int i = 0; i < shape.out; i++)
        scale[i] = 1.0f + random_value(&seed) / 2;
    problem.conv.weights.data = doubled;
    problem.conv.weights.copies = 2;
    mface_constant_set_scale(&problem.conv.weights, scale, shape.out, (int64_t)problem.n_weights);
    void *dst = run_tiles(&problem, 3);
    check_dnnl(&problem, dst);
    mface_mem_free(dst);
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
    const bool fits = mface_amx_conv_fits(&good); // false where there is no AMX to compile for
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
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        conv = good;
        memcpy((char *)&conv + wrong[i].offset, &wrong[i].value, sizeof wrong[i].value);
        assert_false(mface_amx_conv_fits(&conv));
    }
    conv = good;
    conv.activation = MFACE_ACTIVATION_SIGMOID;
    assert_false(mface_amx_conv_fits(&conv));
    conv = good;
    conv.channels_last = false;
    assert_false(mface_amx_conv_fits(&conv));
    conv = good;
    conv.src_bf16 = false;
    assert_false(mface_amx_conv_fits(&conv));
    conv = good;
    conv.has_bias = true; // given at run time
    assert_false(mface_amx_conv_fits(&conv));
    assert_true(fits || !mface_amx_is_available());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_folded_weights),
        cmocka_unit_test(test_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
