/* A BatchNormalization goes into the convolution before it. The same model whose convolution has a
 * reader of its own, so that nothing may be folded, says what must come out. */
#include "build.h"

#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHANNELS = 48, SIDE = 9, COUNT = CHANNELS * SIDE * SIDE };

struct variant {
    int64_t groups;
    bool has_bias;
};

static void add_parameters(struct bytes *graph, int64_t groups)
{
    enum { N_VECTORS = 5 };
    static const char *const names[N_VECTORS] = { "bias", "gamma", "beta", "mean", "variance" };
    const int64_t per_group = CHANNELS / groups, n = CHANNELS * per_group * 9;
    float *weights = mface_mem_alloc((size_t)n * sizeof *weights), vector[CHANNELS];
    fill_random(weights, (size_t)n, 3);
    graph_floats(graph, "w", weights, (const int64_t[]) { CHANNELS, per_group, 3, 3 }, 4);
    mface_mem_free(weights);
    for (int i = 0; i < N_VECTORS; i++) {
        fill_random(vector, CHANNELS, 11 + (uint32_t)i);
        for (int c = 0; c < CHANNELS && i == N_VECTORS - 1; c++)
            vector[c] = vector[c] * vector[c] + 0.5f;
        graph_floats(graph, names[i], vector, (const int64_t[]) { CHANNELS }, 1);
    }
}

static void build(struct bytes *model, const struct variant *variant, bool shows_conv)
{
    struct bytes graph = { 0 }, attrs = { 0 };
    graph_input(&graph, "x", (const int64_t[]) { 1, CHANNELS, SIDE, SIDE }, 4);
    add_parameters(&graph, variant->groups);
    attr_int(&attrs, "group", variant->groups);
    attr_ints(&attrs, "pads", (const int64_t[]) { 1, 1, 1, 1 }, 4);
    graph_node(&graph, "Conv", variant->has_bias ? "x w bias" : "x w", "c", &attrs);
    graph_node(&graph, "BatchNormalization", "c gamma beta mean variance", "n", NULL);
    attr_float(&attrs, "alpha", 0.1f);
    graph_node(&graph, "LeakyRelu", "n", "y", &attrs);
    graph_output(&graph, "y");
    if (shows_conv)
        graph_output(&graph, "c");
    finish_model(model, &graph, 7, 12);
}

/* Returns the number of steps. */
static size_t run(const struct variant *variant, bool shows_conv, int threads, float *y)
{
    struct bytes model = { 0 };
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    const struct mface_shape shape = { .rank = 4, .dim = { 1, CHANNELS, SIDE, SIDE } };
    struct mface_tensor x = { .dtype = MFACE_DTYPE_F32, .shape = shape };
    const struct mface_tensor outputs[2] = { { MFACE_DTYPE_F32, shape, y },
        { MFACE_DTYPE_F32, shape, NULL } };
    build(&model, variant, shows_conv);
    assert_int_equal(mface_onnx_load_mem("model", model.data, model.n, &onnx), MFACE_OK);
    const struct mface_plan_params params = { .inputs = &x, .n_inputs = 1, .threads = threads };
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    x.data = mface_mem_alloc(mface_tensor_bytes(&x));
    fill_random(x.data, COUNT, 5);
    assert_int_equal(mface_plan_run(plan, &x, outputs), MFACE_OK);
    const size_t n_steps = mface_plan_n_steps(plan);
    mface_mem_free(x.data);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    bytes_clear(&model);
    return n_steps;
}

static void check(const struct variant *variant)
{
    static float folded[COUNT], many[COUNT], plain[COUNT];
    const size_t n_folded = run(variant, false, 1, folded);
    const size_t n_plain = run(variant, true, 1, plain);
    (void)run(variant, false, 2, many);
    double range = 0, difference = 0;
    for (int i = 0; i < COUNT; i++) {
        range = fmax(range, fabsf(plain[i]));
        difference = fmax(difference, fabsf(plain[i] - folded[i]));
    }
    assert_true(n_folded + 2 <= n_plain); // neither the norm nor the activation is a step
    assert_true(range > 0.1);
    assert_true(difference < 1e-5 * range);
    assert_memory_equal(folded, many, sizeof folded);
}

static void test_groups_and_bias(void **state)
{
    (void)state;
    static const struct variant variants[] = { { 1, false }, { 1, true }, { 3, true },
        { CHANNELS, false }, { CHANNELS, true } };
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        check(&variants[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_and_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
