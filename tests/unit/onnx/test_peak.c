/* Memory of a process that loads a model and runs it: packed weights once, activations once, and
 * little besides, whether the weights are packed or come from the file of packed ones. */
#include "build.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"
#include "onnx/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* 63 MB of weights in f32, nearly all of them the dense layer's, and 10 MB of activations. The rows
 * of that layer are 160 bytes: what is read at once ends within a page. */
enum { CHANNELS = 96, SIDE = 64, N_OUTPUTS = 2 };

/* What is neither weights nor activations: pages of the libraries, kernels made by oneDNN, stacks,
 * the buffers of two threads that pack, the input and the outputs. */
enum { REST_BYTES = 24 << 20 };

static char model[64], packed[64];

/* A start of the program that tells how much memory it took, and how much of it was the weights'.
 */
struct start {
    enum mface_precision precision;
    bool is_kept; // reads and writes the file of packed weights
    int64_t peak_bytes, weight_bytes, arena_bytes;
    int n_packed;
};

static void run_plan(struct mface_plan *plan, struct mface_tensor input)
{
    struct mface_tensor outputs[N_OUTPUTS];
    input.data = mface_mem_calloc(1, mface_tensor_bytes(&input));
    for (int i = 0; i < N_OUTPUTS; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, (size_t)i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        outputs[i].data = mface_mem_alloc(mface_tensor_bytes(&outputs[i]));
    }
    assert_int_equal(mface_plan_run(plan, &input, outputs), MFACE_OK);
    for (int i = 0; i < N_OUTPUTS; i++)
        mface_mem_free(outputs[i].data);
    mface_mem_free(input.data);
}

static void load_and_run(struct start *start)
{
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    struct mface_weights *weights;
    struct mface_weights_stats stats;
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, 4, SIDE, SIDE } } };
    const struct mface_key identity = { .hi = 1, .lo = (uint64_t)start->precision };
    const char *path = start->is_kept ? packed : NULL;
    assert_int_equal(mface_weights_create(path, identity, &weights), MFACE_OK);
    assert_int_equal(mface_onnx_load(model, &onnx), MFACE_OK);
    const struct mface_plan_params params = { .inputs = &input,
        .n_inputs = 1,
        .threads = 2,
        .precision = start->precision,
        .weights = weights };
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    run_plan(plan, input);
    start->peak_bytes = mface_rss_peak_bytes();
    start->weight_bytes = mface_plan_weight_bytes(plan);
    start->arena_bytes = mface_plan_arena_bytes(plan);
    mface_weights_get_stats(weights, &stats);
    start->n_packed = stats.n_packed;
    assert_int_equal(mface_weights_save(weights), MFACE_OK);
    mface_plan_free(&plan);
    mface_weights_free(&weights);
    mface_onnx_free(&onnx);
}

/* A process of its own: the peak is a process's. */
static struct start start_apart(enum mface_precision precision, bool is_kept)
{
    struct start start = { .precision = precision, .is_kept = is_kept };
    int ends[2], code;
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        load_and_run(&start);
        _exit(write(ends[1], &start, sizeof start) == sizeof start ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &start, sizeof start), sizeof start);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_int_equal(code, 0);
    close(ends[0]);
    close(ends[1]);
    return start;
}

static void assert_lean(const struct start *start)
{
    const int64_t most_bytes = start->weight_bytes + start->arena_bytes + REST_BYTES;
    print_message("%s: peak %lld bytes; weights %lld, activations %lld\n",
        mface_precision_name(start->precision), (long long)start->peak_bytes,
        (long long)start->weight_bytes, (long long)start->arena_bytes);
    assert_true(start->weight_bytes > 0);
    assert_true(start->peak_bytes > start->weight_bytes);
    assert_true(start->peak_bytes < most_bytes);
}

static void test_packing(void **state)
{
    (void)state;
    for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++) {
        if (!mface_precision_is_supported(i))
            continue;
        const struct start start = start_apart(i, false);
        assert_true(start.n_packed > 0);
        assert_lean(&start);
    }
}

static void test_second_start(void **state)
{
    (void)state;
    for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++) {
        if (!mface_precision_is_supported(i))
            continue;
        (void)start_apart(i, true);
        const struct start start = start_apart(i, true);
        assert_int_equal(start.n_packed, 0);
        assert_lean(&start);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct bytes bytes = { 0 };
    build_network(&bytes, CHANNELS, SIDE);
    snprintf(model, sizeof model, "test-peak-%ld.onnx", (long)getpid());
    snprintf(packed, sizeof packed, "test-peak-%ld.weights", (long)getpid());
    FILE *file = fopen(model, "wb");
    const bool written = file && fwrite(bytes.data, 1, bytes.n, file) == bytes.n;
    bytes_clear(&bytes);
    return file && fclose(file) == 0 && written ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    remove(model);
    remove(packed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_second_start),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
