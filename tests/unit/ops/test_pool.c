/* Pooling: windows that meet no input element. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "one_node.h"

static float x[] = { 3, 1, 2 };

static struct one_node pool(int64_t pad_end)
{
    return (struct one_node) {
        .op = "MaxPool",
        .opset = 12,
        .attrs = { { "kernel_shape", ATTR_INTS, .n = 1, .ints = { 2 } },
            { "pads", ATTR_INTS, .n = 2, .ints = { 1, pad_end } } },
        .in = { TENSOR(F32, x, 1, 1, 3) },
        .n_in = 1,
        .free_inputs = 1,
    };
}

static void padding_that_windows_outgrow_is_fine(void **state)
{
    (void)state;
    float want[] = { 3, 3, 2, 2 };
    struct one_node node = pool(1);
    assert_node_gives(&node, TENSOR(F32, want, 1, 1, 4));
}

static void windows_in_the_padding_are_refused(void **state)
{
    (void)state;
    struct one_node node = pool(2);
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
    node = pool(0);
    node.attrs[1].ints[0] = 2;
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
    node = pool(4); // taps at -1 and 4 step over the whole input
    node.attrs[2] = (struct attr) { "dilations", ATTR_INTS, .n = 1, .ints = { 5 } };
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
}

/* Most taps of such windows are in the padding. */
static void kernels_wider_than_the_input(void **state)
{
    (void)state;
    float want[] = { 3, 2, 2 };
    struct one_node node = pool((1 << 24) - 2);
    node.attrs[0].ints[0] = 1 << 24;
    node.attrs[1].ints[0] = 0;
    node.attrs[2] = (struct attr) { "strides", ATTR_INTS, .n = 1, .ints = { 2 } };
    assert_node_gives(&node, TENSOR(F32, want, 1, 1, 1));
    node = pool(2);
    node.attrs[0].ints[0] = 5;
    node.attrs[1].ints[0] = 2;
    assert_node_gives(&node, TENSOR(F32, ((float[]) { 3, 3, 3 }), 1, 1, 3));
    node.attrs[1].ints[0] = 0;
    node.attrs[1].ints[1] = 4;
    assert_node_gives(&node, TENSOR(F32, want, 1, 1, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding_that_windows_outgrow_is_fine),
        cmocka_unit_test(windows_in_the_padding_are_refused),
        cmocka_unit_test(kernels_wider_than_the_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
