/* Reading model files: what is read, and that no damage to a file does more than fail. */
#include "build.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char last_error[1024];

static void keep_error(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    if (level == MFACE_LOG_ERROR)
        strncpy(last_error, message, sizeof last_error - 1);
}

static int set_up(void **state)
{
    (void)state;
    memset(last_error, 0, sizeof last_error);
    mface_log_set(keep_error, NULL);
    return 0;
}

static enum mface_status load(const struct bytes *model, struct mface_onnx **out)
{
    return mface_onnx_load_mem("model", model->data, model->n, out);
}

/* Loads and, if that succeeds, makes a plan: damaged files often fail there only. */
static enum mface_status load_and_plan(const void *data, size_t n)
{
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    enum mface_status status = mface_onnx_load_mem("model", data, n, &onnx);
    if (status != MFACE_OK)
        return status;
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, 4, 4, 4 } } };
    const struct mface_plan_params params = { .inputs = &input, .n_inputs = 1, .threads = 1 };
    status = mface_plan_create(onnx, &params, &plan);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    return status;
}

static void test_reads_what_is_there(void **state)
{
    (void)state;
    struct bytes model = { 0 };
    struct mface_onnx *onnx;
    struct mface_onnx_summary summary;
    build_network(&model, 8, 4);
    assert_int_equal(load(&model, &onnx), MFACE_OK);
    assert_int_equal(mface_onnx_n_inputs(onnx), 1);
    assert_int_equal(mface_onnx_n_outputs(onnx), 2);
    const struct mface_value_info *input = mface_onnx_input(onnx, 0);
    assert_string_equal(input->name, "x");
    assert_int_equal(input->dtype, MFACE_DTYPE_F32);
    assert_int_equal(input->shape.rank, 4);
    assert_int_equal(input->shape.dim[0], -1);
    assert_int_equal(input->shape.dim[1], 4);
    assert_string_equal(mface_onnx_output(onnx, 1)->name, "z");
    mface_onnx_summarize(onnx, &summary);
    assert_int_equal(summary.ir_version, 7);
    assert_int_equal(summary.opset, 12);
    assert_string_equal(summary.producer, "memoface tests");
    assert_int_equal(summary.n_nodes, 13);
    assert_int_equal(summary.n_initializers, 7);
    mface_onnx_free(&onnx);
    assert_null(onnx);
    bytes_clear(&model);
}

static void test_every_truncation_fails(void **state)
{
    (void)state;
    struct bytes model = { 0 };
    build_network(&model, 4, 4);
    assert_int_equal(load_and_plan(model.data, model.n), MFACE_OK);
    for (size_t n = 0; n < model.n; n++) {
        uint8_t *exact = malloc(n ? n : 1); // so that a sanitizer sees one byte too many
        assert_non_null(exact);
        memcpy(exact, model.data, n);
        assert_int_not_equal(load_and_plan(exact, n), MFACE_OK);
        free(exact);
    }
    bytes_clear(&model);
}

static void test_truncation_says_so(void **state)
{
    (void)state;
    struct bytes model = { 0 };
    struct mface_onnx *onnx;
    build_network(&model, 4, 4);
    model.n /= 2;
    assert_int_equal(load(&model, &onnx), MFACE_ERR_FORMAT);
    assert_non_null(strstr(last_error, "model: truncated"));
    bytes_clear(&model);
}

/* Any byte may be anything: there is no telling what the file then means, but nothing may break. */
static void test_every_byte_damaged(void **state)
{
    (void)state;
    static const uint8_t damage[] = { 0x01, 0x80, 0xff, 0x40 };
    struct bytes model = { 0 };
    int n_failed = 0;
    build_network(&model, 2, 4);
    for (size_t i = 0; i < model.n; i++) {
        for (size_t k = 0; k < sizeof damage; k++) {
            model.data[i] ^= damage[k];
            n_failed += load_and_plan(model.data, model.n) != MFACE_OK;
            model.data[i] ^= damage[k];
        }
    }
    assert_true(n_failed > 0);
    bytes_clear(&model);
}

static void test_other_files(void **state)
{
    (void)state;
    static const char text[] = "Once upon a time there was a file that was no model.\n";
    struct mface_onnx *onnx;
    assert_int_equal(mface_onnx_load_mem("story", text, sizeof text, &onnx), MFACE_ERR_FORMAT);
    assert_string_equal(last_error, "story: not an ONNX file");
    assert_int_equal(mface_onnx_load_mem("empty", text, 0, &onnx), MFACE_ERR_FORMAT);
    assert_int_equal(mface_onnx_load("no/such/file.onnx", &onnx), MFACE_ERR_NOENT);
    assert_int_equal(mface_onnx_load("/", &onnx), MFACE_ERR_IO);
    assert_null(onnx);
}

static void test_unknown_operator_is_named(void **state)
{
    (void)state;
    struct bytes graph = { 0 }, model = { 0 };
    struct mface_onnx *onnx;
    graph_input(&graph, "x", (const int64_t[]) { 1 }, 1);
    graph_node(&graph, "Frobnicate", "x", "y", NULL);
    graph_output(&graph, "y");
    finish_model(&model, &graph, 7, 12);
    assert_int_equal(load(&model, &onnx), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_error, "'Frobnicate' (node 'node_y')"));
    bytes_clear(&model);
}

/* What has no known size cannot be read. */
static void test_unknown_input_type_is_refused(void **state)
{
    (void)state;
    struct bytes graph = { 0 }, model = { 0 }, tensor = { 0 }, type = { 0 }, info = { 0 };
    struct mface_onnx *onnx;
    put_int(&tensor, 1, 99); // TypeProto.Tensor.elem_type
    put_message(&type, 1, &tensor);
    put_text(&info, 1, "x");
    put_message(&info, 2, &type);
    put_message(&graph, 11, &info); // GraphProto.input
    graph_node(&graph, "Relu", "x", "y", NULL);
    graph_output(&graph, "y");
    finish_model(&model, &graph, 7, 12);
    assert_int_equal(load(&model, &onnx), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_error, "input 'x'"));
    bytes_clear(&model);
}

static void test_order_and_names(void **state)
{
    (void)state;
    static const char *const bad[][4] = {
        { "y", "b", "x", "y" }, // used before it is made
        { "x", "y", "x", "y" }, // made twice
        { "x", "a", "x", "b" }, // the output is made by nothing
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes graph = { 0 }, model = { 0 };
        struct mface_onnx *onnx;
        graph_input(&graph, "x", (const int64_t[]) { 1 }, 1);
        graph_node(&graph, "Relu", bad[i][0], bad[i][1], NULL);
        graph_node(&graph, "Relu", bad[i][2], bad[i][3], NULL);
        graph_output(&graph, "y");
        finish_model(&model, &graph, 7, 12);
        assert_int_equal(load(&model, &onnx), MFACE_ERR_FORMAT);
        bytes_clear(&model);
    }
}

static void test_initializers_among_inputs(void **state)
{
    (void)state;
    struct bytes graph = { 0 }, model = { 0 };
    struct mface_onnx *onnx;
    graph_input(&graph, "w", (const int64_t[]) { 2 }, 1);
    graph_input(&graph, "x", (const int64_t[]) { 2 }, 1);
    graph_floats(&graph, "w", (const float[]) { 1, 2 }, (const int64_t[]) { 2 }, 1);
    graph_node(&graph, "Add", "x w", "y", NULL);
    graph_output(&graph, "y");
    finish_model(&model, &graph, 3, 8);
    assert_int_equal(load(&model, &onnx), MFACE_OK);
    assert_int_equal(mface_onnx_n_inputs(onnx), 1);
    assert_string_equal(mface_onnx_input(onnx, 0)->name, "x");
    mface_onnx_free(&onnx);
    bytes_clear(&model);
}

static void test_external_data_is_refused(void **state)
{
    (void)state;
    struct bytes graph = { 0 }, tensor = { 0 }, model = { 0 };
    struct mface_onnx *onnx;
    graph_input(&graph, "x", (const int64_t[]) { 2 }, 1);
    put_int(&tensor, 1, 2);
    put_int(&tensor, 2, 1);
    put_text(&tensor, 8, "w");
    put_int(&tensor, 14, 1);
    put_message(&graph, 5, &tensor);
    graph_node(&graph, "Add", "x w", "y", NULL);
    graph_output(&graph, "y");
    finish_model(&model, &graph, 7, 12);
    assert_int_equal(load(&model, &onnx), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_error, "another file"));
    bytes_clear(&model);
}

static void test_lone_tensor(void **state)
{
    (void)state;
    struct bytes tensor = { 0 };
    struct mface_tensor out;
    put_int(&tensor, 1, 2);
    put_int(&tensor, 2, 3); // i8, held in int32_data
    put_data(&tensor, 5, "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11); // packed 5, -1
    assert_int_equal(mface_proto_read_tensor("t", tensor.data, tensor.n, &out), MFACE_OK);
    assert_int_equal(out.dtype, MFACE_DTYPE_I8);
    assert_int_equal(out.shape.dim[0], 2);
    assert_int_equal(((const int8_t *)out.data)[0], 5);
    assert_int_equal(((const int8_t *)out.data)[1], -1);
    mface_mem_free(out.data);
    assert_int_equal(
        mface_proto_read_tensor("t", tensor.data, tensor.n - 1, &out), MFACE_ERR_FORMAT);
    bytes_clear(&tensor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reads_what_is_there, set_up),
        cmocka_unit_test_setup(test_every_truncation_fails, set_up),
        cmocka_unit_test_setup(test_truncation_says_so, set_up),
        cmocka_unit_test_setup(test_every_byte_damaged, set_up),
        cmocka_unit_test_setup(test_other_files, set_up),
        cmocka_unit_test_setup(test_unknown_operator_is_named, set_up),
        cmocka_unit_test_setup(test_unknown_input_type_is_refused, set_up),
        cmocka_unit_test_setup(test_order_and_names, set_up),
        cmocka_unit_test_setup(test_initializers_among_inputs, set_up),
        cmocka_unit_test_setup(test_external_data_is_refused, set_up),
        cmocka_unit_test_setup(test_lone_tensor, set_up),
    };
    return cmocka_run_group_tests_name("onnx load", tests, NULL, NULL);
}
