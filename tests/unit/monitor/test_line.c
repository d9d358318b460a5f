#include <memoface/monitor.h>

#include "../cmocka_all.h"

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
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
