/* Settings in layers: what each starting point brings, which layer wins, where a value came from,
 * and that what is printed reads back. */
#include "pipeline/settings.h"
#include <memoface/memoface.h>

#include "../cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIB (INT64_C(1) << 30)

static char last_message[1024];
static char file_path[] = "layers-XXXXXX";

static void swallow(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level;
    snprintf(last_message, sizeof last_message, "%s", message);
}

static struct mface_settings_layers *layers_with(
    const char *file, const char *const *pairs, int64_t memory_bytes)
{
    struct mface_settings_layers *layers;
    assert_int_equal(mface_settings_layers_create(&layers), MFACE_OK);
    mface_settings_layers_set_memory(layers, memory_bytes);
    if (file) {
        FILE *out = fopen(file_path, "we");
        assert_non_null(out);
        fputs(file, out);
        fclose(out);
        assert_int_equal(mface_settings_layers_read_file(layers, file_path), MFACE_OK);
    }
    for (; pairs && *pairs; pairs += 2)
        assert_int_equal(mface_settings_layers_set(layers, pairs[0], pairs[1]), MFACE_OK);
    return layers;
}

static const struct mface_settings *resolve(struct mface_settings_layers *layers)
{
    const struct mface_settings *settings;
    assert_int_equal(mface_settings_layers_resolve(layers, &settings), MFACE_OK);
    return settings;
}

static void value_is(const struct mface_settings *settings, const char *key, const char *expected)
{
    char text[1100];
    assert_true(mface_settings_print(settings, key, text, sizeof text) >= 0);
    if (strcmp(text, expected) != 0)
        fail_msg("%s is %s, not %s", key, text, expected);
}

static void origin_is(
    const struct mface_settings_layers *layers, const char *key, const char *expected)
{
    char text[1100] = "no such key";
    for (size_t i = 0; i < mface_settings_count(); i++)
        if (strcmp(mface_settings_info(i).key, key) == 0)
            mface_settings_layers_origin(layers, i, text, sizeof text);
    assert_string_equal(text, expected);
}

/* The guide's table: what each starting point must come to. */
static const struct {
    const char *setting, *name;
    const char *cache_size, *pre_cache, *post_cache, *parallel;
    const char *others[7]; // pairs
} guide[] = {
    { "preset", "none", "2G", "on", "on", "on", { "precision", "auto", "encode-for", "both" } },
    { "preset", "8gb", "1G", "on", "on", "off", { NULL } },
    { "preset", "16gb", "2G", "on", "on", "on", { NULL } },
    { "preset", "32gb", "4G", "on", "on", "on", { NULL } },
    { "use-case", "streaming", "2G", "on", "on", "on",
        { "encode-for", "speed", "precision", "auto" } },
    { "use-case", "recording", "2G", "on", "on", "on",
        { "encode-for", "quality", "precision", "f32", "latency", "off" } },
    { "use-case", "batch", "4G", "on", "on", "on",
        { "disk-cache-size", "8G", "encode-for", "both", "latency", "off" } },
    { "profile", "conservative", "1G", "on", "off", "on", { NULL } },
    { "profile", "balanced", "2G", "on", "on", "on", { NULL } },
    { "profile", "aggressive", "4G", "on", "on", "on", { NULL } },
};

static void test_guide(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof guide / sizeof guide[0]; i++) {
        const char *const pairs[] = { guide[i].setting, guide[i].name, NULL };
        struct mface_settings_layers *layers = layers_with(NULL, pairs, 0);
        const struct mface_settings *settings = resolve(layers);
        value_is(settings, guide[i].setting, guide[i].name);
        value_is(settings, "cache-size", guide[i].cache_size);
        value_is(settings, "pre-cache", guide[i].pre_cache);
        value_is(settings, "post-cache", guide[i].post_cache);
        value_is(settings, "parallel", guide[i].parallel);
        for (const char *const *other = guide[i].others; *other; other += 2)
            value_is(settings, other[0], other[1]);
        mface_settings_layers_free(&layers);
    }
}

/* Every starting point there is has its row above. */
static void test_guide_is_complete(void **state)
{
    (void)state;
    size_t n = 0;
    for (struct mface_starting_point point; (point = mface_settings_starting_point(n)).name; n++) {
        bool found = false;
        for (size_t i = 0; i < sizeof guide / sizeof guide[0]; i++)
            found |= strcmp(guide[i].setting, point.setting) == 0 &&
                     strcmp(guide[i].name, point.name) == 0;
        assert_true(found);
    }
    assert_int_equal(n, 9);
}

static void test_use_cases_stay_in_their_range(void **state)
{
    (void)state;
    static const struct {
        const char *preset, *use_case, *cache_size;
    } rows[] = {
        { "8gb", "streaming", "1G" },
        { "16gb", "streaming", "2G" },
        { "32gb", "streaming", "2G" },
        { "8gb", "recording", "2G" },
        { "16gb", "recording", "2G" },
        { "32gb", "recording", "4G" },
        { "8gb", "batch", "4G" },
        { "16gb", "batch", "4G" },
        { "32gb", "batch", "8G" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const pairs[] = { "preset", rows[i].preset, "use-case", rows[i].use_case,
            NULL };
        struct mface_settings_layers *layers = layers_with(NULL, pairs, 0);
        value_is(resolve(layers), "cache-size", rows[i].cache_size);
        mface_settings_layers_free(&layers);
    }
}

static void test_auto_goes_by_memory(void **state)
{
    (void)state;
    static const struct {
        double memory_gib;
        const char *use_case, *cache_size, *parallel, *origin;
    } rows[] = {
        { 2, "none", "256M", "off", "preset auto (8gb)" },
        { 7.6, "none", "1G", "off", "preset auto (8gb)" },
        { 15.3, "none", "2G", "on", "preset auto (16gb)" },
        { 23.5, "none", "2G", "on", "preset auto (16gb)" },
        { 31, "none", "4G", "on", "preset auto (32gb)" },
        { 256, "none", "4G", "on", "preset auto (32gb)" },
        { 2, "streaming", "512M", "off", "use-case streaming" },
        { 8, "batch", "2G", "on", "use-case batch" },
        { 16, "batch", "4G", "on", "use-case batch" },
        { 64, "batch", "8G", "on", "use-case batch" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const pairs[] = { "preset", "auto", "use-case", rows[i].use_case, NULL };
        struct mface_settings_layers *layers =
            layers_with(NULL, pairs, (int64_t)(rows[i].memory_gib * (double)GIB));
        value_is(resolve(layers), "cache-size", rows[i].cache_size);
        value_is(resolve(layers), "parallel", rows[i].parallel);
        origin_is(layers, "cache-size", rows[i].origin);
        mface_settings_layers_free(&layers);
    }
    assert_string_equal(mface_settings_preset_for(0), "8gb");
}

/* One layer more at a time; each must win over those before it. */
static void test_later_layers_win(void **state)
{
    (void)state;
    static const struct {
        const char *file, *pairs[9], *cache_size, *origin;
    } rows[] = {
        { NULL, { NULL }, "2G", "default" },
        { NULL, { "preset", "32gb" }, "4G", "preset 32gb" },
        { NULL, { "preset", "32gb", "use-case", "streaming" }, "2G", "use-case streaming" },
        { NULL, { "preset", "32gb", "use-case", "streaming", "profile", "conservative" }, "1G",
            "profile conservative" },
        { "# \ncache-size = 3G",
            { "preset", "32gb", "use-case", "streaming", "profile", "conservative" }, "3G",
            "layers:2" },
        { "cache-size = 3G\n[conservative]\n\ncache-size=5G",
            { "preset", "32gb", "use-case", "streaming", "profile", "conservative" }, "5G",
            "layers:4 [conservative]" },
        { "cache-size = 3G\n[conservative]\n\ncache-size=5G",
            { "preset", "32gb", "cache-size", "6G", "profile", "conservative" }, "6G",
            "command line" },
        { "cache-size = 3G\n[night]\n\ncache-size=5G", { "profile", "night" }, "5G",
            "layers:4 [night]" },
        { "cache-size = 3G\n[night]\n\ncache-size=5G", { NULL }, "3G", "layers:1" },
        /* The starting points may be named in any layer that can name them. */
        { "preset = 8gb", { NULL }, "1G", "preset 8gb" },
        { "preset = 8gb", { "preset", "32gb" }, "4G", "preset 32gb" },
        { "preset = 8gb\n[night]\npreset = 32gb", { "profile", "night" }, "4G", "preset 32gb" },
        { "profile = night\n[night]\nuse-case = batch", { NULL }, "4G", "use-case batch" },
        { "profile = night\n[night]\nuse-case = batch", { "profile", "" }, "2G", "default" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char origin[1100];
        struct mface_settings_layers *layers = layers_with(rows[i].file, rows[i].pairs, 0);
        value_is(resolve(layers), "cache-size", rows[i].cache_size);
        const char *colon =
            strncmp(rows[i].origin, "layers:", 7) == 0 ? strchr(rows[i].origin, ':') : NULL;
        snprintf(
            origin, sizeof origin, "%s%s", colon ? file_path : "", colon ? colon : rows[i].origin);
        origin_is(layers, "cache-size", origin);
        mface_settings_layers_free(&layers);
    }
}

static void test_host_default_is_the_lowest(void **state)
{
    (void)state;
    struct mface_settings_layers *layers = layers_with("max-faces = 3", NULL, 0);
    assert_int_equal(mface_settings_layers_set_default(layers, "max-faces", "0"), MFACE_OK);
    value_is(resolve(layers), "max-faces", "3");
    assert_int_equal(mface_settings_layers_read_file(layers, "/dev/null"), MFACE_OK);
    value_is(resolve(layers), "max-faces", "0");
    origin_is(layers, "max-faces", "default");
    mface_settings_layers_free(&layers);
}

static void test_what_is_printed_reads_back(void **state)
{
    (void)state;
    static const char *const pairs[] = { "profile", "night", "preset", "8gb", "cache-dir",
        "/a b/#1 \"x\"\\", "opacity", "0.25", "policy", "lru", NULL };
    struct mface_settings_layers *layers =
        layers_with("mask-blur = 31\n[night]\nuse-case = batch\ntwo-pass = on\n", pairs, 0);
    const struct mface_settings *settings = resolve(layers);
    FILE *file = fopen("printed.conf", "we");
    assert_non_null(file);
    assert_int_equal(mface_settings_layers_print(layers, file), MFACE_OK);
    fclose(file);
    struct mface_settings_layers *again = layers_with(NULL, NULL, 0);
    assert_int_equal(mface_settings_layers_read_file(again, "printed.conf"), MFACE_OK);
    const struct mface_settings *back = resolve(again);
    for (size_t i = 0; i < mface_settings_count(); i++) {
        char text[1100];
        const char *key = mface_settings_info(i).key;
        mface_settings_print(settings, key, text, sizeof text);
        if (strcmp(key, "profile") != 0) // a comment: its values are all there
            value_is(back, key, text);
    }
    mface_settings_layers_free(&layers);
    mface_settings_layers_free(&again);
    unlink("printed.conf");
}

/* One line that names file, line, key, text and what is accepted; and nothing of the file counts.
 */
static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum mface_status status;
        const char *words[4];
    } rows[] = {
        { "opacity = 0.5\ncache-sise = 2G", MFACE_ERR_ARG,
            { ":2:", "'cache-sise'", "cache-size?" } },
        { "xyzzy = 2", MFACE_ERR_ARG, { ":1:", "'xyzzy'" } },
        { "opacity = 2", MFACE_ERR_ARG, { ":1: opacity:", "'2'", "0..1" } },
        { "color-transfer = idt", MFACE_ERR_ARG, { "color-transfer", "'idt'", "none|rct" } },
        { "cache-size = 2Q", MFACE_ERR_ARG, { "cache-size", "'2Q'", "0..1T" } },
        { "parallel = perhaps", MFACE_ERR_ARG, { "parallel", "'perhaps'", "on|off" } },
        { "opacity = 1\nopacity = 1", MFACE_ERR_ARG, { ":2: opacity", "line 1" } },
        { "[a]\n[b]\n[a]", MFACE_ERR_ARG, { ":3: [a]", "line 1" } },
        { "[a]\nprofile = b\n[b]", MFACE_ERR_ARG, { ":2: profile" } },
        { "[unused]\nopacity = x", MFACE_ERR_ARG, { ":2: opacity", "'x'" } },
        { "\x01\x02\x03", MFACE_ERR_FORMAT, { ":1:", "0x01" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mface_settings_layers *layers = layers_with("opacity = 0.5", NULL, 0);
        FILE *file = fopen(file_path, "we");
        assert_non_null(file);
        fputs(rows[i].text, file);
        fclose(file);
        assert_int_equal(mface_settings_layers_read_file(layers, file_path), rows[i].status);
        assert_non_null(strstr(last_message, file_path));
        assert_null(strchr(last_message, '\n'));
        for (int k = 0; k < 4 && rows[i].words[k]; k++)
            if (!strstr(last_message, rows[i].words[k]))
                fail_msg("'%s' is missing: %s", rows[i].words[k], last_message);
        value_is(resolve(layers), "opacity", "1");
        mface_settings_layers_free(&layers);
    }
}

static void test_no_such_profile(void **state)
{
    (void)state;
    static const char *const pairs[] = { "profile", "nigth", NULL };
    const struct mface_settings *settings;
    struct mface_settings_layers *layers = layers_with("[night]\nopacity=1", pairs, 0);
    assert_int_equal(mface_settings_layers_resolve(layers, &settings), MFACE_ERR_ARG);
    assert_non_null(strstr(last_message, "nigth"));
    assert_non_null(strstr(last_message, "conservative"));
    mface_settings_layers_free(&layers);
}

static void test_own_file(void **state)
{
    (void)state;
    char path[256];
    struct mface_settings_layers *layers = layers_with(NULL, NULL, 0);
    setenv("HOME", "/nowhere", 1);
    setenv("XDG_CONFIG_HOME", "relative", 1); // to be ignored
    assert_true(mface_settings_file_path(path, sizeof path) > 0);
    assert_string_equal(path, "/nowhere/.config/memoface/memoface.conf");
    setenv("XDG_CONFIG_HOME", "/elsewhere", 1);
    mface_settings_file_path(path, sizeof path);
    assert_string_equal(path, "/elsewhere/memoface/memoface.conf");
    assert_int_equal(mface_settings_layers_read_file(layers, NULL), MFACE_OK); // need not be there
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("HOME");
    assert_int_equal(mface_settings_file_path(path, sizeof path), 0);
    assert_string_equal(path, "");
    assert_int_equal(mface_settings_layers_read_file(layers, NULL), MFACE_OK);
    mface_settings_layers_free(&layers);
}

/* Without layers a starting point writes over what is there. */
static void test_plain_settings(void **state)
{
    (void)state;
    struct mface_settings *settings;
    assert_int_equal(mface_settings_create(&settings), MFACE_OK);
    assert_int_equal(mface_settings_set(settings, "cache-size", "3G"), MFACE_OK);
    assert_int_equal(mface_settings_set(settings, "preset", "8gb"), MFACE_OK);
    value_is(settings, "cache-size", "1G");
    value_is(settings, "parallel", "off");
    assert_int_equal(mface_settings_set(settings, "profile", "aggressive"), MFACE_OK);
    value_is(settings, "cache-size", "4G");
    value_is(settings, "profile", "aggressive");
    assert_int_equal(mface_settings_set(settings, "profile", "night"), MFACE_ERR_ARG);
    value_is(settings, "profile", "aggressive");
    mface_settings_free(&settings);
}

static void test_nearest(void **state)
{
    (void)state;
    assert_string_equal(mface_settings_nearest("mask-blurr"), "mask-blur");
    assert_string_equal(mface_settings_nearest("opactiy"), "opacity");
    assert_null(mface_settings_nearest("quite-something-else"));
    assert_null(mface_settings_nearest(""));
    assert_int_equal(mface_word_distance("", "abc"), 3);
    assert_int_equal(mface_word_distance("abc", "abc"), 0);
    assert_int_equal(mface_word_distance("abc", "acb"), 1);
    assert_int_equal(mface_word_distance("kitten", "sitting"), 3);
}

static int setup(void **state)
{
    (void)state;
    const int fd = mkstemp(file_path);
    mface_log_set(swallow, NULL);
    return fd < 0 || close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(file_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guide),
        cmocka_unit_test(test_guide_is_complete),
        cmocka_unit_test(test_use_cases_stay_in_their_range),
        cmocka_unit_test(test_auto_goes_by_memory),
        cmocka_unit_test(test_later_layers_win),
        cmocka_unit_test(test_host_default_is_the_lowest),
        cmocka_unit_test(test_what_is_printed_reads_back),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_no_such_profile),
        cmocka_unit_test(test_own_file),
        cmocka_unit_test(test_plain_settings),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
