/* A run allocates nothing once a few have gone before. The test's own malloc counts, apart from
 * what oneDNN takes and returns within its calls, which must be the same in each run: a table of
 * the arguments and small change, some hundred bytes a primitive. */
#include "build.h"

#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

/* Seen by the libraries, which then call these as well. */
#define INTERPOSED __attribute__((visibility("default")))

static atomic_long n_ours, n_theirs, their_bytes, n_executed;
static _Thread_local int within_dnnl;

static void count(size_t size)
{
    if (!within_dnnl) {
        n_ours++;
        return;
    }
    n_theirs++;
    their_bytes += (long)size;
}

INTERPOSED void *malloc(size_t size)
{
    count(size);
    return __libc_malloc(size);
}

INTERPOSED void *calloc(size_t n, size_t size)
{
    count(n * size);
    return __libc_calloc(n, size);
}

INTERPOSED void *realloc(void *ptr, size_t size)
{
    count(size);
    return __libc_realloc(ptr, size);
}

INTERPOSED void *memalign(size_t align, size_t size)
{
    count(size);
    return __libc_memalign(align, size);
}

INTERPOSED void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

INTERPOSED int posix_memalign(void **out, size_t align, size_t size)
{
    *out = memalign(align, size);
    return *out ? 0 : ENOMEM;
}

/* Stands in for oneDNN's, which it calls. */
INTERPOSED dnnl_status_t dnnl_primitive_execute(
    const_dnnl_primitive_t primitive, dnnl_stream_t stream, int n, const dnnl_exec_arg_t *args)
{
    static dnnl_status_t (*execute)(
        const_dnnl_primitive_t, dnnl_stream_t, int, const dnnl_exec_arg_t *);
    within_dnnl++;
    if (!execute)
        *(void **)&execute = dlsym(RTLD_NEXT, "dnnl_primitive_execute");
    const dnnl_status_t status = execute(primitive, stream, n, args);
    within_dnnl--;
    n_executed++;
    return status;
}

enum { N_OUTPUTS = 2, N_WARM = 3, N_RUNS = 8, CHANNELS = 32, SIDE = 32 };

struct counts {
    long ours, theirs, their_bytes, executed;
};

static struct counts counts_now(void)
{
    return (struct counts) { n_ours, n_theirs, their_bytes, n_executed };
}

static struct counts run(
    struct mface_plan *plan, const struct mface_tensor *input, const struct mface_tensor *outputs)
{
    const struct counts before = counts_now();
    const enum mface_status status = mface_plan_run(plan, input, outputs);
    const struct counts after = counts_now();
    assert_int_equal(status, MFACE_OK);
    return (struct counts) { after.ours - before.ours, after.theirs - before.theirs,
        after.their_bytes - before.their_bytes, after.executed - before.executed };
}

static void check_runs(
    struct mface_plan *plan, const struct mface_tensor *input, const struct mface_tensor *outputs)
{
    for (int i = 0; i < N_WARM; i++)
        (void)run(plan, input, outputs);
    const struct counts first = run(plan, input, outputs);
    for (int i = 0; i < N_RUNS; i++) {
        const struct counts counts = run(plan, input, outputs);
        assert_int_equal(counts.ours, 0);
        assert_int_equal(counts.theirs, first.theirs);
        assert_int_equal(counts.their_bytes, first.their_bytes);
    }
    print_message("%ld primitives: %ld allocations of %ld bytes within oneDNN, 0 elsewhere\n",
        first.executed, first.theirs, first.their_bytes);
    assert_true(first.executed > 0 && first.theirs > 0); // the counting counts
    assert_true(first.their_bytes < first.executed * 1024);
}

static void check(enum mface_precision precision, int threads)
{
    struct bytes bytes = { 0 };
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    struct mface_tensor outputs[N_OUTPUTS];
    struct mface_tensor input = { .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, 4, SIDE, SIDE } } };
    const struct mface_plan_params params = {
        .inputs = &input, .n_inputs = 1, .threads = threads, .precision = precision
    };
    build_network(&bytes, CHANNELS, SIDE);
    assert_int_equal(mface_onnx_load_mem("model", bytes.data, bytes.n, &onnx), MFACE_OK);
    assert_int_equal(mface_plan_create(onnx, &params, &plan), MFACE_OK);
    input.data = mface_mem_calloc(1, mface_tensor_bytes(&input));
    for (int i = 0; i < N_OUTPUTS; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, (size_t)i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        outputs[i].data = mface_mem_alloc(mface_tensor_bytes(&outputs[i]));
    }
    check_runs(plan, &input, outputs);
    for (int i = 0; i < N_OUTPUTS; i++)
        mface_mem_free(outputs[i].data);
    mface_mem_free(input.data);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    bytes_clear(&bytes);
}

static void test_runs_allocate_nothing(void **state)
{
    (void)state;
    for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++)
        for (int threads = 1; mface_precision_is_supported(i) && threads <= 2; threads++)
            check(i, threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
