/* Convolutions of one tensor that are concatenated become one. The same model whose convolutions
 * have readers of their own, so that nothing may be merged, says what must come out. */
#include "build.h"

#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 2, CHANNELS = 24, H = 10, W = 12, PARTS_MAX = 4, OUTPUTS_MAX = 1 + PARTS_MAX };

enum padding { CENTRED, BY_NODE, AUTO, SHIFTED };

/* A convolution; zeros stand for what is usual. */
struct part {
    const char *in; // NULL: "x"
    int64_t channels, kernel[2], stride, dilation, group;
    bool has_bias;
    enum padding padding;
    float slope; // of a LeakyRelu that follows
};

struct variant {
    const char *name;
    int n_parts, n_convs; // as written, and as run
    int axis;             // 0 stands for 1
    struct part part[PARTS_MAX];
};

static const struct variant variants[] = {
    { "four phases, as of DeepFaceLab's option d", 4, 1, 0,
        { { .channels = 3, .kernel = { 1, 1 }, .has_bias = true },
            { .channels = 3, .kernel = { 3, 3 }, .has_bias = true, .padding = BY_NODE },
            { .channels = 3, .kernel = { 3, 3 }, .has_bias = true, .padding = BY_NODE },
            { .channels = 3, .kernel = { 3, 3 }, .has_bias = true, .padding = BY_NODE } } },
    { "biases and activations", 3, 1, 0,
        { { .channels = 5, .kernel = { 3, 3 }, .has_bias = true, .slope = 0.1f },
            { .channels = 2, .kernel = { 5, 5 }, .slope = 0.1f },
            { .channels = 1, .kernel = { 1, 1 }, .has_bias = true, .slope = 0.1f } } },
    { "windows that are no squares", 3, 1, 0,
        { { .channels = 3, .kernel = { 1, 3 } }, { .channels = 3, .kernel = { 3, 3 } },
            { .channels = 3, .kernel = { 3, 1 } } } },
    { "ways to pad", 3, 1, 0,
        { { .channels = 3, .kernel = { 3, 3 }, .padding = BY_NODE },
            { .channels = 3, .kernel = { 3, 3 } },
            { .channels = 3, .kernel = { 3, 3 }, .padding = AUTO } } },
    { "a batch along which results are joined", 2, 2, -4,
        { { .channels = 3, .kernel = { 3, 3 } }, { .channels = 3, .kernel = { 3, 3 } } } },
    { "rows along which results are joined", 2, 2, 2,
        { { .channels = 3, .kernel = { 3, 3 } }, { .channels = 3, .kernel = { 3, 3 } } } },
    { "other inputs", 2, 2, 0,
        { { .channels = 3, .kernel = { 3, 3 } },
            { .in = "other", .channels = 3, .kernel = { 3, 3 } } } },
    { "strides", 2, 2, 0,
        { { .channels = 3, .kernel = { 3, 3 }, .stride = 2 },
            { .channels = 3, .kernel = { 3, 3 }, .stride = 2 } } },
    { "dilations", 2, 2, 0,
        { { .channels = 3, .kernel = { 3, 3 }, .dilation = 2 },
            { .channels = 3, .kernel = { 3, 3 }, .dilation = 2 } } },
    { "groups", 2, 2, 0,
        { { .channels = 4, .kernel = { 3, 3 }, .group = 2 },
            { .channels = 4, .kernel = { 3, 3 }, .group = 2 } } },
    { "other activations", 2, 2, 0,
        { { .channels = 3, .kernel = { 3, 3 }, .slope = 0.1f },
            { .channels = 3, .kernel = { 3, 3 }, .slope = 0.2f } } },
    { "an activation of one", 2, 2, 0,
        { { .channels = 3, .kernel = { 3, 3 }, .slope = 0.1f },
            { .channels = 3, .kernel = { 3, 3 } } } },
    { "windows of which none holds the other", 2, 2, 0,
        { { .channels = 3, .kernel = { 1, 3 } }, { .channels = 3, .kernel = { 3, 1 } } } },
    { "windows beside their pixels", 2, 2, 0,
        { { .channels = 3, .kernel = { 3, 3 }, .padding = SHIFTED },
            { .channels = 3, .kernel = { 3, 3 }, .padding = SHIFTED } } },
    { "even windows", 2, 2, 0,
        { { .channels = 3, .kernel = { 2, 2 }, .padding = AUTO },
            { .channels = 3, .kernel = { 2, 2 }, .padding = AUTO } } },
    { "more work for one", 2, 2, 0,
        { { .channels = 16, .kernel = { 1, 1 } }, { .channels = 16, .kernel = { 3, 3 } } } },
};

static void add_weights(struct bytes *graph, const struct part *part, int i)
{
    char name[16];
    float weights[16 * CHANNELS * 25], bias[16];
    const int64_t dims[] = { part->channels, CHANNELS / (part->group ? part->group : 1),
        part->kernel[0], part->kernel[1] };
    fill_random(weights, (size_t)(dims[0] * dims[1] * dims[2] * dims[3]), 3 + (uint32_t)i);
    fill_random(bias, (size_t)part->channels, 30 + (uint32_t)i);
    snprintf(name, sizeof name, "w%d", i);
    graph_floats(graph, name, weights, dims, 4);
    snprintf(name, sizeof name, "b%d", i);
    graph_floats(graph, name, bias, dims, 1);
}

static void put_padding(struct bytes *graph, struct bytes *attrs, const struct part *part, int i)
{
    const int64_t dilation = part->dilation ? part->dilation : 1;
    const int64_t y = part->kernel[0] / 2 * dilation, x = part->kernel[1] / 2 * dilation;
    char args[48], pads[24], padded[24];
    switch (part->padding) {
    case CENTRED:
        attr_ints(attrs, "pads", (const int64_t[]) { y, x, y, x }, 4);
        break;
    case SHIFTED:
        attr_ints(attrs, "pads", (const int64_t[]) { 0, 0, 2 * y, 2 * x }, 4);
        break;
    case AUTO:
        attr_text(attrs, "auto_pad", "SAME_UPPER");
        break;
    case BY_NODE:
        snprintf(pads, sizeof pads, "pads%d", i);
        snprintf(padded, sizeof padded, "padded%d", i);
        snprintf(args, sizeof args, "%s %s", part->in ? part->in : "x", pads);
        graph_ints(graph, pads, (const int64_t[]) { 0, 0, y, x, 0, 0, y, x }, 8);
        graph_node(graph, "Pad", args, padded, NULL);
    }
}

static void add_part(struct bytes *graph, const struct part *part, int i)
{
    struct bytes attrs = { 0 };
    char in[16], args[48], conv[16], out[16];
    add_weights(graph, part, i);
    put_padding(graph, &attrs, part, i);
    if (part->stride)
        attr_ints(&attrs, "strides", (const int64_t[]) { part->stride, part->stride }, 2);
    if (part->dilation)
        attr_ints(&attrs, "dilations", (const int64_t[]) { part->dilation, part->dilation }, 2);
    if (part->group)
        attr_int(&attrs, "group", part->group);
    snprintf(in, sizeof in, part->padding == BY_NODE ? "padded%d" : part->in ? "other" : "x", i);
    snprintf(args, sizeof args, part->has_bias ? "%s w%d b%d" : "%s w%d", in, i, i);
    snprintf(out, sizeof out, "part%d", i);
    snprintf(conv, sizeof conv, part->slope != 0 ? "conv%d" : "part%d", i);
    graph_node(graph, "Conv", args, conv, &attrs);
    if (part->slope == 0)
        return;
    attr_float(&attrs, "alpha", part->slope);
    graph_node(graph, "LeakyRelu", conv, out, &attrs);
}

static void build(struct bytes *model, const struct variant *variant, bool shows_parts)
{
    static const char parts[] = "part0 part1 part2 part3";
    struct bytes graph = { 0 }, attrs = { 0 };
    char args[sizeof parts], name[16];
    graph_input(&graph, "x", (const int64_t[]) { BATCH, CHANNELS, H, W }, 4);
    graph_node(&graph, "Sigmoid", "x", "other", NULL);
    for (int i = 0; i < variant->n_parts; i++)
        add_part(&graph, &variant->part[i], i);
    snprintf(args, sizeof args, "%.*s", 6 * variant->n_parts - 1, parts);
    attr_int(&attrs, "axis", variant->axis ? variant->axis : 1);
    graph_node(&graph, "Concat", args, "y", &attrs);
    graph_output(&graph, "y");
    for (int i = 0; i < variant->n_parts && shows_parts; i++) {
        snprintf(name, sizeof name, "part%d", i);
        graph_output(&graph, name);
    }
    finish_model(model, &graph, 7, 12);
}

struct result {
    struct mface_tensor y;
    int n_convs;
};

static int count_convs(
    struct mface_plan *plan, const struct mface_tensor *x, const struct mface_tensor *outputs)
{
    const size_t n = mface_plan_n_steps(plan);
    struct mface_step_time *times = mface_mem_calloc(n, sizeof *times);
    int n_convs = 0;
    assert_int_equal(mface_plan_profile(plan, x, outputs, 1, times), MFACE_OK);
    for (size_t i = 0; i < n; i++)
        n_convs += strcmp(times[i].op, "Conv") == 0;
    mface_mem_free(times);
    return n_convs;
}

/* The caller frees y.data. False where this machine has no such precision. */
static bool run(const struct variant *variant, bool shows_parts, enum mface_precision precision,
    int threads, struct result *result)
{
    struct bytes model = { 0 };
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    static float values[BATCH * CHANNELS * H * W];
    struct mface_tensor outputs[OUTPUTS_MAX] = { 0 };
    struct mface_tensor x = { MFACE_DTYPE_F32, { .rank = 4, .dim = { BATCH, CHANNELS, H, W } },
        NULL };
    const struct mface_plan_params params = {
        .inputs = &x, .n_inputs = 1, .threads = threads, .precision = precision
    };
    if (!mface_precision_is_supported(precision))
        return false;
    build(&model, variant, shows_parts);
    assert_int_equal(mface_onnx_load_mem("model", model.data, model.n, &onnx), MFACE_OK);
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    for (size_t i = 0; i < mface_onnx_n_outputs(onnx); i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
    }
    outputs[0].data = mface_mem_alloc(mface_tensor_bytes(&outputs[0]));
    fill_random(values, sizeof values / sizeof *values, 5);
    x.data = values;
    *result = (struct result) { outputs[0], count_convs(plan, &x, outputs) };
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    bytes_clear(&model);
    return true;
}

static void compare(const struct result *want, const struct result *got, double bound)
{
    double range = 0, difference = 0;
    assert_true(mface_shape_equal(&want->y.shape, &got->y.shape));
    for (int64_t i = 0; i < mface_shape_count(&want->y.shape); i++) {
        const double value = ((const float *)want->y.data)[i];
        range = fmax(range, fabs(value));
        difference = fmax(difference, fabs(value - (double)((const float *)got->y.data)[i]));
    }
    assert_true(range > 0.1);
    assert_true(difference < bound * range);
}

static void check(const struct variant *variant, enum mface_precision precision, double bound)
{
    struct result plain, merged, many;
    assert_true(run(variant, true, MFACE_PRECISION_F32, 1, &plain));
    assert_int_equal(plain.n_convs, variant->n_parts);
    if (run(variant, false, precision, 1, &merged)) {
        assert_true(run(variant, false, precision, 2, &many));
        if (merged.n_convs != variant->n_convs)
            fail_msg("%s: %d convolutions", variant->name, merged.n_convs);
        compare(&plain, &merged, bound);
        assert_memory_equal(merged.y.data, many.y.data, mface_tensor_bytes(&many.y));
        mface_mem_free(merged.y.data);
        mface_mem_free(many.y.data);
    }
    mface_mem_free(plain.y.data);
}

static void test_f32(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        check(&variants[i], MFACE_PRECISION_F32, 1e-5);
}

/* Weights and pixels are rounded to eight bits. */
static void test_bf16(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        check(&variants[i], MFACE_PRECISION_BF16, 2.0 / 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests_name("onnx siblings", tests, NULL, NULL);
}
