/* Passes keep the meaning of a model: a small network with everything they rewrite (residual,
 * copies of a tensor, DepthToSpace in its longer spelling, pools, borders in N×H×W×C, a dense layer
 * with a bias), against the same in plain loops; in f32 and bf16, for any number of threads. */
#include "build.h"

#include "base/log.h"
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

enum { H = 6, W = 8, IN = 4, MID = 24, UP = 5, DENSE = 7, PIXELS = H * W };
enum { FLAT = MID * (H / 2) * (W / 2), N_OUTPUTS = 3 };
static const int64_t output_counts[N_OUTPUTS] = { UP * 4 * PIXELS, DENSE, MID *PIXELS / 4 };

struct weights {
    float first[MID * IN * 9], bias[MID], residual[MID * MID], copies[4 * UP * 2 * MID];
    float dense[FLAT * DENSE], dense_bias[DENSE];
};

static void make_weights(struct weights *w)
{
    fill_random((float *)w, sizeof *w / sizeof(float), 3);
    for (int i = 0; i < FLAT * DENSE; i++)
        w->dense[i] *= 0.1f;
    for (int i = 0; i < MID * MID; i++)
        w->residual[i] *= 0.2f;
}

static void add_convolutions(struct bytes *graph)
{
    struct bytes attrs = { 0 };
    attr_ints(&attrs, "perm", (const int64_t[]) { 0, 3, 1, 2 }, 4);
    graph_node(graph, "Transpose", "x", "planes", &attrs);
    graph_node(graph, "Pad", "planes pads", "padded", NULL);
    graph_node(graph, "Conv", "padded first", "c0", NULL);
    graph_node(graph, "Add", "c0 bias", "c", NULL);
    graph_node(graph, "Conv", "c residual", "r0", NULL);
    graph_node(graph, "Add", "c r0", "sum", NULL);
    attr_float(&attrs, "alpha", 0.2f);
    graph_node(graph, "LeakyRelu", "sum", "r", &attrs);
}

static void add_heads(struct bytes *graph)
{
    struct bytes attrs = { 0 };
    attr_int(&attrs, "axis", 1);
    graph_node(graph, "Concat", "r r", "twice", &attrs);
    graph_node(graph, "Conv", "twice copies", "wide", NULL);
    graph_node(graph, "Reshape", "wide six", "view", NULL);
    attr_ints(&attrs, "perm", (const int64_t[]) { 0, 3, 4, 1, 5, 2 }, 6);
    graph_node(graph, "Transpose", "view", "moved", &attrs);
    graph_node(graph, "Reshape", "moved four", "up", NULL);
    attr_ints(&attrs, "perm", (const int64_t[]) { 0, 2, 3, 1 }, 4);
    graph_node(graph, "Transpose", "up", "y", &attrs);
    for (int i = 0; i < 2; i++) {
        attr_ints(&attrs, "kernel_shape", (const int64_t[]) { 2, 2 }, 2);
        attr_ints(&attrs, "strides", (const int64_t[]) { 2, 2 }, 2);
        graph_node(graph, i ? "AveragePool" : "MaxPool", "r", i ? "average" : "max", &attrs);
    }
    graph_node(graph, "Reshape", "max line", "flat", NULL);
    graph_node(graph, "MatMul", "flat dense", "d0", NULL);
    graph_node(graph, "Add", "d0 dense_bias", "d", NULL);
}

static void build_model(struct bytes *model, const struct weights *w)
{
    struct bytes graph = { 0 };
    graph_input(&graph, "x", (const int64_t[]) { 1, H, W, IN }, 4);
    graph_ints(&graph, "pads", (const int64_t[]) { 0, 0, 1, 1, 0, 0, 1, 1 }, 8);
    graph_ints(&graph, "six", (const int64_t[]) { -1, 2, 2, UP, H, W }, 6);
    graph_ints(&graph, "four", (const int64_t[]) { -1, UP, 2 * H, 2 * W }, 4);
    graph_ints(&graph, "line", (const int64_t[]) { -1, FLAT }, 2);
    graph_floats(&graph, "first", w->first, (const int64_t[]) { MID, IN, 3, 3 }, 4);
    graph_floats(&graph, "bias", w->bias, (const int64_t[]) { 1, MID, 1, 1 }, 4);
    graph_floats(&graph, "residual", w->residual, (const int64_t[]) { MID, MID, 1, 1 }, 4);
    graph_floats(&graph, "copies", w->copies, (const int64_t[]) { 4 * UP, 2 * MID, 1, 1 }, 4);
    graph_floats(&graph, "dense", w->dense, (const int64_t[]) { FLAT, DENSE }, 2);
    graph_floats(&graph, "dense_bias", w->dense_bias, (const int64_t[]) { 1, DENSE }, 2);
    add_convolutions(&graph);
    add_heads(&graph);
    graph_output(&graph, "y");
    graph_output(&graph, "d");
    graph_output(&graph, "average");
    finish_model(model, &graph, 7, 12);
}

static double first_conv(const struct weights *w, const float *x, int o, int row, int column)
{
    double sum = w->bias[o];
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++) {
            const int y = row + ky - 1, z = column + kx - 1;
            if (y < 0 || y >= H || z < 0 || z >= W)
                continue;
            for (int i = 0; i < IN; i++)
                sum += (double)w->first[(o * IN + i) * 9 + ky * 3 + kx] * x[(y * W + z) * IN + i];
        }
    return sum;
}

static void expect_r(const struct weights *w, const float *x, double r[MID][PIXELS])
{
    static double c[MID][PIXELS];
    for (int o = 0; o < MID; o++)
        for (int p = 0; p < PIXELS; p++)
            c[o][p] = first_conv(w, x, o, p / W, p % W);
    for (int o = 0; o < MID; o++)
        for (int p = 0; p < PIXELS; p++) {
            double sum = c[o][p];
            for (int i = 0; i < MID; i++)
                sum += w->residual[o * MID + i] * c[i][p];
            r[o][p] = sum < 0 ? 0.2 * sum : sum;
        }
}

static void expect_y(const struct weights *w, double r[MID][PIXELS], double *y)
{
    for (int o = 0; o < 4 * UP; o++)
        for (int p = 0; p < PIXELS; p++) {
            double sum = 0;
            for (int i = 0; i < 2 * MID; i++)
                sum += w->copies[o * 2 * MID + i] * r[i % MID][p];
            const int row = p / W * 2 + o / UP / 2, column = p % W * 2 + o / UP % 2;
            y[(row * 2 * W + column) * UP + o % UP] = sum;
        }
}

static void expect_pools(const struct weights *w, double r[MID][PIXELS], double *d, double *average)
{
    for (int j = 0; j < DENSE; j++)
        d[j] = w->dense_bias[j];
    for (int i = 0; i < FLAT; i++) {
        const int channel = i / (PIXELS / 4), at = i % (PIXELS / 4);
        const double *p = &r[channel][at / (W / 2) * 2 * W + at % (W / 2) * 2];
        const double max = fmax(fmax(p[0], p[1]), fmax(p[W], p[W + 1]));
        average[i] = (p[0] + p[1] + p[W] + p[W + 1]) / 4;
        for (int j = 0; j < DENSE; j++)
            d[j] += max * w->dense[i * DENSE + j];
    }
}

struct fixture {
    struct weights weights;
    struct bytes bytes;
    struct mface_onnx *onnx;
    float x[PIXELS * IN];
    double *want[N_OUTPUTS];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    double(*r)[PIXELS] = calloc(MID, sizeof *r);
    make_weights(&f->weights);
    build_model(&f->bytes, &f->weights);
    fill_random(f->x, PIXELS * IN, 5);
    for (int i = 0; i < N_OUTPUTS; i++)
        f->want[i] = calloc((size_t)output_counts[i], sizeof(double));
    expect_r(&f->weights, f->x, r);
    expect_y(&f->weights, r, f->want[0]);
    expect_pools(&f->weights, r, f->want[1], f->want[2]);
    free(r);
    *state = f;
    return mface_onnx_load_mem("model", f->bytes.data, f->bytes.n, &f->onnx);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    mface_onnx_free(&f->onnx);
    bytes_clear(&f->bytes);
    for (int i = 0; i < N_OUTPUTS; i++)
        free(f->want[i]);
    free(f);
    return 0;
}

/* Runs the model; the caller frees the outputs. False where this machine has no such precision. */
static bool run(const struct fixture *f, enum mface_precision precision, int threads,
    const bool *wanted, struct mface_tensor outputs[N_OUTPUTS])
{
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, H, W, IN } },
        .data = (void *)f->x };
    struct mface_tensor shape = input;
    shape.data = NULL;
    const struct mface_plan_params params = { .inputs = &shape,
        .n_inputs = 1,
        .threads = threads,
        .precision = precision,
        .wanted = wanted };
    struct mface_plan *plan;
    const enum mface_status status = mface_plan_create(f->onnx, &params, &plan);
    if (status == MFACE_ERR_UNSUPPORTED && precision != MFACE_PRECISION_F32)
        return false;
    assert_int_equal(status, MFACE_OK);
    for (int i = 0; i < N_OUTPUTS; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, (size_t)i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        if (info->dtype == MFACE_DTYPE_NONE)
            continue;
        assert_int_equal(mface_shape_count(&info->shape), output_counts[i]);
        outputs[i].data = mface_mem_alloc(mface_tensor_bytes(&outputs[i]));
    }
    assert_int_equal(mface_plan_run(plan, &input, outputs), MFACE_OK);
    mface_plan_free(&plan);
    return true;
}

static void clear(struct mface_tensor outputs[N_OUTPUTS])
{
    for (int i = 0; i < N_OUTPUTS; i++)
        mface_mem_free(outputs[i].data);
}

/* The largest difference to what is expected, as a part of the largest value. */
static double worst(const struct fixture *f, int output, const struct mface_tensor *got)
{
    double difference = 0, range = 0;
    for (int64_t i = 0; i < output_counts[output]; i++) {
        const double want = f->want[output][i];
        difference = fmax(difference, fabs(want - ((const float *)got->data)[i]));
        range = fmax(range, fabs(want));
    }
    return difference / range;
}

static void check_precision(const struct fixture *f, enum mface_precision precision, double bound)
{
    struct mface_tensor one[N_OUTPUTS], many[N_OUTPUTS];
    if (!run(f, precision, 1, NULL, one))
        skip();
    for (int i = 0; i < N_OUTPUTS; i++)
        assert_true(worst(f, i, &one[i]) < bound);
    for (int threads = 2; threads <= 3; threads++) {
        assert_true(run(f, precision, threads, NULL, many));
        for (int i = 0; i < N_OUTPUTS; i++)
            assert_memory_equal(one[i].data, many[i].data, mface_tensor_bytes(&one[i]));
        clear(many);
    }
    clear(one);
}

static void test_f32(void **state)
{
    check_precision(*state, MFACE_PRECISION_F32, 1e-5);
}

/* A bf16 has eight significant bits; errors of a few roundings in a row add up. */
static void test_bf16(void **state)
{
    check_precision(*state, MFACE_PRECISION_BF16, 4.0 / 256);
}

/* Weights of random networks are even, so that 127 steps are finer than a bf16's bits; pictures
 * have outliers. */
static void test_int8(void **state)
{
    check_precision(*state, MFACE_PRECISION_INT8, 8.0 / 256);
}

static void test_unwanted_outputs_are_left_out(void **state)
{
    const struct fixture *f = *state;
    struct mface_tensor outputs[N_OUTPUTS];
    assert_true(run(f, MFACE_PRECISION_F32, 1, (const bool[]) { false, true, false }, outputs));
    assert_null(outputs[0].data);
    assert_null(outputs[2].data);
    assert_true(worst(f, 1, &outputs[1]) < 1e-5);
    clear(outputs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_int8),
        cmocka_unit_test(test_unwanted_outputs_are_left_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
