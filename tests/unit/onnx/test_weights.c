/* Packed weights: shared, kept in a file, and packed anew whenever the file is not as it was. */
#include "build.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"
#include "onnx/weights.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Large enough that the dense layer's weights exceed what a plan copies out of the file anyway. */
enum { CHANNELS = 32, SIDE = 32, N_OUTPUTS = 2 };

static const struct mface_key identity = { .hi = 1, .lo = 2 };

static struct bytes model; // made once
static char path[64];

struct result {
    struct mface_weights_stats stats;
    float *y[N_OUTPUTS];
    size_t bytes[N_OUTPUTS];
};

static void result_clear(struct result *result)
{
    for (int i = 0; i < N_OUTPUTS; i++)
        mface_mem_free(result->y[i]);
}

static void run_plan(struct mface_plan *plan, struct mface_tensor input, struct result *result)
{
    struct mface_tensor outputs[N_OUTPUTS];
    float *x = mface_mem_alloc(mface_tensor_bytes(&input));
    fill_random(x, (size_t)mface_shape_count(&input.shape), 7);
    input.data = x;
    for (int i = 0; i < N_OUTPUTS; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, (size_t)i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        result->bytes[i] = mface_tensor_bytes(&outputs[i]);
        outputs[i].data = result->y[i] = mface_mem_alloc(result->bytes[i]);
    }
    assert_int_equal(mface_plan_run(plan, &input, outputs), MFACE_OK);
    mface_mem_free(x);
}

/* The model compiled and run with a store. */
static void run_with(struct mface_weights *weights, struct result *result)
{
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, 4, SIDE, SIDE } } };
    const struct mface_plan_params params = {
        .inputs = &input, .n_inputs = 1, .threads = 1, .weights = weights
    };
    assert_int_equal(mface_onnx_load_mem("model", model.data, model.n, &onnx), MFACE_OK);
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    run_plan(plan, input, result);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
}

/* A start of the program: opens the store, runs, saves. */
static struct result start(const char *file, struct mface_key key, enum mface_status saved)
{
    struct result result;
    struct mface_weights *weights;
    assert_int_equal(mface_weights_create(file, key, &weights), MFACE_OK);
    run_with(weights, &result);
    mface_weights_get_stats(weights, &result.stats);
    assert_int_equal(mface_weights_save(weights), saved);
    mface_weights_free(&weights);
    assert_null(weights);
    return result;
}

static void assert_same(const struct result *a, const struct result *b)
{
    for (int i = 0; i < N_OUTPUTS; i++) {
        assert_int_equal(a->bytes[i], b->bytes[i]);
        assert_memory_equal(a->y[i], b->y[i], a->bytes[i]);
    }
}

static void forget_file(void)
{
    remove(path);
}

static void test_second_start_packs_nothing(void **state)
{
    (void)state;
    forget_file();
    struct result plain, first = start(path, identity, MFACE_OK);
    struct result second = start(path, identity, MFACE_OK);
    run_with(NULL, &plain);
    assert_true(first.stats.n_packed > 0);
    assert_int_equal(first.stats.n_found, 0);
    assert_int_equal(second.stats.n_packed, 0);
    assert_int_equal(second.stats.n_found, first.stats.n_packed);
    assert_int_equal(second.stats.read_bytes, first.stats.memory_bytes);
    assert_same(&plain, &first);
    assert_same(&first, &second);
    result_clear(&plain);
    result_clear(&first);
    result_clear(&second);
}

static void test_two_plans_share(void **state)
{
    (void)state;
    struct result first, second;
    struct mface_weights *weights;
    struct mface_weights_stats after_first, after_second;
    assert_int_equal(mface_weights_create(NULL, identity, &weights), MFACE_OK);
    run_with(weights, &first);
    mface_weights_get_stats(weights, &after_first);
    run_with(weights, &second);
    mface_weights_get_stats(weights, &after_second);
    assert_true(after_first.memory_bytes > 0);
    assert_int_equal(after_second.memory_bytes, after_first.memory_bytes);
    assert_int_equal(after_second.n_found, after_first.n_packed);
    assert_same(&first, &second);
    assert_int_equal(mface_weights_save(weights), MFACE_OK);
    mface_weights_free(&weights);
    result_clear(&first);
    result_clear(&second);
}

static void test_other_identity_is_no_file(void **state)
{
    (void)state;
    forget_file();
    struct result first = start(path, identity, MFACE_OK);
    struct result other = start(path, (struct mface_key) { .hi = 1, .lo = 3 }, MFACE_OK);
    assert_int_equal(other.stats.n_found, 0);
    assert_int_equal(other.stats.n_packed, first.stats.n_packed);
    result_clear(&first);
    result_clear(&other);
}

static long file_size(void)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_size;
}

static void flip(long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    fputc(byte ^ 0x10, file);
    assert_int_equal(fclose(file), 0);
}

/* A flipped bit anywhere costs packing something anew and nothing else. Steps of 509 bytes meet
 * header, table and every block of more than that; gaps between blocks are nobody's. */
static void test_every_flipped_bit(void **state)
{
    (void)state;
    forget_file();
    struct result good = start(path, identity, MFACE_OK);
    const long size = file_size();
    long n_noticed = 0, n = 0;
    for (long at = 0; at < size; at += at < 512 ? 7 : 509 + size / 64, n++) {
        flip(at);
        struct result result = start(path, identity, MFACE_OK);
        assert_same(&good, &result);
        n_noticed += result.stats.n_packed > 0;
        assert_int_equal(result.stats.n_packed + result.stats.n_found, good.stats.n_packed);
        result_clear(&result);
        struct result repaired = start(path, identity, MFACE_OK);
        if (result.stats.n_packed > 0)
            assert_int_equal(repaired.stats.n_packed, 0);
        result_clear(&repaired);
    }
    assert_true(n_noticed > n / 2);
    result_clear(&good);
}

static void test_truncated_and_extended(void **state)
{
    (void)state;
    forget_file();
    struct result good = start(path, identity, MFACE_OK);
    const long size = file_size();
    const long lengths[] = { 0, 1, 47, 100, 500, size / 2, size - 1, size + 1 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(truncate(path, lengths[i]), 0);
        struct result result = start(path, identity, MFACE_OK);
        assert_int_equal(result.stats.n_packed, good.stats.n_packed);
        assert_same(&good, &result);
        result_clear(&result);
        assert_int_equal(file_size(), size);
    }
    result_clear(&good);
}

/* A limit on the size of files stands for the full disk. */
static void test_full_disk(void **state)
{
    (void)state;
    struct rlimit limit, before;
    forget_file();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit) { .rlim_cur = 4096, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct result full = start(path, identity, MFACE_ERR_NOSPC);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    struct result good = start(NULL, identity, MFACE_OK);
    assert_same(&good, &full);
    assert_int_equal(access(path, F_OK), -1);
    result_clear(&good);
    result_clear(&full);
}

static void test_missing_folder(void **state)
{
    (void)state;
    struct result good = start(NULL, identity, MFACE_OK);
    struct result nowhere = start("no/such/folder/file", identity, MFACE_ERR_IO);
    assert_same(&good, &nowhere);
    result_clear(&good);
    result_clear(&nowhere);
}

/* Many processes at once: each computes the same, and what stays behind is one whole file. */
static void test_processes_at_once(void **state)
{
    (void)state;
    enum { N = 4 };
    forget_file();
    struct result good = start(NULL, identity, MFACE_OK);
    for (int i = 0; i < N; i++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid)
            continue;
        struct result result = start(path, identity, MFACE_OK);
        const bool same = memcmp(result.y[0], good.y[0], good.bytes[0]) == 0;
        _exit(same ? 0 : 1);
    }
    for (int i = 0; i < N; i++) {
        int code;
        assert_true(wait(&code) > 0);
        assert_int_equal(code, 0);
    }
    struct result after = start(path, identity, MFACE_OK);
    assert_int_equal(after.stats.n_packed, 0);
    assert_same(&good, &after);
    result_clear(&good);
    result_clear(&after);
}

/* Zeros have no effect on shapes; what comes out is nonsense. */
static void test_blank(void **state)
{
    (void)state;
    struct mface_weights *weights;
    struct result good = start(NULL, identity, MFACE_OK), blank;
    assert_int_equal(mface_weights_create_blank(&weights), MFACE_OK);
    run_with(weights, &blank);
    assert_int_equal(blank.bytes[0], good.bytes[0]);
    assert_memory_not_equal(blank.y[0], good.y[0], good.bytes[0]);
    mface_weights_free(&weights);
    result_clear(&good);
    result_clear(&blank);
}

static int set_up(void **state)
{
    (void)state;
    build_network(&model, CHANNELS, SIDE);
    snprintf(path, sizeof path, "test-weights-%ld", (long)getpid());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bytes_clear(&model);
    forget_file();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_start_packs_nothing),
        cmocka_unit_test(test_two_plans_share),
        cmocka_unit_test(test_other_identity_is_no_file),
        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_truncated_and_extended),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_missing_folder),
        cmocka_unit_test(test_processes_at_once),
        cmocka_unit_test(test_blank),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
