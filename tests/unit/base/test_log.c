/* Messages: one line each, and repeats that are held back while somebody asks for that. */
#include "base/log.h"

#include "../cmocka_all.h"

#include <stdio.h>
#include <string.h>

static int n_told;
static char last[1100];

static void count(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    n_told++;
    snprintf(last, sizeof last, "%s", message);
}

static void test_a_message_is_one_line(void **state)
{
    (void)state;
    n_told = 0;
    assert_int_equal(mface_fail(MFACE_ERR_IO, "%s: gone", "a\nb\x1b"), MFACE_ERR_IO);
    assert_int_equal(n_told, 1);
    assert_string_equal(last, "a?b?: gone");
}

static void test_repeats_are_told_unless_held(void **state)
{
    (void)state;
    n_told = 0;
    for (int i = 0; i < 3; i++)
        mface_log(MFACE_LOG_WARN, "%d.jpg: broken", 1);
    assert_int_equal(n_told, 3);
    mface_log_hold_repeats(true);
    for (int i = 0; i < 9; i++)
        mface_log(MFACE_LOG_WARN, "%d.jpg: broken", i % 3);
    assert_int_equal(n_told, 6);
    mface_log_hold_repeats(true); // from here on anew
    mface_log(MFACE_LOG_WARN, "%d.jpg: broken", 1);
    assert_int_equal(n_told, 7);
    mface_log_hold_repeats(false);
    mface_log(MFACE_LOG_WARN, "%d.jpg: broken", 1);
    assert_int_equal(n_told, 8);
}

static void test_too_many_to_remember_are_told(void **state)
{
    (void)state;
    n_told = 0;
    mface_log_hold_repeats(true);
    for (int i = 0; i < 2000; i++)
        mface_log(MFACE_LOG_WARN, "%d.jpg: broken", i % 1000);
    mface_log_hold_repeats(false);
    assert_int_equal(n_told, 2000 - 256);
}

int main(void)
{
    mface_log_set(count, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_one_line),
        cmocka_unit_test(test_repeats_are_told_unless_held),
        cmocka_unit_test(test_too_many_to_remember_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
