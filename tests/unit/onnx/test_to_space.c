/* A DepthToSpace after a convolution is where that puts its results. The same model whose
 * convolution has a reader of its own, so that it may not, says what must come out, bit for bit. */
#include "build.h"

#include "base/mem.h"
#include "onnx/amx.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"
#include "onnx/wino.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IN = 24, AFTER = 8, OUTPUTS_MAX = 2, CHANNELS_MAX = 264, TAPS_MAX = 25 };

/* A convolution, a LeakyRelu, a DepthToSpace and maybe another convolution; zeros stand for what is
 * usual. */
struct variant {
    const char *name;
    int64_t channels, height, width;
    int64_t kernel, stride, block; // 0: 3, 1, 2
    const char *mode;              // NULL: DCR
    bool ends;                     // with the DepthToSpace
    bool has_residual;
    bool keeps; // the DepthToSpace as a step
};

static const struct variant variants[] = {
    { "runs of whole panels", .channels = 128, .height = 7, .width = 9 },
    { "a run that ends within a panel", .channels = 88, .height = 13, .width = 6 },
    { "runs that end within vectors", .channels = 132, .height = 6, .width = 11 },
    { "both runs in a panel", .channels = 20, .height = 9, .width = 7 },
    { "a last panel of few", .channels = 264, .height = 7, .width = 7 },
    { "two pixels in a row", .channels = 48, .height = 20, .width = 2 },
    { "what ends a model", .channels = 88, .height = 7, .width = 9, .ends = true },
    { "a residual", .channels = IN, .height = 7, .width = 9, .has_residual = true, .keeps = true },
    { "columns first", .channels = 88, .height = 7, .width = 9, .mode = "CRD", .keeps = true },
    { "larger blocks", .channels = 72, .height = 7, .width = 9, .block = 3, .keeps = true },
    { "a kernel of oneDNN's", .channels = 88, .height = 7, .width = 9, .kernel = 1, .keeps = true },
    { "strides", .channels = 88, .height = 25, .width = 23, .kernel = 5, .stride = 2 },
};

enum { N_VARIANTS = sizeof variants / sizeof *variants };

static void add_weights(
    struct bytes *graph, const char *name, int64_t out, int64_t in, int64_t side)
{
    static float weights[CHANNELS_MAX * IN * TAPS_MAX];
    fill_random(weights, (size_t)(out * in * side * side), 3 + (uint32_t)out);
    graph_floats(graph, name, weights, (const int64_t[]) { out, in, side, side }, 4);
}

static void build_convolution(struct bytes *graph, const struct variant *variant)
{
    struct bytes attrs = { 0 };
    float bias[CHANNELS_MAX];
    const int64_t side = variant->kernel ? variant->kernel : 3, pad = side / 2;
    const int64_t stride = variant->stride ? variant->stride : 1;
    fill_random(bias, (size_t)variant->channels, 7);
    graph_floats(graph, "bias", bias, &variant->channels, 1);
    add_weights(graph, "weights", variant->channels, IN, side);
    attr_ints(&attrs, "pads", (const int64_t[]) { pad, pad, pad, pad }, 4);
    attr_ints(&attrs, "strides", (const int64_t[]) { stride, stride }, 2);
    graph_node(graph, "Conv", "x weights bias", variant->has_residual ? "sum" : "conv", &attrs);
    if (variant->has_residual)
        graph_node(graph, "Add", "sum x", "conv", NULL);
    attr_float(&attrs, "alpha", 0.1f);
    graph_node(graph, "LeakyRelu", "conv", "deep", &attrs);
}

static void build(
    struct bytes *model, const struct variant *variant, int64_t batch, bool is_read_elsewhere)
{
    struct bytes graph = { 0 }, attrs = { 0 };
    const int64_t block = variant->block ? variant->block : 2;
    graph_input(&graph, "x", (const int64_t[]) { batch, IN, variant->height, variant->width }, 4);
    build_convolution(&graph, variant);
    attr_int(&attrs, "blocksize", block);
    attr_text(&attrs, "mode", variant->mode ? variant->mode : "DCR");
    graph_node(&graph, "DepthToSpace", "deep", variant->ends ? "y" : "wide", &attrs);
    if (!variant->ends) {
        add_weights(&graph, "after", AFTER, variant->channels / (block * block), 3);
        attr_ints(&attrs, "pads", (const int64_t[]) { 1, 1, 1, 1 }, 4);
        graph_node(&graph, "Conv", "wide after", "y", &attrs);
    }
    graph_output(&graph, "y");
    if (is_read_elsewhere)
        graph_output(&graph, "deep");
    finish_model(model, &graph, 7, 12);
}

struct result {
    struct mface_tensor y;
    int n_permutes;
};

static int count_permutes(
    struct mface_plan *plan, const struct mface_tensor *x, const struct mface_tensor *outputs)
{
    const size_t n = mface_plan_n_steps(plan);
    struct mface_step_time *times = mface_mem_calloc(n, sizeof *times);
    int n_permutes = 0;
    assert_int_equal(mface_plan_profile(plan, x, outputs, 1, times), MFACE_OK);
    for (size_t i = 0; i < n; i++)
        n_permutes += strcmp(times[i].op, "Permute") == 0;
    mface_mem_free(times);
    return n_permutes;
}

struct setting {
    enum mface_precision precision;
    int64_t batch;
    int threads;
};

/* The caller frees y.data. */
static struct result run(
    const struct variant *variant, const struct setting *setting, bool is_read_elsewhere)
{
    struct bytes model = { 0 };
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    struct mface_tensor outputs[OUTPUTS_MAX] = { 0 };
    struct mface_tensor x = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { setting->batch, IN, variant->height, variant->width } } };
    const struct mface_plan_params params = {
        .inputs = &x,
        .n_inputs = 1,
        .threads = setting->threads,
        .precision = setting->precision,
    };
    build(&model, variant, setting->batch, is_read_elsewhere);
    assert_int_equal(mface_onnx_load_mem("model", model.data, model.n, &onnx), MFACE_OK);
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    for (size_t i = 0; i < mface_onnx_n_outputs(onnx); i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        outputs[i].data = mface_mem_alloc(mface_tensor_bytes(&outputs[i]));
    }
    x.data = mface_mem_alloc(mface_tensor_bytes(&x));
    fill_random(x.data, (size_t)mface_shape_count(&x.shape), 5);
    const struct result result = { outputs[0], count_permutes(plan, &x, outputs) };
    mface_mem_free(x.data);
    mface_mem_free(outputs[1].data);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    bytes_clear(&model);
    return result;
}

/* x becomes N×H×W×C and y comes back from it, and so does what else is read. */
static void check(const struct variant *variant, const struct setting *setting, bool is_ours)
{
    const struct result apart = run(variant, setting, true);
    const struct result within = run(variant, setting, false);
    const int n_borders = 2, n_kept = variant->keeps || !is_ours;
    if (apart.n_permutes != n_borders + 2 || within.n_permutes != n_borders + n_kept)
        fail_msg("%s: %d and %d steps permute", variant->name, apart.n_permutes, within.n_permutes);
    assert_true(mface_shape_equal(&apart.y.shape, &within.y.shape));
    assert_memory_equal(apart.y.data, within.y.data, mface_tensor_bytes(&apart.y));
    mface_mem_free(apart.y.data);
    mface_mem_free(within.y.data);
}

static void check_all(enum mface_precision precision, bool is_ours, int n)
{
    if (!mface_precision_is_supported(precision))
        skip();
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 4; k++)
            check(&variants[i], &(struct setting) { precision, 1 + k % 2 * 2, 1 + k }, is_ours);
}

static void test_f32(void **state)
{
    (void)state;
    check_all(MFACE_PRECISION_F32, mface_wino_version(), N_VARIANTS);
}

/* Tiles compute no strides, as the last one has. */
static void test_bf16(void **state)
{
    (void)state;
    check_all(MFACE_PRECISION_BF16, mface_amx_is_available(), N_VARIANTS - 1);
}

static void test_int8(void **state)
{
    (void)state;
    check_all(MFACE_PRECISION_INT8, true, N_VARIANTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_int8),
    };
    return cmocka_run_group_tests_name("onnx to space", tests, NULL, NULL);
}
