/* --start and --end as text. */
#include "../../../cli/cli.h"
#include "../cmocka_all.h"

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } rows[] = { { "0", 0 }, { "12", 12 }, { "12.5", 12.5 }, { "007.250", 7.25 }, { "90", 90 },
        { "3600.04", 3600.04 }, { "1:30", 90 }, { "01:30.5", 90.5 }, { "0:00", 0 },
        { "59:59.999", 3599.999 }, { "1:02:03.25", 3723.25 }, { "100:00:00", 360000 },
        { "00:00:00.040", 0.04 }, { "999999999", 999999999 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double seconds = -1;
        if (!piece_parse_time(rows[i].text, &seconds))
            fail_msg("'%s' is not accepted", rows[i].text);
        assert_float_equal(seconds, rows[i].seconds, 1e-9);
    }
}

static void test_what_is_no_time(void **state)
{
    (void)state;
    static const char *const texts[] = { "", " ", "-1", "+1", "-0:01", "1 ", " 1", "1s", "10ms",
        "1.", ".5", "1..5", "1.5.5", "1,5", "1e3", "0x10", "nan", "inf", "a", ":", ":30",
        "1:", "1:2", "1:60", "60:00", "1:60:00", "1:2:03", "1:02:3", "1:02:03:04", "1:023", "1:-2",
        "1:+2", "1: 2", "1:30:", "1:30.", "1.5:30", "1:02.5:03", "1234567890",
        "99999999999999999999" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double seconds = 7;
        if (piece_parse_time(texts[i], &seconds))
            fail_msg("'%s' is accepted as %g", texts[i], seconds);
        assert_true(seconds == 7);
    }
}

static void test_the_two_together(void **state)
{
    (void)state;
    static const struct {
        struct piece_args given;
        bool is_good;
        double start_s, end_s;
    } rows[] = { { { -1, -1 }, true, 0, 0 }, { { 0, -1 }, true, 0, 0 }, { { 3, -1 }, true, 3, 0 },
        { { -1, 4 }, true, 0, 4 }, { { 3, 4 }, true, 3, 4 }, { { 4, 4 }, false, 0, 0 },
        { { 5, 4 }, false, 0, 0 }, { { -1, 0 }, false, 0, 0 }, { { 0, 0 }, false, 0, 0 } };
    const struct command command = { .name = "swap" };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double start_s, end_s;
        assert_int_equal(piece_settle(&command, &rows[i].given, &start_s, &end_s), rows[i].is_good);
        assert_true(!rows[i].is_good || (start_s == rows[i].start_s && end_s == rows[i].end_s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_what_is_no_time),
        cmocka_unit_test(test_the_two_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
