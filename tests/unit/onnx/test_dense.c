/* Dense layers, with weights in f32, bf16 and eight bits, against sums in double precision, and bit
 * for bit against themselves: on other numbers of threads, in other batches, at other levels of
 * CPU, with the weights lying otherwise. */
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
    uint16_t *x_bf16;
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

/* To the eight significant bits of a bf16; halfway between two, to the even one. */
static float rounded(float value)
{
    int exponent;
    frexpf(value, &exponent);
    return ldexpf(nearbyintf(ldexpf(value, 8 - exponent)), exponent - 8);
}

/* Cuts off, which is exact for what is rounded. */
static uint16_t upper_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static float of_upper_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void problem_init(struct problem *p, const struct shape *shape)
{
    const int64_t in = shape->in, out = shape->out;
    p->shape = *shape;
    p->x = random_values(ROWS_MAX * in, 1);
    p->weights = random_values(in * out, 2);
    p->transposed = random_values(in * out, 0);
    p->bias = random_values(out, 3);
    p->weights[0] = 1 + 1.0f / 256; // ties
    p->weights[in * out - 1] = 1 + 3.0f / 256;
    p->x_bf16 = mface_mem_alloc((size_t)(ROWS_MAX * in) * sizeof *p->x_bf16);
    assert_non_null(p->x_bf16);
    for (int64_t i = 0; i < ROWS_MAX * in; i++)
        p->x_bf16[i] = upper_half(rounded(p->x[i]));
    for (int64_t i = 0; i < in; i++)
        for (int64_t o = 0; o < out; o++)
            p->transposed[o * in + i] = p->weights[i * out + o];
}

static void problem_clear(struct problem *p)
{
    mface_mem_free(p->x);
    mface_mem_free(p->x_bf16);
    mface_mem_free(p->weights);
    mface_mem_free(p->transposed);
    mface_mem_free(p->bias);
}

struct variant {
    int rows, threads;
    bool transposed, has_bias;
    float scale;
    enum mface_precision precision;
    bool src_bf16, dst_bf16;
};

/* In place. */
static void widen(void *values, int64_t n)
{
    const uint16_t *halves = values;
    for (int64_t i = n - 1; i >= 0; i--) {
        const float value = of_upper_half(halves[i]);
        memcpy((float *)values + i, &value, sizeof value);
    }
}

static size_t least_bytes(const struct problem *p, enum mface_precision precision)
{
    static const size_t value_bytes[] = { 4, 2, 1 };
    return (size_t)(p->shape.in * p->shape.out) * value_bytes[precision];
}

/* Checks what lies behind the result, too. What the layer was made from is gone when it runs. A
 * result in bf16 is widened. */
static float *run(const struct problem *p, const struct variant *variant)
{
    float *bias = random_values(p->shape.out, 3);
    const struct mface_dense_params params = {
        .rows = variant->rows,
        .in = p->shape.in,
        .out = p->shape.out,
        .weights = { .data = variant->transposed ? p->transposed : p->weights },
        .transposed = variant->transposed,
        .precision = variant->precision,
        .src_bf16 = variant->src_bf16,
        .dst_bf16 = variant->dst_bf16,
        .scale = variant->scale,
        .bias = variant->has_bias ? bias : NULL,
        .threads = variant->threads,
    };
    struct mface_dense *dense;
    assert_int_equal(mface_dense_create(&params, &dense), MFACE_OK);
    fill(bias, p->shape.out, 4);
    mface_mem_free(bias);
    assert_in_range(mface_dense_weight_bytes(dense), least_bytes(p, variant->precision),
        least_bytes(p, variant->precision) * 17 / 16 + 64 * 1024);
    const int64_t n = variant->rows * p->shape.out;
    const size_t bytes = (size_t)n * (variant->dst_bf16 ? sizeof(uint16_t) : sizeof(float));
    float *y = mface_mem_alloc((size_t)n * sizeof *y + MFACE_ALIGN);
    assert_non_null(y);
    memset(y, CANARY, bytes + MFACE_ALIGN);
    mface_dense_run(dense, variant->src_bf16 ? (const void *)p->x_bf16 : p->x, y);
    for (size_t i = bytes; i < bytes + MFACE_ALIGN; i++)
        assert_int_equal(((unsigned char *)y)[i], CANARY);
    mface_dense_free(&dense);
    assert_null(dense);
    if (variant->dst_bf16)
        widen(y, n);
    return y;
}

/* To 127 steps on either side of 0, of the greatest of the group of 64 inputs that i is in. */
static double in_steps(const struct problem *p, int64_t i, int64_t o)
{
    const float *weights = p->weights + o;
    const int64_t first = i / 64 * 64, out = p->shape.out;
    float greatest = 0.0f;
    for (int64_t k = first; k < first + 64 && k < p->shape.in; k++)
        greatest = fmaxf(greatest, fabsf(weights[k * out]));
    if (greatest == 0.0f)
        return 0;
    const float steps_per_weight = 127 / greatest; // f32, as near halves are to fall to one side
    return (double)nearbyintf(weights[i * out] * steps_per_weight) * (double)greatest / 127;
}

static double weight(const struct problem *p, enum mface_precision precision, int64_t i, int64_t o)
{
    if (precision == MFACE_PRECISION_INT8)
        return in_steps(p, i, o);
    const float w = p->weights[i * p->shape.out + o];
    return (double)(precision == MFACE_PRECISION_BF16 ? rounded(w) : w);
}

static double exact(const struct problem *p, const struct variant *variant, int row, int64_t o)
{
    double sum = 0;
    for (int64_t i = 0; i < p->shape.in; i++) {
        const float x = p->x[row * p->shape.in + i];
        sum += (double)(variant->src_bf16 ? rounded(x) : x) * weight(p, variant->precision, i, o);
    }
    return sum * (double)variant->scale + (variant->has_bias ? (double)p->bias[o] : 0.0);
}

static void check_values(const struct problem *p, const struct variant *variant)
{
    float *y = run(p, variant);
    for (int row = 0; row < variant->rows; row++)
        for (int64_t o = 0; o < p->shape.out; o++) {
            const double want = exact(p, variant, row, o);
            const double bound =
                1e-6 * (4 + (double)p->shape.in / 16) + (variant->dst_bf16 ? fabs(want) / 256 : 0);
            assert_true(fabs((double)y[row * p->shape.out + o] - want) < bound);
        }
    mface_mem_free(y);
}

static void test_sums(void **state)
{
    (void)state;
    static const struct variant variants[] = {
        { 1, 1, false, false, 1.0f, MFACE_PRECISION_F32, false, false },
        { 2, 1, false, true, 1.0f, MFACE_PRECISION_F32, false, false },
        { 5, 2, true, false, 0.5f, MFACE_PRECISION_F32, false, false },
        { ROWS_MAX, 3, true, true, -2, MFACE_PRECISION_F32, false, false },
        { 1, 1, false, false, 1.0f, MFACE_PRECISION_BF16, true, false },
        { 4, 2, false, true, 1.0f, MFACE_PRECISION_BF16, true, true },
        { 5, 1, true, true, 0.5f, MFACE_PRECISION_BF16, false, true },
        { ROWS_MAX, 3, true, false, -2, MFACE_PRECISION_BF16, false, false },
        { 1, 1, false, false, 1.0f, MFACE_PRECISION_INT8, false, false },
        { 4, 2, false, true, 0.5f, MFACE_PRECISION_INT8, false, false },
        { 5, 1, true, true, 1.0f, MFACE_PRECISION_INT8, true, true },
        { ROWS_MAX, 3, true, false, -2, MFACE_PRECISION_INT8, false, false },
    };
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
        fail_msg("%s %s: %d rows, %d threads, %lld×%lld", what,
            mface_precision_name(variant->precision), variant->rows, variant->threads,
            (long long)p->shape.in, (long long)p->shape.out);
    mface_mem_free(y);
}

static void check_same(const struct problem *p, enum mface_precision precision)
{
    static const struct {
        unsigned mask;
        const char *name;
    } levels[] = { { 0, "C" }, { MFACE_CPU_AVX2, "AVX2" }, { ~0u, "" } };
    const bool is_bf16 = precision == MFACE_PRECISION_BF16;
    struct variant variant = { ROWS_MAX, 1, false, true, 1.0f, precision, is_bf16, false };
    float *all = run(p, &variant);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        mface_cpu_set_mask(levels[i].mask);
        assert_same(p, &variant, all, levels[i].name);
    }
    for (variant.rows = 1; variant.rows <= ROWS_MAX; variant.rows++)
        for (variant.threads = 1; variant.threads <= 3; variant.threads++)
            assert_same(p, &variant, all, "");
    variant.rows = 4;
    variant.transposed = true;
    assert_same(p, &variant, all, "transposed");
    mface_mem_free(all);
}

static void test_nothing_else_changes_a_bit(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p;
        problem_init(&p, &shapes[i]);
        for (int precision = 0; precision < MFACE_N_PRECISIONS; precision++)
            check_same(&p, precision);
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
