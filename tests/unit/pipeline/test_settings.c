/* The settings table: every row is consistent, enforces its range and reads back what it prints. */
#include "pipeline/settings.h"
#include "pipeline/stages.h"
#include <memoface/log.h>

#include "../cmocka_all.h"

#include <stdio.h>
#include <string.h>

static void swallow(void *user, enum mface_log_level level, const char *message)
{
    (void)level;
    snprintf(user, 1024, "%s", message);
}

static char last_message[1024];

static int setup(void **state)
{
    mface_log_set(swallow, last_message);
    return mface_settings_create((struct mface_settings **)state) == MFACE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    mface_settings_free((struct mface_settings **)state);
    mface_log_set(NULL, NULL);
    return 0;
}

static void test_defaults_read_back(void **state)
{
    struct mface_settings *settings = *state;
    for (size_t i = 0; i < mface_settings_count(); i++) {
        const struct mface_setting_info info = mface_settings_info(i);
        char text[1100];
        assert_true(mface_settings_print(settings, info.key, text, sizeof text) >= 0);
        assert_string_equal(text, info.initial);
        assert_int_equal(mface_settings_set(settings, info.key, text), MFACE_OK);
        assert_true(strlen(info.help) > 0 && info.help[strlen(info.help) - 1] != '.');
        assert_non_null(info.group);
    }
}

static void test_keys_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < mface_settings_count(); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(mface_settings_info(i).key, mface_settings_info(j).key);
}

static void test_fields_do_not_overlap(void **state)
{
    (void)state;
    for (size_t i = 0; i < mface_settings_n_rows; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(mface_settings_rows[i].offset, mface_settings_rows[j].offset);
}

/* Ends of the range are accepted, what lies beyond is not and changes nothing. */
static void check_range(struct mface_settings *settings, const struct mface_option *row)
{
    char text[64], before[64], after[64];
    const double ends[] = { row->min, row->max }, beyond[] = { row->min - 1, row->max + 1 };
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%.17g", ends[i]);
        assert_int_equal(mface_settings_set(settings, row->key, text), MFACE_OK);
        mface_settings_print(settings, row->key, before, sizeof before);
        snprintf(text, sizeof text, "%.17g", beyond[i]);
        assert_int_equal(mface_settings_set(settings, row->key, text), MFACE_ERR_ARG);
        assert_non_null(strstr(last_message, row->key));
        mface_settings_print(settings, row->key, after, sizeof after);
        assert_string_equal(before, after);
    }
}

static void test_ranges_hold(void **state)
{
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        const struct mface_option *row = &mface_settings_rows[i];
        if (row->type == MFACE_OPTION_INT || row->type == MFACE_OPTION_FLOAT ||
            row->type == MFACE_OPTION_SIZE)
            check_range(*state, row);
        else if (row->type != MFACE_OPTION_STRING)
            assert_int_equal(mface_settings_set(*state, row->key, "perhaps"), MFACE_ERR_ARG);
    }
}

static void test_choices_read_back(void **state)
{
    char text[64];
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        const struct mface_option *row = &mface_settings_rows[i];
        for (int k = 0; row->type == MFACE_OPTION_CHOICE && row->choices[k]; k++) {
            assert_int_equal(mface_settings_set(*state, row->key, row->choices[k]), MFACE_OK);
            mface_settings_print(*state, row->key, text, sizeof text);
            assert_string_equal(text, row->choices[k]);
        }
    }
}

static void test_unknown_key(void **state)
{
    char text[8];
    assert_int_equal(mface_settings_set(*state, "no-such", "1"), MFACE_ERR_NOENT);
    assert_int_equal(mface_settings_print(*state, "no-such", text, sizeof text), -1);
}

static void test_copy_is_separate(void **state)
{
    struct mface_settings *settings = *state, *copy;
    assert_int_equal(mface_settings_copy(settings, &copy), MFACE_OK);
    assert_int_equal(mface_settings_set(copy, "opacity", "0.5"), MFACE_OK);
    assert_true(settings->opacity == 1 && copy->opacity == 0.5);
    mface_settings_free(&copy);
    assert_null(copy);
}

static void test_printed_stages(void **state)
{
    (void)state;
    char text[128];
    for (size_t i = 0; i < mface_settings_count(); i++) {
        mface_settings_print_stages(i, text, sizeof text);
        if (strcmp(mface_settings_info(i).key, "post-gamma-red") == 0)
            assert_string_equal(text, "post merge");
        if (strcmp(mface_settings_info(i).key, "morph") == 0)
            assert_string_equal(text, "swap post merge");
        if (strcmp(mface_settings_info(i).key, "cache-size") == 0)
            assert_string_equal(text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults_read_back, setup, teardown),
        cmocka_unit_test(test_keys_are_unique),
        cmocka_unit_test(test_fields_do_not_overlap),
        cmocka_unit_test_setup_teardown(test_ranges_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choices_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_is_separate, setup, teardown),
        cmocka_unit_test(test_printed_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
