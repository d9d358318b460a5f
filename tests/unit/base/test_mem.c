/* Memory: alignment at every size, no two owners of one byte, and blocks that come again. */
#include "base/mem.h"

#include "../cmocka_all.h"

#include <pthread.h>
#include <string.h>

enum { N_BLOCKS = 200 };

static void test_sizes(void **state)
{
    (void)state;
    for (size_t size = 0; size < 5000000; size = size * 9 / 8 + 1) {
        uint8_t *a = mface_mem_alloc(size), *b = mface_mem_calloc(1, size);
        assert_true(a && b && a != b);
        assert_int_equal((uintptr_t)a % MFACE_ALIGN | (uintptr_t)b % MFACE_ALIGN, 0);
        memset(a, 255, size);
        for (size_t i = 0; i < size; i += size / 64 + 1)
            assert_int_equal(b[i], 0);
        mface_mem_free(a);
        mface_mem_free(b);
    }
}

/* Blocks of many sizes, each filled with its own number; some freed in between. */
static void *fill_and_check(void *arg)
{
    uint8_t *block[N_BLOCKS] = { 0 };
    unsigned random = (unsigned)(uintptr_t)arg;
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        const int i = (int)(random >> 8) % N_BLOCKS;
        const size_t size = 1 + (size_t)i * (size_t)i;
        if (block[i] && (block[i][0] != (uint8_t)i || block[i][size - 1] != (uint8_t)i))
            return arg;
        mface_mem_free(block[i]);
        block[i] = mface_mem_alloc(size);
        memset(block[i], i, size);
    }
    for (int i = 0; i < N_BLOCKS; i++)
        mface_mem_free(block[i]);
    return NULL;
}

static void test_owners(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fill_and_check, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void test_too_much(void **state)
{
    (void)state;
    volatile size_t most = SIZE_MAX; // the compiler would warn
    assert_null(mface_mem_alloc(most));
    assert_null(mface_mem_calloc(most / 2, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
