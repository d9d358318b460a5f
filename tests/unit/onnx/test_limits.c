/* Models that ask for absurd amounts of memory fail with a message, before anything is allocated.
 */
#include "build.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/onnx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static char last_message[512];

static void keep_message(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(last_message, sizeof last_message, "%s", message);
}

enum { K = 1 << 10, M = 1 << 20 };

static const int64_t G = INT64_C(1) << 30;

/* Ends the graph and tries to plan it for an input of 1×1×4×4; clears both. */
static enum mface_status plan_limited(struct bytes *graph, int64_t max_bytes)
{
    struct bytes model = { 0 };
    struct mface_onnx *onnx;
    struct mface_plan *plan = NULL;
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, 1, 4, 4 } } };
    const struct mface_plan_params params = {
        .inputs = &input, .n_inputs = 1, .threads = 1, .max_bytes = max_bytes
    };
    last_message[0] = '\0';
    finish_model(&model, graph, 7, 12);
    enum mface_status status = mface_onnx_load_mem("model", model.data, model.n, &onnx);
    if (status == MFACE_OK) {
        status = mface_plan_create(onnx, &params, &plan);
        mface_plan_free(&plan);
        mface_onnx_free(&onnx);
    }
    bytes_clear(&model);
    return status;
}

static long peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024L;
}

/* The message names the operator, or the tensor, whose size is absurd. */
static void assert_refused(struct bytes *graph, const char *named)
{
    const long before = peak_bytes();
    const enum mface_status status = plan_limited(graph, 0);
    assert_true(status == MFACE_ERR_UNSUPPORTED || status == MFACE_ERR_FORMAT);
    assert_non_null(strstr(last_message, named));
    assert_true(peak_bytes() - before < 64L * M);
}

static struct bytes start_graph(void)
{
    struct bytes graph = { 0 };
    graph_input(&graph, "x", (const int64_t[]) { 1, 1, 4, 4 }, 4);
    graph_output(&graph, "y");
    return graph;
}

/* `op` reads x and the sizes; or the sizes alone. */
static void assert_op_refused(const char *op, const char *in, const int64_t *sizes, int n)
{
    struct bytes graph = start_graph();
    graph_ints(&graph, "sizes", sizes, n);
    graph_node(&graph, op, in, "y", NULL);
    assert_refused(&graph, op);
}

static void test_bombs(void **state)
{
    (void)state;
    const int64_t large[] = { INT64_C(1) << 40, 1, 4, 4 };
    const int64_t wraps[] = { INT64_C(1) << 32, INT64_C(1) << 32, 4, 4 };
    const int64_t negative[] = { -5, 1, 4, 4 };
    const int64_t pads[] = { 0, 0, G * 8, G * 8, 0, 0, INT64_MAX / 2, INT64_MAX / 2 };
    const int64_t wide_pads[] = { 0, 0, 1 << 20, 1 << 20, 0, 0, 0, 0 };
    assert_op_refused("ConstantOfShape", "sizes", large, 4);
    assert_op_refused("ConstantOfShape", "sizes", wraps, 4);
    assert_op_refused("ConstantOfShape", "sizes", negative, 4);
    assert_op_refused("Tile", "x sizes", large, 4);
    assert_op_refused("Tile", "x sizes", wraps, 4);
    assert_op_refused("Expand", "x sizes", large, 4);
    assert_op_refused("Expand", "x sizes", wraps, 4);
    assert_op_refused("Pad", "x sizes", pads, 8);
    assert_op_refused("Pad", "x sizes", wide_pads, 8);
    assert_op_refused("Reshape", "x sizes", large, 4);
    assert_op_refused("Reshape", "x sizes", wraps, 4);
}

static void test_range(void **state)
{
    (void)state;
    struct bytes graph = start_graph();
    const int64_t end = INT64_C(1) << 40;
    struct bytes attrs = { 0 };
    attr_ints(&attrs, "axes", (const int64_t[]) { 0 }, 1);
    graph_ints(&graph, "zeros", (const int64_t[]) { 0 }, 1);
    graph_ints(&graph, "ends", &end, 1);
    graph_ints(&graph, "ones", (const int64_t[]) { 1 }, 1);
    graph_node(&graph, "Squeeze", "zeros", "zero", &attrs);
    attr_ints(&attrs, "axes", (const int64_t[]) { 0 }, 1);
    graph_node(&graph, "Squeeze", "ends", "end", &attrs);
    attr_ints(&attrs, "axes", (const int64_t[]) { 0 }, 1);
    graph_node(&graph, "Squeeze", "ones", "one", &attrs);
    graph_node(&graph, "Range", "zero end one", "y", NULL);
    assert_refused(&graph, "Range");
}

static void assert_resize_refused(float scale)
{
    struct bytes graph = start_graph();
    graph_floats(&graph, "scales", (const float[]) { 1, 1, scale, scale }, &(int64_t) { 4 }, 1);
    graph_floats(&graph, "roi", NULL, &(int64_t) { 0 }, 1);
    graph_node(&graph, "Resize", "x roi scales", "y", NULL);
    assert_refused(&graph, "Resize");
}

static void test_resize(void **state)
{
    (void)state;
    assert_resize_refused(1e6f);
    assert_resize_refused(1e18f);
    assert_resize_refused(3e38f);
}

static void test_conv_with_huge_pads(void **state)
{
    (void)state;
    struct bytes graph = start_graph(), attrs = { 0 };
    const float weight[9] = { 1 };
    graph_floats(&graph, "w", weight, (const int64_t[]) { 1, 1, 3, 3 }, 4);
    attr_ints(&attrs, "pads", (const int64_t[]) { 1 << 20, 1 << 20, 1 << 20, 1 << 20 }, 4);
    graph_node(&graph, "Conv", "x w", "y", &attrs);
    assert_refused(&graph, "Conv");
}

/* So many groups of four channels that their product is 0 in 64 bits, as the input's channels are.
 */
static void test_conv_with_huge_groups(void **state)
{
    (void)state;
    struct bytes graph = start_graph(), attrs = { 0 };
    graph_ints(&graph, "none", (const int64_t[]) { 0 }, 1);
    graph_ints(&graph, "channels", (const int64_t[]) { 1 }, 1);
    graph_node(&graph, "Slice", "x none none channels", "empty", NULL);
    graph_floats(&graph, "w", NULL, (const int64_t[]) { 0, 4, 3, 3 }, 4);
    attr_int(&attrs, "group", INT64_C(1) << 62);
    graph_node(&graph, "Conv", "empty w", "y", &attrs);
    assert_refused(&graph, "groups");
}

/* Weights whose dimensions claim more than the file holds. */
static void test_weights_beyond_the_file(void **state)
{
    (void)state;
    static const int64_t dims[][2] = { { 1 << 20, 1 << 10 }, { INT64_C(1) << 62, 16 },
        { INT64_MAX, INT64_MAX } };
    for (int i = 0; i < 3; i++) {
        struct bytes graph = start_graph(), tensor = { 0 };
        put_int(&tensor, 1, dims[i][0]);
        put_int(&tensor, 1, dims[i][1]);
        put_int(&tensor, 2, 1); // float
        put_text(&tensor, 8, "w");
        put_data(&tensor, 9, "0123456789abcdef", 16);
        put_message(&graph, 5, &tensor);
        graph_node(&graph, "Add", "x w", "y", NULL);
        assert_refused(&graph, i ? "tensor dimensions" : "tensor 'w'");
    }
}

/* Many constants, each of them modest. */
static void test_constants_add_up(void **state)
{
    (void)state;
    struct bytes graph = start_graph();
    graph_ints(&graph, "sizes", (const int64_t[]) { 16, 1, 16, 16 }, 4); // 16 KB
    graph_node(&graph, "ConstantOfShape", "sizes", "c0", NULL);
    for (int i = 0; i < 9; i++) {
        char in[8], out[8];
        snprintf(in, sizeof in, "c%d", i);
        snprintf(out, sizeof out, i == 8 ? "y" : "c%d", i + 1);
        graph_node(&graph, "Neg", in, out, NULL);
    }
    assert_int_equal(plan_limited(&graph, 128 * K), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_message, "constant"));
}

/* Each tensor is within the limit; those alive together are not. */
static void expand_twice(struct bytes *graph)
{
    *graph = start_graph();
    graph_ints(graph, "repeats", (const int64_t[]) { 16, 1, 4, 4 }, 4);
    graph_node(graph, "Tile", "x repeats", "a", NULL);
    graph_node(graph, "Transpose", "a", "b", NULL);
    graph_node(graph, "Transpose", "b", "c", NULL);
    graph_node(graph, "Add", "a c", "y", NULL);
}

static void test_arena(void **state)
{
    (void)state;
    struct bytes graph;
    expand_twice(&graph);
    assert_int_equal(plan_limited(&graph, 40 * K), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_message, "a run would take"));
    expand_twice(&graph);
    assert_int_equal(plan_limited(&graph, M), MFACE_OK);
}

int main(void)
{
    mface_log_set(keep_message, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_conv_with_huge_pads),
        cmocka_unit_test(test_conv_with_huge_groups),
        cmocka_unit_test(test_weights_beyond_the_file),
        cmocka_unit_test(test_constants_add_up),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests_name("onnx limits", tests, NULL, NULL);
}
