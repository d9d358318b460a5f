/* A batch of which some steps are run picture by picture, and some at once, gives each picture the
 * bits it has alone. */
#include "build.h"

#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Large pictures of 24×24 go alone, small ones of 12×12 together. */
enum { IN = 8, SIDE = 24, MID = 24, SMALL = SIDE / 2, CODE = 16, UP = 4, N_OUTPUTS = 5 };
enum { PIXELS = SIDE * SIDE, FLAT = MID * SMALL * SMALL, BATCH_MAX = 3 };

static void add_weights(struct bytes *graph, const char *name, int64_t rows, int64_t columns)
{
    float *weights = mface_mem_alloc((size_t)(rows * columns) * sizeof *weights);
    fill_random(weights, (size_t)(rows * columns), (uint32_t)(rows + columns));
    graph_floats(graph, name, weights, (const int64_t[]) { rows, columns }, 2);
    mface_mem_free(weights);
}

static void add_conv(struct bytes *graph, const char *in, const char *out, int64_t n_in,
    int64_t n_out, int64_t stride)
{
    struct bytes attrs = { 0 };
    char names[32], weights_name[16];
    const int64_t side = 2 * stride + 1;
    const size_t n = (size_t)(n_in * n_out * side * side);
    float *weights = mface_mem_alloc(n * sizeof *weights);
    fill_random(weights, n, (uint32_t)(n_in * 31 + n_out));
    snprintf(weights_name, sizeof weights_name, "w_%s", out);
    snprintf(names, sizeof names, "%s %s", in, weights_name);
    graph_floats(graph, weights_name, weights, (const int64_t[]) { n_out, n_in, side, side }, 4);
    attr_ints(&attrs, "pads", (const int64_t[]) { stride, stride, stride, stride }, 4);
    attr_ints(&attrs, "strides", (const int64_t[]) { stride, stride }, 2);
    graph_node(graph, "Conv", names, out, &attrs);
    mface_mem_free(weights);
}

/* Values that are read where they are made, in another run of steps, and by the caller; constants
 * for all pictures; memory shared by views and in place. */
static void build(struct bytes *model)
{
    struct bytes graph = { 0 }, attrs = { 0 };
    float gains[MID];
    fill_random(gains, MID, 5);
    graph_input(&graph, "x", (const int64_t[]) { -1, IN, SIDE, SIDE }, 4);
    add_conv(&graph, "x", "c1", IN, MID, 1);
    graph_node(&graph, "LeakyRelu", "c1", "l1", NULL);
    add_conv(&graph, "l1", "c2", MID, MID, 1);
    graph_node(&graph, "Add", "c2 l1", "s2", NULL);
    graph_floats(&graph, "gains", gains, (const int64_t[]) { 1, MID, 1, 1 }, 4);
    graph_node(&graph, "Mul", "s2 gains", "large", NULL);
    add_conv(&graph, "large", "small", MID, MID, 2);
    graph_ints(&graph, "flat", (const int64_t[]) { -1, FLAT }, 2);
    graph_node(&graph, "Reshape", "small flat", "f", NULL);
    add_weights(&graph, "d1", FLAT, CODE);
    graph_node(&graph, "MatMul", "f d1", "code", NULL);
    add_weights(&graph, "d2", CODE, UP * PIXELS);
    graph_node(&graph, "MatMul", "code d2", "spread", NULL);
    graph_ints(&graph, "square", (const int64_t[]) { -1, UP, SIDE, SIDE }, 4);
    graph_node(&graph, "Reshape", "spread square", "maps", NULL);
    add_conv(&graph, "maps", "up", UP, MID, 1);
    attr_int(&attrs, "axis", 1);
    graph_node(&graph, "Concat", "up large", "both", &attrs);
    add_conv(&graph, "both", "c3", 2 * MID, 3, 1);
    graph_node(&graph, "Sigmoid", "c3", "y", NULL);
    graph_ints(&graph, "row", (const int64_t[]) { -1, MID * PIXELS }, 2);
    graph_node(&graph, "Reshape", "up row", "view", NULL);
    graph_node(&graph, "Relu", "x", "input", NULL);
    graph_output(&graph, "y");
    graph_output(&graph, "view");
    graph_output(&graph, "code");
    graph_output(&graph, "large");
    graph_output(&graph, "input");
    finish_model(model, &graph, 7, 12);
}

struct fixture {
    struct bytes model;
    struct mface_onnx *onnx;
    float x[BATCH_MAX * IN * PIXELS];
};

static int setup(void **state)
{
    static struct fixture fixture;
    build(&fixture.model);
    assert_int_equal(
        mface_onnx_load_mem("model", fixture.model.data, fixture.model.n, &fixture.onnx), MFACE_OK);
    fill_random(fixture.x, BATCH_MAX * IN * PIXELS, 17);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    mface_onnx_free(&f->onnx);
    bytes_clear(&f->model);
    return 0;
}

static struct mface_plan *make_plan(const struct fixture *f, enum mface_precision precision,
    int threads, int64_t batch, const bool *wanted)
{
    const struct mface_tensor shape = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { batch, IN, SIDE, SIDE } } };
    const struct mface_plan_params params = { .inputs = &shape,
        .n_inputs = 1,
        .threads = threads,
        .precision = precision,
        .wanted = wanted };
    struct mface_plan *plan;
    assert_int_equal(mface_plan_create(f->onnx, &params, &plan), MFACE_OK);
    return plan;
}

/* Runs a plan on the pictures from `first` on; the caller frees the outputs. */
static void run(struct mface_plan *plan, const struct fixture *f, int64_t first, int64_t batch,
    struct mface_tensor outputs[N_OUTPUTS])
{
    const struct mface_tensor x = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { batch, IN, SIDE, SIDE } },
        .data = (void *)(f->x + first * IN * PIXELS) };
    for (size_t i = 0; i < N_OUTPUTS; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        assert_int_equal(info->shape.dim[0], batch);
        outputs[i].data = mface_mem_alloc(mface_tensor_bytes(&outputs[i]));
        memset(outputs[i].data, 0xff, mface_tensor_bytes(&outputs[i]));
    }
    assert_int_equal(mface_plan_run(plan, &x, outputs), MFACE_OK);
}

static void clear(struct mface_tensor outputs[N_OUTPUTS])
{
    for (int i = 0; i < N_OUTPUTS; i++)
        mface_mem_free(outputs[i].data);
}

static void check(
    const struct fixture *f, enum mface_precision precision, int threads, int64_t batch)
{
    struct mface_tensor all[N_OUTPUTS], one[N_OUTPUTS];
    struct mface_plan *many = make_plan(f, precision, threads, batch, NULL);
    struct mface_plan *single = make_plan(f, precision, 1, 1, NULL);
    for (int repeat = 0; repeat < 2; repeat++) { // in memory that a run has left behind
        run(many, f, 0, batch, all);
        for (int64_t n = 0; n < batch; n++) {
            run(single, f, n, 1, one);
            for (int i = 0; i < N_OUTPUTS; i++) {
                const size_t bytes = mface_tensor_bytes(&one[i]);
                assert_memory_equal((char *)all[i].data + (size_t)n * bytes, one[i].data, bytes);
            }
            clear(one);
        }
        clear(all);
    }
    assert_int_equal(mface_plan_flops(many), batch * mface_plan_flops(single));
    mface_plan_free(&many);
    mface_plan_free(&single);
}

static void test_bits(void **state)
{
    for (int i = 0; i < MFACE_N_PRECISIONS; i++)
        for (int64_t batch = 2; batch <= BATCH_MAX && mface_precision_is_supported(i); batch++)
            for (int threads = 1; threads <= 3; threads++)
                check(*state, i, threads, batch);
}

/* Large pictures go alone; dense layers, and convolutions of small pictures, do not. */
static void test_steps(void **state)
{
    const struct fixture *f = *state;
    struct mface_plan *plan = make_plan(f, MFACE_PRECISION_F32, 1, BATCH_MAX, NULL);
    struct mface_tensor outputs[N_OUTPUTS];
    run(plan, f, 0, BATCH_MAX, outputs);
    const struct mface_tensor x = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { BATCH_MAX, IN, SIDE, SIDE } },
        .data = (void *)f->x };
    const size_t n = mface_plan_n_steps(plan);
    struct mface_step_time *times = mface_mem_calloc(n, sizeof *times);
    int n_convs[2] = { 0 };
    assert_int_equal(mface_plan_profile(plan, &x, outputs, 2, times), MFACE_OK);
    for (size_t i = 0; i < n; i++) {
        const bool is_alone = times[i].shape.dim[0] == 1;
        assert_true(is_alone || times[i].shape.dim[0] == BATCH_MAX);
        assert_true(times[i].least_ns > 0);
        if (strcmp(times[i].op, "MatMul") == 0)
            assert_false(is_alone);
        if (strcmp(times[i].op, "Conv") == 0)
            n_convs[is_alone]++;
    }
    assert_int_equal(n_convs[true], 4);
    assert_int_equal(n_convs[false], 1);
    mface_mem_free(times);
    clear(outputs);
    mface_plan_free(&plan);
}

/* What lies between the steps that are run alone takes the memory of one picture. */
static void test_memory(void **state)
{
    const bool wanted[N_OUTPUTS] = { true };
    int64_t bytes[2];
    for (int i = 0; i < 2; i++) {
        struct mface_plan *plan =
            make_plan(*state, MFACE_PRECISION_INT8, 1, i ? BATCH_MAX : 1, wanted);
        bytes[i] = mface_plan_arena_bytes(plan);
        mface_plan_free(&plan);
    }
    print_message("%lld bytes for a picture, %lld for %d\n", (long long)bytes[0],
        (long long)bytes[1], BATCH_MAX);
    assert_true(bytes[1] < bytes[0] * 2);
}

/* A second factor of as many columns as there are pictures is of no picture. */
static void test_columns_are_no_pictures(void **state)
{
    (void)state;
    enum { N = 3 };
    struct bytes model = { 0 }, graph = { 0 }, attrs = { 0 };
    float x[N * N], y[N * N];
    fill_random(x, N * N, 23);
    graph_input(&graph, "x", (const int64_t[]) { N, N }, 2);
    attr_ints(&attrs, "axes", (const int64_t[]) { 1 }, 1);
    attr_int(&attrs, "keepdims", 0);
    graph_node(&graph, "ReduceMax", "x", "m", &attrs);
    graph_node(&graph, "Add", "x m", "y", NULL);
    graph_output(&graph, "y");
    finish_model(&model, &graph, 7, 12);
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    struct mface_tensor in = { .dtype = MFACE_DTYPE_F32, .shape = { .rank = 2, .dim = { N, N } } };
    const struct mface_plan_params params = { .inputs = &in, .n_inputs = 1, .threads = 1 };
    assert_int_equal(mface_onnx_load_mem("model", model.data, model.n, &onnx), MFACE_OK);
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    struct mface_tensor out = in;
    in.data = x;
    out.data = y;
    assert_int_equal(mface_plan_run(plan, &in, &out), MFACE_OK);
    for (int i = 0; i < N * N; i++) {
        const float *row = x + i % N * N;
        float greatest = row[0];
        for (int k = 1; k < N; k++)
            greatest = row[k] > greatest ? row[k] : greatest;
        assert_true(y[i] == x[i] + greatest);
    }
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    bytes_clear(&model);
}

/* As many output channels as pictures, whose weights come with each run, are no pictures either. */
static void test_weights_are_no_pictures(void **state)
{
    enum { N = 2, VALUES = IN * PIXELS };
    struct bytes model = { 0 }, graph = { 0 }, attrs = { 0 };
    const struct fixture *f = *state;
    static float weights[N * IN * 9], both[N * N * PIXELS], one[N * PIXELS];
    fill_random(weights, N * IN * 9, 29);
    graph_input(&graph, "x", (const int64_t[]) { -1, IN, SIDE, SIDE }, 4);
    graph_input(&graph, "w", (const int64_t[]) { N, IN, 3, 3 }, 4);
    attr_ints(&attrs, "pads", (const int64_t[]) { 1, 1, 1, 1 }, 4);
    graph_node(&graph, "Conv", "x w", "y", &attrs);
    graph_output(&graph, "y");
    finish_model(&model, &graph, 7, 12);
    struct mface_onnx *onnx;
    assert_int_equal(mface_onnx_load_mem("model", model.data, model.n, &onnx), MFACE_OK);
    for (int64_t i = -1; i < N; i++) { // all of them, then each
        const int64_t batch = i < 0 ? N : 1;
        struct mface_tensor in[2] = {
            { .dtype = MFACE_DTYPE_F32, .shape = { .rank = 4, .dim = { batch, IN, SIDE, SIDE } } },
            { .dtype = MFACE_DTYPE_F32, .shape = { .rank = 4, .dim = { N, IN, 3, 3 } } }
        };
        const struct mface_plan_params params = { .inputs = in, .n_inputs = 2, .threads = 1 };
        struct mface_plan *plan;
        assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
        in[0].data = (void *)(f->x + (i < 0 ? 0 : i) * VALUES);
        in[1].data = weights;
        struct mface_tensor y = { .dtype = MFACE_DTYPE_F32,
            .shape = mface_plan_output(plan, 0)->shape,
            .data = i < 0 ? both : one };
        assert_int_equal(mface_plan_run(plan, in, &y), MFACE_OK);
        if (i >= 0)
            assert_memory_equal(both + i * N * PIXELS, one, sizeof one);
        mface_plan_free(&plan);
    }
    mface_onnx_free(&onnx);
    bytes_clear(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_columns_are_no_pictures),
        cmocka_unit_test(test_weights_are_no_pictures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
