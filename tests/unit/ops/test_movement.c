/* Operators that move elements: older operator sets, odd ranges, bad indices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "one_node.h"
#include <string.h>

static void slice_by_attributes(void **state)
{
    (void)state;
    float x[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }, want[] = { 5, 6, 9, 10 };
    assert_node_gives(&(struct one_node) { .op = "Slice",
                          .opset = 9,
                          .attrs = { { "starts", ATTR_INTS, .n = 2, .ints = { 1, 1 } },
                              { "ends", ATTR_INTS, .n = 2, .ints = { 100, -1 } } },
                          .in = { TENSOR(F32, x, 3, 4) },
                          .n_in = 1,
                          .free_inputs = 1 },
        TENSOR(F32, want, 2, 2));
}

static struct one_node slice(struct mface_tensor x, int64_t *start, int64_t *end, int64_t *step)
{
    static int64_t axis[] = { 0 };
    return (struct one_node) { .op = "Slice",
        .opset = 13,
        .in = { x, TENSOR(I64, start, 1), TENSOR(I64, end, 1), TENSOR(I64, axis, 1),
            TENSOR(I64, step, 1) },
        .n_in = 5,
        .free_inputs = 1 };
}

static void slice_backwards_and_beyond(void **state)
{
    (void)state;
    uint8_t x[] = { 0, 1, 2, 3, 4 }, reversed[] = { 4, 3, 2, 1, 0 }, first[] = { 0 };
    int64_t start[] = { INT64_MAX }, end[] = { INT64_MIN }, step[] = { -1 };
    struct one_node node = slice(TENSOR(U8, x, 5), start, end, step);
    assert_node_gives(&node, TENSOR(U8, reversed, 5));
    start[0] = 0, end[0] = INT64_MAX, step[0] = INT64_MAX;
    assert_node_gives(&node, TENSOR(U8, first, 1));
    start[0] = 3, end[0] = 1, step[0] = 1;
    assert_node_gives(&node, TENSOR(U8, x, 0));
    step[0] = 0;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    node = slice(TENSOR(U8, x, 0), start, end, step);
    step[0] = -1;
    assert_node_gives(&node, TENSOR(U8, x, 0));
}

static void split_of_three_eras(void **state)
{
    (void)state;
    float x[] = { 1, 2, 3, 4, 5 };
    struct one_node node = { .op = "Split",
        .opset = 11,
        .attrs = { { "split", ATTR_INTS, .n = 2, .ints = { 1, 4 } } },
        .in = { TENSOR(F32, x, 5) },
        .n_in = 1,
        .n_out = 2,
        .free_inputs = 1 };
    struct mface_tensor out[2];
    assert_int_equal(one_node_run(&node, out), MFACE_OK);
    assert_int_equal(out[0].shape.dim[0], 1);
    assert_memory_equal(out[1].data, x + 1, 4 * sizeof *x);
    outputs_free(out, 2);
    node.attrs[0].ints[1] = 3;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    node.opset = 18;
    node.attrs[0] = (struct attr) { "num_outputs", ATTR_INT, .i = 2 };
    assert_int_equal(one_node_run(&node, out), MFACE_OK);
    assert_int_equal(out[0].shape.dim[0], 3);
    assert_memory_equal(out[1].data, x + 3, 2 * sizeof *x);
    outputs_free(out, 2);
}

static void axes_by_attribute(void **state)
{
    (void)state;
    float x[] = { 1, 2, 3 };
    struct one_node node = { .op = "Unsqueeze",
        .opset = 11,
        .attrs = { { "axes", ATTR_INTS, .n = 2, .ints = { 0, -1 } } },
        .in = { TENSOR(F32, x, 3) },
        .n_in = 1,
        .free_inputs = 1 };
    assert_node_gives(&node, TENSOR(F32, x, 1, 3, 1));
    node.op = "Squeeze";
    node.in[0] = TENSOR(F32, x, 1, 3, 1);
    assert_node_gives(&node, TENSOR(F32, x, 3));
    node.in[0] = TENSOR(F32, x, 3, 1, 1);
    assert_node_fails(&node, MFACE_ERR_FORMAT);
}

static void bad_indices_fail_the_run(void **state)
{
    (void)state;
    float x[] = { 1, 2, 3 }, want[] = { 3, 1 };
    int64_t indices[] = { -1, 0 };
    struct one_node node = { .op = "Gather",
        .opset = 13,
        .in = { TENSOR(F32, x, 3), TENSOR(I64, indices, 2) },
        .n_in = 2,
        .free_inputs = 3 };
    assert_node_gives(&node, TENSOR(F32, want, 2));
    indices[1] = 3;
    assert_node_fails(&node, MFACE_ERR_ARG);
    node.op = "GatherElements";
    assert_node_fails(&node, MFACE_ERR_ARG);
    indices[1] = -4;
    assert_node_fails(&node, MFACE_ERR_ARG);
    node.op = "GatherND";
    node.in[1] = TENSOR(I64, indices, 2, 1);
    assert_node_fails(&node, MFACE_ERR_ARG);
    float updates[] = { 8, 9 };
    node = (struct one_node) { .op = "ScatterND",
        .opset = 11,
        .in = { TENSOR(F32, x, 3), TENSOR(I64, indices, 2, 1), TENSOR(F32, updates, 2) },
        .n_in = 3,
        .free_inputs = 7 };
    assert_node_fails(&node, MFACE_ERR_ARG);
}

static void shapes_from_run_time_data_are_refused(void **state)
{
    (void)state;
    float x[] = { 1 };
    int64_t shape[] = { 2, 3 };
    struct one_node node = { .op = "Expand",
        .opset = 13,
        .in = { TENSOR(F32, x, 1), TENSOR(I64, shape, 2) },
        .n_in = 2,
        .free_inputs = 1 };
    float ones[] = { 1, 1, 1, 1, 1, 1 };
    assert_node_gives(&node, TENSOR(F32, ones, 2, 3));
    node.free_inputs = 2;
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
    shape[0] = -1;
    node.free_inputs = 0;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
    node.op = "Tile";
    assert_node_fails(&node, MFACE_ERR_FORMAT);
}

static void range_must_end(void **state)
{
    (void)state;
    int64_t start[] = { 3 }, limit[] = { 9 }, delta[] = { 3 }, want[] = { 3, 6 };
    struct one_node node = { .op = "Range",
        .opset = 11,
        .in = { SCALAR(I64, start), SCALAR(I64, limit), SCALAR(I64, delta) },
        .n_in = 3 };
    assert_node_gives(&node, TENSOR(I64, want, 2));
    delta[0] = -1;
    assert_node_gives(&node, TENSOR(I64, want, 0));
    delta[0] = 0;
    assert_node_fails(&node, MFACE_ERR_FORMAT);
}

static void constants_of_every_kind(void **state)
{
    (void)state;
    int64_t number[] = { 7 }, numbers[] = { 1, -2, 3 };
    float floats[] = { 0.5f, 2 };
    struct one_node node = {
        .op = "Constant", .opset = 13, .attrs = { { "value_int", ATTR_INT, .i = 7 } }
    };
    assert_node_gives(&node, SCALAR(I64, number));
    node.attrs[0] = (struct attr) { "value_float", ATTR_FLOAT, .f = 0.5f };
    assert_node_gives(&node, SCALAR(F32, floats));
    node.attrs[0] = (struct attr) { "value_ints", ATTR_INTS, .n = 3, .ints = { 1, -2, 3 } };
    assert_node_gives(&node, TENSOR(I64, numbers, 3));
    node.attrs[0] = (struct attr) { "value_floats", ATTR_FLOATS, .n = 2, .floats = { 0.5f, 2 } };
    assert_node_gives(&node, TENSOR(F32, floats, 2));
    node.attrs[0] = (struct attr) { "value_string", ATTR_STRING, .s = "no" };
    assert_node_fails(&node, MFACE_ERR_UNSUPPORTED);
}

static void dropout_passes_its_input_on(void **state)
{
    (void)state;
    float x[] = { 1, -2 };
    uint8_t ones[] = { 1, 1 };
    struct one_node node = { .op = "Dropout",
        .opset = 12,
        .in = { TENSOR(F32, x, 2) },
        .n_in = 1,
        .n_out = 2,
        .free_inputs = 1 };
    struct mface_tensor out[2];
    assert_int_equal(one_node_run(&node, out), MFACE_OK);
    assert_memory_equal(out[0].data, x, sizeof x);
    assert_memory_equal(out[1].data, ones, sizeof ones);
    outputs_free(out, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slice_by_attributes),
        cmocka_unit_test(slice_backwards_and_beyond),
        cmocka_unit_test(split_of_three_eras),
        cmocka_unit_test(axes_by_attribute),
        cmocka_unit_test(bad_indices_fail_the_run),
        cmocka_unit_test(shapes_from_run_time_data_are_refused),
        cmocka_unit_test(range_must_end),
        cmocka_unit_test(constants_of_every_kind),
        cmocka_unit_test(dropout_passes_its_input_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
