/* Broadcasting, integer arithmetic, and the corners the node suite leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "one_node.h"
#include "onnx/ops/cosine.h"
#include "onnx/shape.h"
#include <math.h>
#include <string.h>

/* a - b for shapes up to rank 4, by the definition: every index computed from scratch. */
static void subtract_naively(const struct mface_tensor *a, const struct mface_tensor *b,
    const struct mface_shape *y, float *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t at[2] = { 0 }, scale[2] = { 1, 1 }, rest = i;
        for (int d = 0; d < y->rank; d++) {
            const int64_t index = rest % y->dim[y->rank - 1 - d];
            rest /= y->dim[y->rank - 1 - d];
            for (int k = 0; k < 2; k++) {
                const struct mface_shape *s = k ? &b->shape : &a->shape;
                const int64_t dim = d < s->rank ? s->dim[s->rank - 1 - d] : 1;
                at[k] += (dim == 1 ? 0 : index) * scale[k];
                scale[k] *= dim;
            }
        }
        out[i] = ((float *)a->data)[at[0]] - ((float *)b->data)[at[1]];
    }
}

static void check_subtract(struct mface_tensor a, struct mface_tensor b, struct mface_tensor y)
{
    const int64_t n = mface_shape_count(&y.shape);
    y.data = mface_mem_alloc((size_t)n * sizeof(float));
    assert_non_null(y.data);
    subtract_naively(&a, &b, &y.shape, y.data, n);
    for (int threads = 1; threads <= 2; threads++)
        assert_node_gives(&(struct one_node) { .op = "Sub",
                              .opset = 13,
                              .in = { a, b },
                              .n_in = 2,
                              .free_inputs = 3,
                              .threads = threads },
            y);
    mface_mem_free(y.data);
}

static void broadcasts_any_shapes(void **state)
{
    (void)state;
    static float a[90000], b[90000];
    for (int i = 0; i < 90000; i++) {
        a[i] = (float)(i % 977);
        b[i] = (float)(i % 641) * 0.5f;
    }
    check_subtract(TENSOR(F32, a, 3, 1, 2), TENSOR(F32, b, 4, 1), TENSOR(F32, NULL, 3, 4, 2));
    check_subtract(TENSOR(F32, a, 5), TENSOR(F32, b, 2, 3, 1), TENSOR(F32, NULL, 2, 3, 5));
    check_subtract(SCALAR(F32, a), TENSOR(F32, b, 7, 1, 3), TENSOR(F32, NULL, 7, 1, 3));
    check_subtract(
        TENSOR(F32, a, 2, 3, 300), TENSOR(F32, b, 1, 3, 1), TENSOR(F32, NULL, 2, 3, 300));
    check_subtract(
        TENSOR(F32, a, 1, 3, 1, 5), TENSOR(F32, b, 2, 1, 4, 1), TENSOR(F32, NULL, 2, 3, 4, 5));
    check_subtract(TENSOR(F32, a, 90000), TENSOR(F32, b, 90000), TENSOR(F32, NULL, 90000));
    check_subtract(TENSOR(F32, a, 90000), SCALAR(F32, b + 1), TENSOR(F32, NULL, 90000));
}

static void integers_wrap_and_never_trap(void **state)
{
    (void)state;
    uint8_t a8[] = { 250, 3 }, b8[] = { 10, 5 }, sum8[] = { 4, 8 };
    assert_node_gives(
        &(struct one_node) {
            .op = "Add", .opset = 14, .in = { TENSOR(U8, a8, 2), TENSOR(U8, b8, 2) }, .n_in = 2 },
        TENSOR(U8, sum8, 2));
    int64_t a[] = { INT64_MIN, 7, -7 }, b[] = { -1, 0, 2 };
    int64_t quotient[] = { INT64_MIN, 0, -3 }, remainder[] = { 0, 0, 1 };
    struct one_node node = { .op = "Div",
        .opset = 14,
        .in = { TENSOR(I64, a, 3), TENSOR(I64, b, 3) },
        .n_in = 2,
        .free_inputs = 3 };
    assert_node_gives(&node, TENSOR(I64, quotient, 3));
    node.op = "Mod";
    assert_node_gives(&node, TENSOR(I64, remainder, 3));
}

static void large_integers_stay_exact(void **state)
{
    (void)state;
    int64_t a[] = { (INT64_C(1) << 53) + 1 }, b[] = { 1 << 10 }, sum[] = { a[0] + b[0] };
    struct one_node node = {
        .op = "Add", .opset = 14, .in = { TENSOR(I64, a, 1), TENSOR(I64, b, 1) }, .n_in = 2
    };
    assert_node_gives(&node, TENSOR(I64, sum, 1));
    int64_t values[] = { a[0], b[0] };
    assert_node_gives(
        &(struct one_node) {
            .op = "ReduceSum", .opset = 13, .in = { TENSOR(I64, values, 2) }, .n_in = 1 },
        TENSOR(I64, sum, 1));
}

static void power_of_integers(void **state)
{
    (void)state;
    int64_t base[] = { 2, -1, 3, 0, -1 }, exponent[] = { 62, -3, -1, 0, -2 };
    int64_t want[] = { INT64_C(1) << 62, -1, 0, 1, 1 };
    assert_node_gives(&(struct one_node) { .op = "Pow",
                          .opset = 15,
                          .in = { TENSOR(I64, base, 5), TENSOR(I64, exponent, 5) },
                          .n_in = 2 },
        TENSOR(I64, want, 5));
    float half[] = { 0.5f, 2.0f, -1.0f }, x[] = { 9.0f, -3.0f, 4.0f };
    float roots[] = { 3.0f, 9.0f, 0.25f };
    assert_node_gives(&(struct one_node) { .op = "Pow",
                          .opset = 15,
                          .in = { TENSOR(F32, x, 3), TENSOR(F32, half, 3) },
                          .n_in = 2 },
        TENSOR(F32, roots, 3));
}

static void extremes_keep_nan(void **state)
{
    (void)state;
    float a[] = { NAN, 1, 2 }, b[] = { 1, NAN, 3 }, most[] = { NAN, NAN, 3 };
    float least[] = { NAN, NAN, 2 };
    struct one_node node = { .op = "Max",
        .opset = 13,
        .in = { TENSOR(F32, a, 3), TENSOR(F32, b, 3) },
        .n_in = 2,
        .free_inputs = 3 };
    assert_node_gives(&node, TENSOR(F32, most, 3));
    node.op = "Min";
    assert_node_gives(&node, TENSOR(F32, least, 3));
}

static void many_operands_broadcast_together(void **state)
{
    (void)state;
    float a[] = { 1, 2 }, b[] = { 10, 20, 30 }, c[] = { 300 };
    float want[] = { 311.0f / 3, 312.0f / 3, 321.0f / 3, 322.0f / 3, 331.0f / 3, 332.0f / 3 };
    assert_node_gives(&(struct one_node) { .op = "Mean",
                          .opset = 13,
                          .in = { TENSOR(F32, a, 2), TENSOR(F32, b, 3, 1), SCALAR(F32, c) },
                          .n_in = 3,
                          .free_inputs = 7 },
        TENSOR(F32, want, 3, 2));
}

static void where_broadcasts_all_three(void **state)
{
    (void)state;
    uint8_t condition[] = { 1, 0 };
    int64_t x[] = { 1, 2, 3 }, y[] = { -9 }, want[] = { 1, -9, 2, -9, 3, -9 };
    assert_node_gives(
        &(struct one_node) { .op = "Where",
            .opset = 9,
            .in = { TENSOR(BOOL, condition, 2), TENSOR(I64, x, 3, 1), SCALAR(I64, y) },
            .n_in = 3,
            .free_inputs = 7 },
        TENSOR(I64, want, 3, 2));
}

static void operands_must_fit(void **state)
{
    (void)state;
    float a[] = { 1 };
    int64_t b[] = { 1 };
    assert_node_fails(
        &(struct one_node) {
            .op = "Add", .opset = 14, .in = { TENSOR(F32, a, 1), TENSOR(I64, b, 1) }, .n_in = 2 },
        MFACE_ERR_UNSUPPORTED);
    assert_node_gives(
        &(struct one_node) {
            .op = "Add", .opset = 14, .in = { TENSOR(F32, a, 1), TENSOR(F32, a, 0) }, .n_in = 2 },
        TENSOR(F32, a, 0));
    float pair[] = { 1, 2 }, three[] = { 1, 2, 3 };
    assert_node_fails(&(struct one_node) { .op = "Add",
                          .opset = 14,
                          .in = { TENSOR(F32, pair, 2), TENSOR(F32, three, 3) },
                          .n_in = 2 },
        MFACE_ERR_FORMAT);
}

static void softplus_does_not_overflow(void **state)
{
    (void)state;
    float x[] = { 200, -200, 0 }, want[] = { 200, 0, 0.69314718f };
    assert_node_gives(&(struct one_node) { .op = "Softplus",
                          .opset = 1,
                          .in = { TENSOR(F32, x, 3) },
                          .n_in = 1,
                          .free_inputs = 1 },
        TENSOR(F32, want, 3));
}

static void integer_functions(void **state)
{
    (void)state;
    int32_t x[] = { -5, 0, 7 }, absolute[] = { 5, 0, 7 }, sign[] = { -1, 0, 1 };
    struct one_node node = { .op = "Abs", .opset = 13, .in = { TENSOR(I32, x, 3) }, .n_in = 1 };
    assert_node_gives(&node, TENSOR(I32, absolute, 3));
    node.op = "Sign";
    assert_node_gives(&node, TENSOR(I32, sign, 3));
    node.op = "Exp";
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
}

static void cosines_far_and_near(void **state)
{
    (void)state;
    enum { N = 4096 };
    float x[N], y[N];
    double worst = 0;
    for (int i = 0; i < N; i++) // mostly small, some up to a million, either sign
        x[i] = (float)((i & 1 ? -1 : 1) * pow(i / (double)N, 9) * 1e6 + i * 1e-3);
    mface_cos_f32(N, x, y);
    for (int i = 0; i < N; i++)
        worst = fmax(worst, fabs(y[i] - cos((double)x[i])));
    assert_true(worst < 1e-7);
    float odd[] = { 1e30f, 0.5f, -0.0f }, undefined[] = { NAN, INFINITY, -INFINITY };
    mface_cos_f32(3, odd, odd);
    assert_true(odd[0] == cosf(1e30f) && odd[1] == cosf(0.5f) && odd[2] == 1);
    mface_cos_f32(3, undefined, undefined);
    assert_true(isnan(undefined[0]) && isnan(undefined[1]) && isnan(undefined[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broadcasts_any_shapes),
        cmocka_unit_test(integers_wrap_and_never_trap),
        cmocka_unit_test(large_integers_stay_exact),
        cmocka_unit_test(power_of_integers),
        cmocka_unit_test(extremes_keep_nan),
        cmocka_unit_test(many_operands_broadcast_together),
        cmocka_unit_test(where_broadcasts_all_three),
        cmocka_unit_test(operands_must_fit),
        cmocka_unit_test(softplus_does_not_overflow),
        cmocka_unit_test(integer_functions),
        cmocka_unit_test(cosines_far_and_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
