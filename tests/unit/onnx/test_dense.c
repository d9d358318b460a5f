/* Dense layers against sums in double precision, and bit for bit against themselves: on other
 * numbers of threads, in other batches, at other levels of CPU, with the weights lying otherwise.
 */
#include "onnx/dense.h"

#include "base/cpu.h"
#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS_MAX = 19, CANARY = 0x5a };

struct shape {
    int64_t in, out;
};

static const struct shape shapes[] = { { 1, 1 }, { 2, 15 }, { 7, 16 }, { 255, 33 }, { 256, 3 },
    { 257, 40 }, { 513, 100 }, { 1000, 129 }, { 4096, 64 } };
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct problem {
    struct shape shape;
    float *x, *weights, *transposed, *bias;
};

static void fill(float *values, int64_t n, uint32_t seed)
{
    for (int64_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        values[i] = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
    }
}

static float *random_values(int64_t n, uint32_t seed)
{
    float *values = mface_mem_alloc((size_t)n * sizeof *values);
    assert_non_null(values);
    fill(values, n, seed);
    return values;
}

static void problem_init(struct problem *p, const struct shape *shape)
{
    const int64_t in = shape->in, out = shape->out;
    p->shape = *shape;
    p->x = random_values(ROWS_MAX * in, 1);
    p->weights = random_values(in * out, 2);
    p->transposed = random_values(in * out, 0);
    p->bias = random_values(out, 3);
    for (int64_t i = 0; i < in; i++)
        for (int64_t o = 0; o < out; o++)
            p->transposed[o * in + i] = p->weights[i * out + o];
}

static void problem_clear(struct problem *p)
{
    mface_mem_free(p->x);
    mface_mem_free(p->weights);
    mface_mem_free(p->transposed);
    mface_mem_free(p->bias);
}

struct variant {
    int rows, threads;
    bool transposed, has_bias;
    float scale;
};

/* Checks what lies behind the result, too. What the layer was made from is gone when it runs. */
static float *run(const struct problem *p, const struct variant *variant)
{
    float *bias = random_values(p->shape.out, 3);
    const struct mface_dense_params params = {
        .rows = variant->rows,
        .in = p->shape.in,
        .out = p->shape.out,
        .weights = { .data = variant->transposed ? p->transposed : p->weights },
        .transposed = variant->transposed,
        .scale = variant->scale,
        .bias = variant->has_bias ? bias : NULL,
        .threads = variant->threads,
    };
    struct mface_dense *dense;
    assert_int_equal(mface_dense_create(&params, &dense), MFACE_OK);
    fill(bias, p->shape.out, 4);
    mface_mem_free(bias);
    assert_true(
        mface_dense_weight_bytes(dense) >= (size_t)(p->shape.in * p->shape.out) * sizeof(float));
    const size_t bytes = (size_t)(variant->rows * p->shape.out) * sizeof(float);
    float *y = mface_mem_alloc(bytes + MFACE_ALIGN);
    assert_non_null(y);
    memset(y, CANARY, bytes + MFACE_ALIGN);
    mface_dense_run(dense, p->x, y);
    for (size_t i = bytes; i < bytes + MFACE_ALIGN; i++)
        assert_int_equal(((unsigned char *)y)[i], CANARY);
    mface_dense_free(&dense);
    assert_null(dense);
    return y;
}

static double exact(const struct problem *p, const struct variant *variant, int row, int64_t o)
{
    double sum = 0;
    for (int64_t i = 0; i < p->shape.in; i++)
        sum += (double)p->x[row * p->shape.in + i] * (double)p->weights[i * p->shape.out + o];
    return sum * (double)variant->scale + (variant->has_bias ? (double)p->bias[o] : 0.0);
}

static void check_values(const struct problem *p, const struct variant *variant)
{
    float *y = run(p, variant);
    const double bound = 1e-6 * (4 + (double)p->shape.in / 16);
    for (int row = 0; row < variant->rows; row++)
        for (int64_t o = 0; o < p->shape.out; o++)
            assert_true(
                fabs((double)y[row * p->shape.out + o] - exact(p, variant, row, o)) < bound);
    mface_mem_free(y);
}

static void test_sums(void **state)
{
    (void)state;
    static const struct variant variants[] = { { 1, 1, false, false, 1.0f },
        { 2, 1, false, true, 1.0f }, { 5, 2, true, false, 0.5f }, { ROWS_MAX, 3, true, true, -2 } };
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p;
        problem_init(&p, &shapes[i]);
        for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
            check_values(&p, &variants[v]);
        problem_clear(&p);
    }
}

static void assert_same(
    const struct problem *p, const struct variant *variant, const float *all, const char *what)
{
    float *y = run(p, variant);
    if (memcmp(y, all, (size_t)(variant->rows * p->shape.out) * sizeof *y) != 0)
        fail_msg("%s: %d rows, %d threads, %lld×%lld", what, variant->rows, variant->threads,
            (long long)p->shape.in, (long long)p->shape.out);
    mface_mem_free(y);
}

static void test_nothing_else_changes_a_bit(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p;
        problem_init(&p, &shapes[i]);
        float *all = run(&p, &(struct variant) { ROWS_MAX, 1, false, true, 1.0f });
        for (int rows = 1; rows <= ROWS_MAX; rows++)
            for (int threads = 1; threads <= 3; threads++)
                assert_same(&p, &(struct variant) { rows, threads, false, true, 1.0f }, all, "");
        assert_same(&p, &(struct variant) { 4, 1, true, true, 1.0f }, all, "transposed");
        mface_cpu_set_mask(0);
        assert_same(&p, &(struct variant) { ROWS_MAX, 1, false, true, 1.0f }, all, "C");
        mface_cpu_set_mask(~0u);
        mface_mem_free(all);
        problem_clear(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_nothing_else_changes_a_bit),
    };
    return cmocka_run_group_tests_name("onnx dense", tests, NULL, NULL);
}
