#include <memoface/monitor.h>

#include "../cmocka_all.h"

#include <jansson.h>
#include <string.h>

static void test_the_line(void **state)
{
    (void)state;
    char text[128];
    const struct mface_monitor_sample sample = {
        .cache_used_bytes = INT64_C(2254857830),
        .cache_limit_bytes = INT64_C(2) << 30,
        .hit_rate = 0.851,
        .cpu_percent = 45.2,
        .fps = 34.9,
    };
    mface_monitor_print_line(&sample, text, sizeof text);
    assert_string_equal(text, "RAM Cache: 2.1GB/2.0GB | Hit Rate: 85% | CPU: 45% | FPS: 35");
}

static struct mface_stats some_stats(void)
{
    return (struct mface_stats) {
        .frames = 50,
        .frames_total = 250,
        .wall_s = 6,
        .paused_s = 1,
        .cpu_s = 6,
        .cpu_percent = 50, // of two processors
        .face_demands = 50,
        .face_hits = 40,
        .hit_rate = 0.8,
        .eviction_rate = 0.031,
        .peak_rss_bytes = 640 << 20,
        .cache = { .saved_us = 41230000, .inserts = 100, .evictions = 3 },
        .governor = { .memory_used = 0.62, .memory_bytes = INT64_C(8) << 30 },
        .n_stages = 3,
        .stages = { { .name = "detect", .runs = 2, .ms_p50 = 9.74 }, { .name = "crop" },
            { .name = "swap", .runs = 10, .ms_p50 = 185.4 } },
        .insight = { .n_advice = 1, .advice = { { .name = "high-cpu" } } },
    };
}

static void test_details(void **state)
{
    (void)state;
    char text[128];
    struct mface_stats stats = some_stats();
    const int length = mface_monitor_print_details(&stats, text, sizeof text);
    assert_string_equal(text, "Evictions: 3% | Memory: 62% | Saved: 41.2s | Peak: 640MB");
    assert_int_equal(length, strlen(text));
    assert_int_equal(mface_monitor_print_details(&stats, text, 10), length); // cut off, and said so
    assert_string_equal(text, "Evictions");
    stats.governor.memory_bytes = 0;
    mface_monitor_print_details(&stats, text, sizeof text);
    assert_non_null(strstr(text, "Memory: - |"));
    mface_monitor_print_stages(&stats, text, sizeof text);
    assert_string_equal(text, "ms: detect 9.7, swap 185");
}

static void test_rates(void **state)
{
    (void)state;
    struct mface_monitor monitor = { 0 };
    struct mface_stats stats = some_stats();
    struct mface_rates rates;
    mface_monitor_total(&stats, &rates);
    assert_true(rates.fps == 10 && rates.hit_rate == 0.8 && rates.eviction_rate == 0.03);
    assert_true(mface_monitor_eta_s(&stats, &rates) == 20);
    mface_monitor_add(&monitor, &stats, &rates); // since the job began
    assert_true(rates.fps == 10);
    for (int i = 0; i < MFACE_MONITOR_MARKS; i++) {
        stats.wall_s += 0.5;
        stats.frames += 10;
        stats.face_demands += 10;
        mface_monitor_add(&monitor, &stats, &rates);
    }
    assert_true(rates.seconds == 8 && rates.fps == 20 && rates.hit_rate == 0);
    assert_true(mface_monitor_eta_s(&stats, &rates) == 2);
    stats.frames_total = 0;
    assert_true(mface_monitor_eta_s(&stats, &rates) < 0);
}

static void test_json_line(void **state)
{
    (void)state;
    char text[4096];
    const struct mface_stats stats = some_stats();
    struct mface_rates rates;
    mface_monitor_total(&stats, &rates);
    const int length = mface_monitor_print_json(&stats, &rates, 1, text, sizeof text);
    assert_int_equal(length, strlen(text));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_null(strchr(text, '\n'));
    assert_true(json_is_true(json_object_get(root, "done")));
    assert_int_equal(json_integer_value(json_object_get(root, "frames")), 50);
    assert_true(json_number_value(json_object_get(root, "eta_s")) == 20);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(root, "advice"), 0)), "high-cpu");
    assert_int_equal(json_object_size(json_object_get(root, "stages")), 3);
    json_decref(root);
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0B" },
        { 1023, "1023B" },
        { 1024, "1KB" },
        { 640 << 20, "640MB" },
        { (INT64_C(1) << 30) - 1, "1.0GB" },
        { INT64_C(250) << 30, "250GB" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        mface_monitor_print_bytes(cases[i].bytes, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_json_line),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
