/* Plans and runners: right results, memory reused, the same for any number of threads. */
#include "build.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The OpenMP runtime is not built for ThreadSanitizer, which then takes each parallel loop for a
 * race; what is shared between threads of our own is seen with one OpenMP thread as well. */
#ifdef __SANITIZE_THREAD__
enum { UNDER_TSAN = 1 };
#else
enum { UNDER_TSAN = 0 };
#endif

/* A model in memory with a plan and room for its outputs. */
struct fixture {
    struct bytes bytes;
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    struct mface_tensor input, outputs[2];
    enum mface_precision precision;
};

static void silence(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

static void start(struct fixture *f, const struct mface_shape *shape, int threads)
{
    assert_int_equal(mface_onnx_load_mem("model", f->bytes.data, f->bytes.n, &f->onnx), MFACE_OK);
    f->input = (struct mface_tensor) { .dtype = MFACE_DTYPE_F32, .shape = *shape };
    const struct mface_plan_params params = {
        .inputs = &f->input, .n_inputs = 1, .threads = threads, .precision = f->precision
    };
    assert_int_equal(mface_plan_create(f->onnx, &params, &f->plan), MFACE_OK);
    f->input.data = mface_mem_alloc(mface_tensor_bytes(&f->input));
    fill_random(f->input.data, (size_t)mface_shape_count(shape), 7);
    for (size_t i = 0; i < mface_onnx_n_outputs(f->onnx); i++) {
        const struct mface_value_info *info = mface_plan_output(f->plan, i);
        f->outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        f->outputs[i].data = mface_mem_calloc(1, mface_tensor_bytes(&f->outputs[i]));
    }
}

static void finish(struct fixture *f)
{
    mface_plan_free(&f->plan);
    mface_onnx_free(&f->onnx);
    mface_mem_free(f->input.data);
    for (int i = 0; i < 2; i++)
        mface_mem_free(f->outputs[i].data);
    bytes_clear(&f->bytes);
}

static void start_network(struct fixture *f, int channels, int side, int batch, int threads)
{
    memset(f, 0, sizeof *f);
    build_network(&f->bytes, channels, side);
    start(f, &(struct mface_shape) { .rank = 4, .dim = { batch, 4, side, side } }, threads);
}

static void assert_same_outputs(const struct fixture *a, const struct fixture *b)
{
    for (int i = 0; i < 2; i++)
        assert_memory_equal(
            a->outputs[i].data, b->outputs[i].data, mface_tensor_bytes(&a->outputs[i]));
}

static void test_threads_do_not_matter(void **state)
{
    (void)state;
    if (UNDER_TSAN)
        skip();
    static const int sides[] = { 4, 26, 56 }, channels[] = { 8, 64, 20 };
    for (int k = 0; k < 3; k++) {
        struct fixture one, many;
        start_network(&one, channels[k], sides[k], 1 + k, 1);
        assert_int_equal(mface_plan_run(one.plan, &one.input, one.outputs), MFACE_OK);
        for (int threads = 2; threads <= 4; threads++) {
            start_network(&many, channels[k], sides[k], 1 + k, threads);
            assert_int_equal(mface_plan_run(many.plan, &many.input, many.outputs), MFACE_OK);
            assert_same_outputs(&one, &many);
            finish(&many);
        }
        finish(&one);
    }
}

struct job {
    struct fixture *f;
    struct mface_tensor outputs[2];
    enum mface_status status;
};

static void *run_job(void *arg)
{
    struct job *job = arg;
    for (int i = 0; i < 20 && job->status == MFACE_OK; i++)
        job->status = mface_plan_run(job->f->plan, &job->f->input, job->outputs);
    return NULL;
}

static void check_shared(enum mface_precision precision)
{
    struct fixture f = { .precision = precision };
    struct job jobs[2];
    pthread_t threads[2];
    build_network(&f.bytes, 16, 12);
    start(&f, &(struct mface_shape) { .rank = 4, .dim = { 1, 4, 12, 12 } }, 1);
    assert_int_equal(mface_plan_run(f.plan, &f.input, f.outputs), MFACE_OK);
    for (int t = 0; t < 2; t++) {
        jobs[t] = (struct job) { .f = &f, .outputs = { f.outputs[0], f.outputs[1] } };
        for (int i = 0; i < 2; i++)
            jobs[t].outputs[i].data = mface_mem_calloc(1, mface_tensor_bytes(&f.outputs[i]));
        assert_int_equal(pthread_create(&threads[t], NULL, run_job, &jobs[t]), 0);
    }
    for (int t = 0; t < 2; t++) {
        pthread_join(threads[t], NULL);
        assert_int_equal(jobs[t].status, MFACE_OK);
        for (int i = 0; i < 2; i++) {
            assert_memory_equal(
                jobs[t].outputs[i].data, f.outputs[i].data, mface_tensor_bytes(&f.outputs[i]));
            mface_mem_free(jobs[t].outputs[i].data);
        }
    }
    finish(&f);
}

static void test_two_threads_share_a_plan(void **state)
{
    (void)state;
    for (int i = 0; i < MFACE_N_PRECISIONS; i++)
        if (mface_precision_is_supported(i))
            check_shared(i);
}

/* LeakyRelu and Transpose in turn. */
static void test_memory_is_reused(void **state)
{
    (void)state;
    enum { LENGTH = 12, N = 1 << 12 };
    struct fixture f = { 0 };
    struct bytes graph = { 0 };
    graph_input(&graph, "v0", (const int64_t[]) { 64, 64 }, 2);
    for (int i = 0; i < LENGTH; i++) {
        char in[8], out[8];
        snprintf(in, sizeof in, "v%d", i);
        snprintf(out, sizeof out, "v%d", i + 1);
        graph_node(&graph, i % 2 ? "Transpose" : "LeakyRelu", in, out, NULL);
    }
    graph_output(&graph, "v12");
    finish_model(&f.bytes, &graph, 7, 12);
    start(&f, &(struct mface_shape) { .rank = 2, .dim = { 64, 64 } }, 1);
    /* A transposition needs two buffers; the rest runs in place. */
    assert_int_equal(mface_plan_arena_bytes(f.plan), 2 * N * sizeof(float));
    assert_int_equal(mface_plan_run(f.plan, &f.input, f.outputs), MFACE_OK);
    const float *x = f.input.data, *y = f.outputs[0].data;
    for (int i = 0; i < N; i++) {
        float want = x[i];
        for (int k = 0; k < LENGTH / 2; k++)
            want = want < 0.0f ? want * 0.01f : want;
        assert_true(y[i] == want);
    }
    finish(&f);
}

/* relu(x) is read twice, by a view and by itself, so nothing may be written over it too early. */
static void test_in_place_keeps_what_is_read_later(void **state)
{
    (void)state;
    struct fixture f = { 0 };
    struct bytes graph = { 0 };
    graph_input(&graph, "x", (const int64_t[]) { 4, 4 }, 2);
    graph_ints(&graph, "flat", (const int64_t[]) { 16 }, 1);
    graph_ints(&graph, "square", (const int64_t[]) { 4, 4 }, 2);
    graph_floats(&graph, "two", (const float[]) { 2 }, (const int64_t[]) { 1 }, 1);
    graph_node(&graph, "Relu", "x", "a", NULL);
    graph_node(&graph, "Reshape", "a flat", "b", NULL);
    graph_node(&graph, "Mul", "b two", "c", NULL);
    graph_node(&graph, "Reshape", "c square", "d", NULL);
    graph_node(&graph, "Transpose", "a", "t", NULL);
    graph_node(&graph, "Add", "d t", "y", NULL);
    graph_output(&graph, "y");
    graph_output(&graph, "a");
    finish_model(&f.bytes, &graph, 7, 12);
    start(&f, &(struct mface_shape) { .rank = 2, .dim = { 4, 4 } }, 1);
    assert_int_equal(mface_plan_run(f.plan, &f.input, f.outputs), MFACE_OK);
    const float *x = f.input.data, *y = f.outputs[0].data, *a = f.outputs[1].data;
    for (int i = 0; i < 16; i++) {
        const float here = x[i] < 0 ? 0 : x[i], mirror = x[i % 4 * 4 + i / 4];
        assert_true(a[i] == here);
        assert_true(y[i] == 2 * here + (mirror < 0 ? 0 : mirror));
    }
    finish(&f);
}

/* Shape, Slice, Concat and Reshape over constants vanish, and a fixed input is a constant too. */
static void test_constants_fold(void **state)
{
    (void)state;
    struct fixture f = { 0 };
    struct bytes graph = { 0 };
    graph_input(&graph, "x", (const int64_t[]) { -1, 6 }, 2);
    graph_ints(&graph, "zero", (const int64_t[]) { 0 }, 1);
    graph_ints(&graph, "one", (const int64_t[]) { 1 }, 1);
    graph_ints(&graph, "rest", (const int64_t[]) { 3, -1 }, 2);
    graph_node(&graph, "Shape", "x", "s", NULL);
    graph_node(&graph, "Slice", "s zero one", "n", NULL);
    struct bytes attrs = { 0 };
    attr_int(&attrs, "axis", 0);
    graph_node(&graph, "Concat", "n rest", "shape", &attrs);
    graph_node(&graph, "Reshape", "x shape", "y", NULL);
    graph_output(&graph, "y");
    graph_output(&graph, "shape");
    finish_model(&f.bytes, &graph, 7, 12);
    start(&f, &(struct mface_shape) { .rank = 2, .dim = { 5, 6 } }, 1);
    const struct mface_shape *shape = &mface_plan_output(f.plan, 0)->shape;
    assert_int_equal(shape->rank, 3);
    assert_int_equal(shape->dim[0], 5);
    assert_int_equal(shape->dim[2], 2);
    assert_int_equal(mface_plan_arena_bytes(f.plan), 0);
    assert_int_equal(mface_plan_run(f.plan, &f.input, f.outputs), MFACE_OK);
    assert_memory_equal(f.outputs[0].data, f.input.data, mface_tensor_bytes(&f.input));
    assert_int_equal(((const int64_t *)f.outputs[1].data)[0], 5);
    finish(&f);
}

static void test_wrong_inputs_fail(void **state)
{
    (void)state;
    struct fixture f;
    struct mface_plan *plan;
    start_network(&f, 8, 4, 1, 1);
    struct mface_tensor input = f.input;
    const struct mface_plan_params params = { .inputs = &input, .n_inputs = 1 };
    input.shape.dim[1] = 3; // the model fixes 4
    assert_int_equal(mface_plan_create(f.onnx, &params, &plan), MFACE_ERR_ARG);
    assert_null(plan);
    input = f.input;
    input.shape.dim[0] = -1;
    assert_int_equal(mface_plan_create(f.onnx, &params, &plan), MFACE_ERR_ARG);
    input.shape.dim[0] = 2; // not what the plan was made for
    assert_int_equal(mface_plan_run(f.plan, &input, f.outputs), MFACE_ERR_ARG);
    input = f.input;
    input.data = NULL;
    assert_int_equal(mface_plan_run(f.plan, &input, f.outputs), MFACE_ERR_ARG);
    finish(&f);
}

static void test_outputs_may_be_skipped(void **state)
{
    (void)state;
    struct fixture f;
    start_network(&f, 8, 4, 1, 1);
    const struct mface_tensor only[2] = { { .data = NULL }, f.outputs[1] };
    const size_t bytes = mface_tensor_bytes(&f.outputs[1]);
    assert_int_equal(mface_plan_run(f.plan, &f.input, only), MFACE_OK);
    void *copy = mface_mem_alloc(bytes);
    memcpy(copy, f.outputs[1].data, bytes);
    assert_int_equal(mface_plan_run(f.plan, &f.input, f.outputs), MFACE_OK);
    assert_memory_equal(copy, f.outputs[1].data, bytes);
    mface_mem_free(copy);
    finish(&f);
}

/* The network in double precision, written without any of the library's code. */
static double at(const double *x, int side, int c, int y, int xx)
{
    const bool inside = y >= 0 && xx >= 0 && y < side && xx < side;
    return inside ? x[(c * side + y) * side + xx] : 0.0;
}

static void block(const double *x, int ci, int co, int side, double *out)
{
    const size_t n = (size_t)co * (size_t)ci * 9;
    float *w = malloc(n * sizeof *w), *b = malloc((size_t)co * sizeof *b);
    assert_true(w && b);
    fill_random(w, n, (uint32_t)n);
    fill_random(b, (size_t)co, (uint32_t)co);
    for (int o = 0; o < co; o++)
        for (int y = 0; y < side; y++)
            for (int xx = 0; xx < side; xx++) {
                double sum = 0.1 * b[o];
                for (int k = 0; k < ci * 9; k++)
                    sum += 0.2 * w[o * ci * 9 + k] *
                           at(x, side, k / 9, y + k % 9 / 3 - 1, xx + k % 3 - 1);
                out[(o * side + y) * side + xx] = sum < 0 ? 0.2 * sum : sum;
            }
    free(w);
    free(b);
}

static void test_against_double_precision(void **state)
{
    (void)state;
    enum { C = 8, SIDE = 10, N = C * SIDE * SIDE, DENSE = 40 };
    static double x[4 * SIDE * SIDE], a[N], b[N];
    static float dense[N * DENSE];
    struct fixture f;
    start_network(&f, C, SIDE, 1, UNDER_TSAN ? 1 : 2);
    assert_int_equal(mface_plan_run(f.plan, &f.input, f.outputs), MFACE_OK);
    for (int i = 0; i < 4 * SIDE * SIDE; i++)
        x[i] = ((const float *)f.input.data)[i];
    block(x, 4, C, SIDE, a);
    block(a, C, C, SIDE, b);
    fill_random(dense, N * DENSE, N * DENSE);
    for (int k = 0; k < DENSE; k++) {
        double sum = 0;
        for (int i = 0; i < N; i++)
            sum += (a[i] + b[i]) * 0.01 * dense[i * DENSE + k];
        assert_true(fabs(((const float *)f.outputs[1].data)[k] - sum) < 1e-4);
    }
    finish(&f);
}

int main(void)
{
    mface_log_set(silence, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_two_threads_share_a_plan),
        cmocka_unit_test(test_memory_is_reused),
        cmocka_unit_test(test_in_place_keeps_what_is_read_later),
        cmocka_unit_test(test_constants_fold),
        cmocka_unit_test(test_wrong_inputs_fail),
        cmocka_unit_test(test_outputs_may_be_skipped),
        cmocka_unit_test(test_against_double_precision),
    };
    return cmocka_run_group_tests_name("onnx plan", tests, NULL, NULL);
}
