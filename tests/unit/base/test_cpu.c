/* The CPU mask: what it hides, and the words for it. */
#include "base/cpu.h"

#include "../cmocka_all.h"

#include <stdlib.h>

static void test_levels_by_name(void **state)
{
    (void)state;
    unsigned mask = 77;
    assert_false(mface_cpu_mask_of_level("sse", &mask));
    assert_false(mface_cpu_mask_of_level("", &mask));
    assert_int_equal(mask, 77);
    assert_true(mface_cpu_mask_of_level("c", &mask));
    assert_int_equal(mask, 0);
    assert_true(mface_cpu_mask_of_level("avx2", &mask));
    assert_int_equal(mask, MFACE_CPU_AVX2);
    assert_true(mface_cpu_mask_of_level("all", &mask));
    assert_int_equal(mask, ~0u);
}

/* Runs first: the environment counts until a mask is set. */
static void test_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("MEMOFACE_CPU_MASK", "c", 1), 0);
    assert_int_equal(mface_cpu_flags(), 0);
    mface_cpu_set_mask(~0u);
    const unsigned all = mface_cpu_flags();
    mface_cpu_set_mask(MFACE_CPU_AVX2);
    assert_int_equal(mface_cpu_flags(), all & MFACE_CPU_AVX2);
    mface_cpu_set_mask(0);
    assert_int_equal(mface_cpu_flags(), 0);
    mface_cpu_set_mask(~0u);
    assert_int_equal(mface_cpu_flags(), all);
}

/* What this process uses is part of what the machine does. */
static void test_the_machine_is_as_busy_as_we_are(void **state)
{
    (void)state;
    enum { WORK_US = 300000, TICK_US = 10000 };
    const int64_t busy = mface_machine_busy_us(), own = mface_cpu_time_us();
    while (mface_cpu_time_us() - own < WORK_US) {
    }
    assert_true(busy > 0);
    assert_true(mface_machine_busy_us() - busy >= WORK_US - 3 * TICK_US);
    assert_true(mface_machine_processors() >= mface_cpu_count());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_levels_by_name),
        cmocka_unit_test(test_the_machine_is_as_busy_as_we_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
