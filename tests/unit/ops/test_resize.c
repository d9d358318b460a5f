/* Resize and Upsample: every way to state the size, and modes the node suite leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "one_node.h"
#include <string.h>

static float x[] = { 1, 2, 3, 4 };
static float doubled[] = { 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4 };
static float scales[] = { 1, 1, 2, 2 };

static void upsample_by_attribute_or_input(void **state)
{
    (void)state;
    assert_node_gives(&(struct one_node) { .op = "Upsample",
                          .opset = 7,
                          .attrs = { { "scales", ATTR_FLOATS, .n = 4, .floats = { 1, 1, 2, 2 } } },
                          .in = { TENSOR(F32, x, 1, 1, 2, 2) },
                          .n_in = 1,
                          .free_inputs = 1 },
        TENSOR(F32, doubled, 1, 1, 4, 4));
    struct one_node node = { .op = "Upsample",
        .opset = 9,
        .in = { TENSOR(F32, x, 1, 1, 2, 2), TENSOR(F32, scales, 4) },
        .n_in = 2,
        .free_inputs = 1 };
    assert_node_gives(&node, TENSOR(F32, doubled, 1, 1, 4, 4));
    node.op = "Resize";
    node.opset = 10;
    assert_node_gives(&node, TENSOR(F32, doubled, 1, 1, 4, 4));
    node.op = "Upsample"; // which ended with operator set 9
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
}

static void axes_may_be_named(void **state)
{
    (void)state;
    int64_t sizes[] = { 4, 4 };
    assert_node_gives(&(struct one_node) { .op = "Resize",
                          .opset = 18,
                          .attrs = { { "axes", ATTR_INTS, .n = 2, .ints = { 2, 3 } } },
                          .in = { TENSOR(F32, x, 1, 1, 2, 2), [3] = TENSOR(I64, sizes, 2) },
                          .n_in = 4,
                          .free_inputs = 1 },
        TENSOR(F32, doubled, 1, 1, 4, 4));
}

/* On a ramp linear interpolation is exact wherever it does not leave the input. */
static void linear_follows_a_ramp(void **state)
{
    (void)state;
    enum { N = 64 };
    float ramp[N], half[N / 2], twice[2 * N];
    for (int i = 0; i < N; i++)
        ramp[i] = (float)i;
    for (int i = 0; i < N / 2; i++)
        half[i] = 2 * (float)i + 0.5f;
    for (int i = 0; i < 2 * N; i++)
        twice[i] = (float)i / 2 - 0.25f;
    twice[0] = 0;
    twice[2 * N - 1] = N - 1;
    int64_t sizes[] = { 1, 1, 1, N / 2 };
    struct one_node node = { .op = "Resize",
        .opset = 13,
        .attrs = { { "mode", ATTR_STRING, .s = "linear" } },
        .in = { TENSOR(F32, ramp, 1, 1, 1, N), [3] = TENSOR(I64, sizes, 4) },
        .n_in = 4,
        .free_inputs = 1 };
    assert_node_gives(&node, TENSOR(F32, half, 1, 1, 1, N / 2));
    sizes[3] = 2 * N;
    assert_node_gives(&node, TENSOR(F32, twice, 1, 1, 1, 2 * N));
}

/* Channels-last: the pass works on rows of many values, with several threads. */
static void inner_dimension_and_threads(void **state)
{
    (void)state;
    enum { C = 5000 };
    static float in[2 * C], out[4 * C];
    for (int c = 0; c < C; c++) {
        in[c] = (float)c;
        in[C + c] = (float)c + 4;
        for (int i = 0; i < 4; i++)
            out[i * C + c] = (float)c + (i == 0 ? 0 : i == 3 ? 4 : 2 * (float)i - 1);
    }
    int64_t sizes[] = { 1, 4, C };
    assert_node_gives(&(struct one_node) { .op = "Resize",
                          .opset = 13,
                          .threads = 2,
                          .attrs = { { "mode", ATTR_STRING, .s = "linear" } },
                          .in = { TENSOR(F32, in, 1, 2, C), [3] = TENSOR(I64, sizes, 3) },
                          .n_in = 4,
                          .free_inputs = 1 },
        TENSOR(F32, out, 1, 4, C));
}

static void nearest_takes_any_type(void **state)
{
    (void)state;
    int64_t values[] = { 5, -6 }, sizes[] = { 4 }, want[] = { 5, 5, -6, -6 };
    struct one_node node = { .op = "Resize",
        .opset = 13,
        .in = { TENSOR(I64, values, 2), [3] = TENSOR(I64, sizes, 1) },
        .n_in = 4,
        .free_inputs = 1 };
    assert_node_gives(&node, TENSOR(I64, want, 4));
    node.attrs[0] = (struct attr) { "mode", ATTR_STRING, .s = "cubic" };
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    float bad[] = { 1, 1, 0, 2 };
    struct one_node node = { .op = "Resize",
        .opset = 13,
        .in = { TENSOR(F32, x, 1, 1, 2, 2), [2] = TENSOR(F32, bad, 4) },
        .n_in = 3,
        .free_inputs = 1 };
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    bad[2] = 1e30f;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    node.in[2] = TENSOR(F32, scales, 3);
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    node.in[2] = TENSOR(F32, scales, 4);
    node.attrs[0] = (struct attr) { "mode", ATTR_STRING, .s = "area" };
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
    node.attrs[0] = (struct attr) { "antialias", ATTR_INT, .i = 1 };
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
    node.attrs[0] = (struct attr) { 0 };
    node.free_inputs = 5;
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upsample_by_attribute_or_input),
        cmocka_unit_test(axes_may_be_named),
        cmocka_unit_test(linear_follows_a_ramp),
        cmocka_unit_test(inner_dimension_and_threads),
        cmocka_unit_test(nearest_takes_any_type),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
