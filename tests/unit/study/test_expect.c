/* The guide's expectations, and sums of jobs, on made-up figures. */
#include "study/expect.h"
#include "study/workload.h"
#include <memoface/log.h>

#include "../cmocka_all.h"
#include <math.h>
#include <string.h>

static const struct mface_expectation *row_of(const char *key)
{
    for (int i = 0; i < MFACE_N_EXPECTATIONS; i++)
        if (strcmp(mface_expectations[i].key, key) == 0)
            return &mface_expectations[i];
    fail_msg("no row %s", key);
    return NULL;
}

static void test_rows_are_the_guides(void **state)
{
    (void)state;
    static const struct {
        const char *key, *expected;
        double low, high;
        int gib;
    } rows[MFACE_N_EXPECTATIONS] = {
        { "cpu", "40-60 %", 40, 60, 0 },
        { "fps-2g", "2-3x", 2, 3, 2 },
        { "fps-4g", "3-4x", 3, 4, 4 },
        { "fps-full", "4-5x", 4, 5, 4 },
        { "hit-rate", "70-90 %", 70, 90, 0 },
        { "memory", "60-80 %", 60, 80, 0 },
        { "evictions", "5-15 %", 5, 15, 0 },
        { "time", "50-70 %", 50, 70, 0 },
    };
    for (int i = 0; i < MFACE_N_EXPECTATIONS; i++) {
        const struct mface_expectation *row = row_of(rows[i].key);
        assert_string_equal(row->expected, rows[i].expected);
        assert_true(row->low == rows[i].low && row->high == rows[i].high);
        assert_int_equal(row->cache_bytes, (int64_t)rows[i].gib << 30);
    }
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        double value;
        enum mface_verdict verdict;
    } cases[] = {
        { "cpu", 39.9, MFACE_MISSED },
        { "cpu", 40, MFACE_MET },
        { "cpu", 90, MFACE_MET }, // more than was promised
        { "cpu", -20, MFACE_MISSED },
        { "fps-2g", 1.99, MFACE_MISSED },
        { "fps-2g", 9, MFACE_MET },
        { "memory", 59, MFACE_MISSED },
        { "memory", 70, MFACE_MET },
        { "memory", 81, MFACE_MISSED },
        { "evictions", 0, MFACE_MET },
        { "evictions", 15.1, MFACE_MISSED },
        { "hit-rate", NAN, MFACE_NOT_MEASURED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            mface_expect_judge(row_of(cases[i].key), cases[i].value), cases[i].verdict);
    assert_string_equal(mface_verdict_name(MFACE_NOT_MEASURED), "not measured");
}

static void test_figures(void **state)
{
    (void)state;
    const struct mface_pass plain = { .frames = 100, .wall_s = 50, .cpu_s = 40 };
    const struct mface_pass off = { .frames = 100, .wall_s = 25, .cpu_s = 40, .stage_ms = 40000 };
    const struct mface_pass on = { .frames = 100,
        .wall_s = 10,
        .cpu_s = 10,
        .stage_ms = 12000,
        .face_demands = 200,
        .face_hits = 150,
        .inserts = 400,
        .evictions = 40,
        .cache_bytes = 700,
        .cache_limit_bytes = 1000 };
    const struct mface_trio trio = { &plain, &off, &on };
    static const struct {
        const char *key;
        double value;
    } cases[] = { { "cpu", 75 }, { "fps-2g", 2.5 }, { "fps-full", 5 }, { "hit-rate", 75 },
        { "memory", 70 }, { "evictions", 10 }, { "time", 70 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_float_equal(mface_expect_value(row_of(cases[i].key), &trio), cases[i].value, 1e-4);
}

/* Nothing is claimed of what was not run. */
static void test_what_was_not_run(void **state)
{
    (void)state;
    const struct mface_pass some = { .frames = 10, .wall_s = 1, .cpu_s = 1 }, none = { 0 };
    const struct mface_trio trios[] = { { NULL, &some, NULL }, { &some, &some, &none },
        { NULL, NULL, NULL } };
    for (int t = 0; t < 3; t++)
        for (int i = 0; i < MFACE_N_EXPECTATIONS; i++)
            assert_true(isnan(mface_expect_value(&mface_expectations[i], &trios[t])));
    const struct mface_trio no_plain = { NULL, &some, &some }, no_off = { NULL, NULL, &some };
    assert_true(isnan(mface_expect_value(row_of("fps-full"), &no_plain)));
    assert_true(isnan(mface_expect_value(row_of("fps-2g"), &no_off)));
    assert_true(isnan(mface_expect_value(row_of("hit-rate"), &no_plain))); // no face was demanded
}

static void test_passes_add_up(void **state)
{
    (void)state;
    struct mface_pass pass = { 0 };
    const struct mface_stats stats = { .frames = 10,
        .wall_s = 2,
        .cpu_s = 3,
        .face_demands = 8,
        .face_hits = 2,
        .cache = { .inserts = 20, .evictions = 5, .used_bytes = 50, .limit_bytes = 200 },
        .n_stages = 2,
        .stages = { { .name = "decode", .runs = 10, .ms_total = 50 },
            { .name = "swap", .runs = 6, .hits = 2, .ms_total = 600 } } };
    assert_true(mface_pass_fps(&pass) == 0 && mface_pass_hit_rate(&pass) == 0);
    mface_pass_add(&pass, &stats);
    mface_pass_add(&pass, &stats);
    assert_float_equal(mface_pass_fps(&pass), 5, 1e-9);
    assert_float_equal(mface_pass_cpu_ms(&pass), 300, 1e-9);
    assert_float_equal(mface_pass_stage_ms(&pass), 60, 1e-9); // decoding is no stage of the cache
    assert_float_equal(mface_pass_hit_rate(&pass), 0.25, 1e-9);
    assert_float_equal(mface_pass_eviction_rate(&pass), 0.25, 1e-9);
    assert_float_equal(mface_pass_memory_use(&pass), 0.25, 1e-9);
    assert_int_equal(mface_pass_stage(&pass, "swap")->runs, 12);
    assert_null(mface_pass_stage(&pass, "merge"));
}

static void ignore(void *user, enum mface_log_level level, const char *message)
{
    (void)level;
    (void)message;
    ++*(int *)user;
}

static void test_workloads_by_name(void **state)
{
    (void)state;
    unsigned set;
    int n_messages = 0;
    assert_int_equal(mface_workloads_parse(NULL, &set), MFACE_OK);
    assert_int_equal(set, (1 << MFACE_N_WORKLOADS) - 1);
    assert_int_equal(mface_workloads_parse("loop,first", &set), MFACE_OK);
    assert_int_equal(set, 1 << MFACE_WORKLOAD_FIRST | 1 << MFACE_WORKLOAD_LOOP);
    mface_log_set(ignore, &n_messages);
    static const char *const wrong[] = { "", "loops", "loop,", "first,,loop", "loo" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mface_workloads_parse(wrong[i], &set), MFACE_ERR_ARG);
    assert_int_equal(n_messages, 5);
    mface_log_set(NULL, NULL);
}

/* Back and forth, and every quarter is seen. */
static void test_scrubbing(void **state)
{
    (void)state;
    int seen = 0, backwards = 0;
    for (int i = 0; i < MFACE_SCRUB_STEPS; i++) {
        const int quarter = mface_scrub_quarter(i);
        assert_in_range(quarter, 0, 3);
        seen |= 1 << quarter;
        backwards += i > 0 && quarter < mface_scrub_quarter(i - 1);
    }
    assert_int_equal(seen, 15);
    assert_true(backwards >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_the_guides),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_what_was_not_run),
        cmocka_unit_test(test_passes_add_up),
        cmocka_unit_test(test_workloads_by_name),
        cmocka_unit_test(test_scrubbing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
