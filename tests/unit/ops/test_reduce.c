/* Reductions, softmax, normalisation, top-k: long and strided axes, and older operator sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "one_node.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 1000 };

/* x[2][LONG][3] */
static float x_long[2 * LONG * 3];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LONG * 3; i++)
        x_long[i] = (float)(i * 37 % 101) / 50 - 1;
    return 0;
}

static void reduces_a_long_strided_axis(void **state)
{
    (void)state;
    float mean[6], log_sum_exp[6], l2[6];
    for (int k = 0; k < 6; k++) {
        double sum = 0, exponents = 0, squares = 0;
        for (int i = 0; i < LONG; i++) {
            const double x = x_long[k / 3 * LONG * 3 + i * 3 + k % 3];
            sum += x;
            exponents += exp(x);
            squares += x * x;
        }
        mean[k] = (float)(sum / LONG);
        log_sum_exp[k] = (float)log(exponents);
        l2[k] = (float)sqrt(squares);
    }
    struct one_node node = { .op = "ReduceMean",
        .opset = 13,
        .attrs = { { "axes", ATTR_INTS, .n = 1, .ints = { 1 } } },
        .in = { TENSOR(F32, x_long, 2, LONG, 3) },
        .n_in = 1,
        .free_inputs = 1 };
    assert_node_gives(&node, TENSOR(F32, mean, 2, 1, 3));
    node.op = "ReduceLogSumExp";
    assert_node_gives(&node, TENSOR(F32, log_sum_exp, 2, 1, 3));
    node.op = "ReduceL2";
    node.attrs[1] = (struct attr) { "keepdims", ATTR_INT, .i = 0 };
    assert_node_gives(&node, TENSOR(F32, l2, 2, 3));
}

static void axes_as_input_or_attribute(void **state)
{
    (void)state;
    float x[] = { 1, 2, 3, 4 }, want[] = { 3, 7 };
    int64_t axes[] = { -1 };
    struct mface_tensor y = TENSOR(F32, want, 2, 1);
    assert_node_gives(&(struct one_node) { .op = "ReduceSum",
                          .opset = 11,
                          .attrs = { { "axes", ATTR_INTS, .n = 1, .ints = { -1 } } },
                          .in = { TENSOR(F32, x, 2, 2) },
                          .n_in = 1 },
        y);
    for (int i = 0; i < 2; i++)
        want[i] = i ? 4 : 2;
    assert_node_gives(&(struct one_node) { .op = "ReduceMax",
                          .opset = 18,
                          .in = { TENSOR(F32, x, 2, 2), TENSOR(I64, axes, 1) },
                          .n_in = 2,
                          .free_inputs = 1 },
        y);
    assert_node_fails(&(struct one_node) { .op = "ReduceMax",
                          .opset = 18,
                          .in = { TENSOR(F32, x, 2, 2), TENSOR(I64, axes, 1) },
                          .n_in = 2,
                          .free_inputs = 3 },
        MFACE_ERR_UNSUPPORTED);
}

static void axes_are_checked(void **state)
{
    (void)state;
    float x[] = { 1, 2, 3, 4 };
    struct one_node node = { .op = "ReduceSum",
        .opset = 11,
        .attrs = { { "axes", ATTR_INTS, .n = 2, .ints = { 1, -1 } } },
        .in = { TENSOR(F32, x, 2, 2) },
        .n_in = 1 };
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    node.attrs[0].ints[1] = 2;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
}

static void log_sum_exp_does_not_overflow(void **state)
{
    (void)state;
    float x[] = { 1000, 1000, -INFINITY }, want[] = { 1000 + 0.69314718f };
    assert_node_gives(&(struct one_node) { .op = "ReduceLogSumExp",
                          .opset = 13,
                          .in = { TENSOR(F32, x, 3) },
                          .n_in = 1,
                          .free_inputs = 1 },
        TENSOR(F32, want, 1));
}

static void softmax_of_two_eras(void **state)
{
    (void)state;
    float x[8] = { 0 }, quarter[8], half[8];
    for (int i = 0; i < 8; i++) {
        quarter[i] = 0.25f;
        half[i] = 0.5f;
    }
    struct one_node node = {
        .op = "Softmax", .opset = 11, .in = { TENSOR(F32, x, 2, 2, 2) }, .n_in = 1, .free_inputs = 1
    };
    assert_node_gives(&node, TENSOR(F32, quarter, 2, 2, 2)); // all from axis 1 on
    node.opset = 13;
    assert_node_gives(&node, TENSOR(F32, half, 2, 2, 2)); // the last axis alone
}

static void top_k_takes_the_earlier_of_equals(void **state)
{
    (void)state;
    float x[] = { 1, 5, 3, 5, 0, 5, 2 }, best[] = { 5, 5, 5, 3 };
    int64_t places[] = { 1, 3, 5, 2 };
    struct one_node node = { .op = "TopK",
        .opset = 1,
        .attrs = { { "k", ATTR_INT, .i = 4 } },
        .in = { TENSOR(F32, x, 7) },
        .n_in = 1,
        .n_out = 2,
        .free_inputs = 1 };
    struct mface_tensor out[2];
    assert_int_equal(one_node_run(&node, out), MFACE_OK);
    assert_memory_equal(out[0].data, best, sizeof best);
    assert_memory_equal(out[1].data, places, sizeof places);
    outputs_free(out, 2);
    node.attrs[0].i = 8;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
}

static int compare_falling(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static void top_k_sorts(void **state)
{
    (void)state;
    float want[LONG];
    int64_t k[] = { LONG };
    memcpy(want, x_long, sizeof want);
    qsort(want, LONG, sizeof *want, compare_falling);
    struct one_node node = { .op = "TopK",
        .opset = 11,
        .in = { TENSOR(F32, x_long, LONG), TENSOR(I64, k, 1) },
        .n_in = 2,
        .n_out = 2,
        .free_inputs = 1 };
    for (k[0] = LONG; k[0] > 1; k[0] /= 3)
        assert_node_gives(&node, TENSOR(F32, want, k[0]));
}

static void instance_norm_does_not_cancel(void **state)
{
    (void)state;
    float x[] = { 10001, 10003, 10001, 10003 }, one[] = { 1 }, zero[] = { 0 };
    float want[] = { -1, 1, -1, 1 };
    struct one_node node = { .op = "InstanceNormalization",
        .opset = 6,
        .attrs = { { "epsilon", ATTR_FLOAT, .f = 1e-12f } },
        .in = { TENSOR(F32, x, 1, 1, 2, 2), TENSOR(F32, one, 1), TENSOR(F32, zero, 1) },
        .n_in = 3,
        .free_inputs = 1 };
    assert_node_gives(&node, TENSOR(F32, want, 1, 1, 2, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduces_a_long_strided_axis),
        cmocka_unit_test(axes_as_input_or_attribute),
        cmocka_unit_test(axes_are_checked),
        cmocka_unit_test(log_sum_exp_does_not_overflow),
        cmocka_unit_test(softmax_of_two_eras),
        cmocka_unit_test(top_k_takes_the_earlier_of_equals),
        cmocka_unit_test(top_k_sorts),
        cmocka_unit_test(instance_norm_does_not_cancel),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
