#include "base/option.h"

#include "../cmocka_all.h"
#include <memoface/log.h>

#include <string.h>

struct settings {
    bool flag;
    int count, choice;
    double gain;
    int64_t size, room, disk;
    char name[MFACE_OPTION_STRING_BYTES];
};

static const char *const choices[] = { "none", "rct", NULL };

static const struct mface_option rows[] = {
    { .key = "flag",
        .initial = "on",
        .type = MFACE_OPTION_BOOL,
        .offset = offsetof(struct settings, flag) },
    { .key = "count",
        .initial = "224",
        .type = MFACE_OPTION_INT,
        .min = 16,
        .max = 1024,
        .step = 16,
        .offset = offsetof(struct settings, count) },
    { .key = "choice",
        .initial = "rct",
        .type = MFACE_OPTION_CHOICE,
        .choices = choices,
        .offset = offsetof(struct settings, choice) },
    { .key = "gain",
        .initial = "0.1",
        .type = MFACE_OPTION_FLOAT,
        .min = -1,
        .max = 4,
        .step = 0.1,
        .offset = offsetof(struct settings, gain) },
    { .key = "size",
        .initial = "2G",
        .type = MFACE_OPTION_SIZE,
        .min = 1 << 20,
        .max = 1ll << 40,
        .offset = offsetof(struct settings, size) },
    { .key = "room",
        .initial = "0",
        .type = MFACE_OPTION_SIZE,
        .max = 1ll << 40,
        .offset = offsetof(struct settings, room) },
    { .key = "disk",
        .initial = "0",
        .type = MFACE_OPTION_SIZE,
        .max = 1ll << 40,
        .step = 1 << 20,
        .offset = offsetof(struct settings, disk) },
    { .key = "name",
        .initial = "",
        .type = MFACE_OPTION_STRING,
        .offset = offsetof(struct settings, name) },
};

enum { N_ROWS = sizeof rows / sizeof rows[0] };

static enum mface_status set(struct settings *settings, const char *key, const char *text)
{
    return mface_option_set(mface_option_find(rows, N_ROWS, key), settings, text);
}

static void quiet(void *user, enum mface_log_level level, const char *message)
{
    (void)level;
    strcpy(user, message);
}

static char last_message[1024];

static void test_initial_values(void **state)
{
    (void)state;
    struct settings settings;
    memset(&settings, 0xff, sizeof settings);
    mface_option_set_initial(rows, N_ROWS, &settings);
    assert_true(settings.flag);
    assert_int_equal(settings.count, 224);
    assert_int_equal(settings.choice, 1);
    assert_true(settings.gain == 0.1);
    assert_int_equal(settings.size, INT64_C(2) << 30);
    assert_string_equal(settings.name, "");
}

static void test_accepts(void **state)
{
    (void)state;
    struct settings s;
    mface_option_set_initial(rows, N_ROWS, &s);
    static const char *const pairs[][3] = {
        { "flag", "off", "off" },
        { "flag", "YES", "on" },
        { "count", "230", "224" }, // to the nearest step
        { "count", "1024", "1024" },
        { "gain", "0.31", "0.3" },
        { "gain", "-1", "-1" },
        { "size", "512m", "512M" },
        { "size", "1.5G", "1536M" },
        { "size", "2097153", "2097153" },
        { "size", "64MB", "64M" },
        { "size", "64MiB", "64M" },
        { "size", "2gib", "2G" },
        { "size", "2048", "2G" }, // megabytes: as bytes it would be less than one
        { "size", "1.5", "1536K" },
        { "size", "1048576", "1M" }, // from here on bytes
        { "size", "2097153B", "2097153" },
        { "room", "0.5", "512K" },
        { "room", "700B", "700B" },
        { "room", "0", "0" },
        { "disk", "3300K", "3M" },
        { "disk", "1K", "1M" }, // never down to 0, which turns it off
        { "disk", "0", "0" },
        { "choice", "NONE", "none" },
        { "name", "a b", "a b" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[64];
        assert_int_equal(set(&s, pairs[i][0], pairs[i][1]), MFACE_OK);
        mface_option_print(mface_option_find(rows, N_ROWS, pairs[i][0]), &s, text, sizeof text);
        assert_string_equal(text, pairs[i][2]);
    }
}

static void test_refuses_and_keeps(void **state)
{
    (void)state;
    struct settings s, before;
    memset(&s, 0, sizeof s);
    mface_option_set_initial(rows, N_ROWS, &s);
    before = s;
    static const char *const pairs[][2] = {
        { "flag", "maybe" },
        { "count", "15" },
        { "count", "1025" },
        { "count", "" },
        { "count", "12px" },
        { "count", "0x20" },
        { "gain", "nan" },
        { "gain", "inf" },
        { "gain", "4.1" },
        { "gain", "1K" },
        { "size", "1Q" },
        { "size", "1Mi" },
        { "size", "1iB" },
        { "size", "1 G" },
        { "size", "-5" },
        { "size", "900G0" },
        { "choice", "rc" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        last_message[0] = '\0';
        assert_int_equal(set(&s, pairs[i][0], pairs[i][1]), MFACE_ERR_ARG);
        assert_non_null(strstr(last_message, pairs[i][0])); // the line names the key
        assert_memory_equal(&s, &before, sizeof s);
    }
}

static void test_hash_follows_value(void **state)
{
    (void)state;
    struct settings s;
    mface_option_set_initial(rows, N_ROWS, &s);
    static const char *const other[] = { "off", "240", "none", "0.2", "1G", "1G", "1G", "x" };
    for (size_t i = 0; i < N_ROWS; i++) {
        struct mface_hasher a, b;
        mface_hasher_init(&a);
        mface_hasher_init(&b);
        mface_option_hash(&rows[i], &s, &a);
        assert_int_equal(mface_option_set(&rows[i], &s, other[i]), MFACE_OK);
        mface_option_hash(&rows[i], &s, &b);
        assert_false(mface_key_equal(mface_hasher_finish(&a), mface_hasher_finish(&b)));
    }
}

int main(void)
{
    mface_log_set(quiet, last_message);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initial_values),
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses_and_keeps),
        cmocka_unit_test(test_hash_follows_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
