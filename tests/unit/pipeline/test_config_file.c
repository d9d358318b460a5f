/* Configuration files: what is a line, what is none, and that anything written reads back. */
#include "pipeline/config_file.h"
#include <memoface/log.h>

#include "../cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static char last_message[512];
static char found[1 << 14]; // "line:key=value;" of all lines, sections as "line:[name];"

static void swallow(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level;
    snprintf(last_message, sizeof last_message, "%s", message);
}

static enum mface_status collect(void *user, int line, const char *key, const char *value)
{
    (void)user;
    const size_t used = strlen(found);
    if (key)
        snprintf(found + used, sizeof found - used, "%d:%s=%s;", line, key, value);
    else
        snprintf(found + used, sizeof found - used, "%d:[%s];", line, value);
    return MFACE_OK;
}

static enum mface_status parse(const char *text, size_t length)
{
    found[0] = last_message[0] = '\0';
    return mface_config_parse("the.conf", text, length, collect, NULL);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *found;
    } rows[] = {
        { "", "" },
        { "\n\n  \n# only # comments\n", "" },
        { "a=1", "1:a=1;" },
        { "  a \t=  1  \r\nb=2\r\n", "1:a=1;2:b=2;" },
        { "\xef\xbb\xbf"
          "a = 1\n",
            "1:a=1;" },
        { "a = 1 # one\n", "1:a=1;" },
        { "a = 1#one\n", "1:a=1#one;" },
        { "a =\nb = # nothing\n", "1:a=;2:b=;" },
        { "a = two words\n", "1:a=two words;" },
        { "a = \"x # y\" # z\n", "1:a=x # y;" },
        { "a = \"\\\"\\\\\\t\"\n", "1:a=\"\\\t;" },
        { "a = \"\"", "1:a=;" },
        { "a = b = c", "1:a=b = c;" },
        { "[night]\na=1\n[ day.2 ] # x\n", "1:[night];2:a=1;3:[day.2];" },
        { "a = gr\xc3\xbc\xc3\x9f", "1:a=gr\xc3\xbc\xc3\x9f;" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].text, strlen(rows[i].text)), MFACE_OK);
        assert_string_equal(found, rows[i].found);
    }
}

static void test_what_is_no_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum mface_status status;
        const char *message;
    } rows[] = {
        { "a=1\nwhat\n", MFACE_ERR_ARG, "the.conf:2: 'what'" },
        { "= 3", MFACE_ERR_ARG, "the.conf:1: '= 3'" },
        { "a b = 3", MFACE_ERR_ARG, "the.conf:1: 'a b'" },
        { "\xc3\xbc = 3", MFACE_ERR_ARG, "the.conf:1:" },
        { "[night", MFACE_ERR_ARG, "the.conf:1: '[night'" },
        { "[]", MFACE_ERR_ARG, "the.conf:1:" },
        { "[a b]", MFACE_ERR_ARG, "'a b'" },
        { "[night] x", MFACE_ERR_ARG, "'[night] x'" },
        { "a = \"x", MFACE_ERR_ARG, "the.conf:1: a:" },
        { "a = \"x\" y", MFACE_ERR_ARG, "the.conf:1: a:" },
        { "a = \"\\q\"", MFACE_ERR_ARG, "the.conf:1: a:" },
        { "a = \"x\\", MFACE_ERR_ARG, "the.conf:1: a:" },
        { "\n\x7f"
          "ELF\x02\x01",
            MFACE_ERR_FORMAT, "the.conf:2: control character 0x7f" },
        { "a = \x1b[31m", MFACE_ERR_FORMAT, "0x1b" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i].text, strlen(rows[i].text)), rows[i].status);
        assert_non_null(strstr(last_message, rows[i].message));
        assert_null(strchr(last_message, '\n'));
    }
    assert_int_equal(parse("a = \0", 5), MFACE_ERR_FORMAT);
}

static void test_long_lines(void **state)
{
    (void)state;
    char text[MFACE_CONFIG_LINE_BYTES + 8];
    memset(text, 'x', sizeof text);
    memcpy(text, "a=", 2);
    assert_int_equal(parse(text, MFACE_CONFIG_LINE_BYTES), MFACE_OK);
    assert_int_equal(strlen(found), 2 + MFACE_CONFIG_LINE_BYTES + 1);
    assert_int_equal(parse(text, MFACE_CONFIG_LINE_BYTES + 1), MFACE_ERR_FORMAT);
    assert_non_null(strstr(last_message, "4096"));
    memset(text, 'n', 80);
    text[0] = '[', text[79] = ']';
    assert_int_equal(parse(text, 80), MFACE_ERR_ARG);
}

static void test_what_is_written_reads_back(void **state)
{
    (void)state;
    static const char *const values[] = { "", "plain", " blanks ", "a # b", "#", "\"", "\\", "\\n",
        "line\nline\r\ttab", "x\"y\\z", "a=b", "[x]", "gr\xc3\xbc\xc3\x9f" };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *text, expected[64];
        size_t length;
        FILE *file = open_memstream(&text, &length);
        assert_non_null(file);
        mface_config_write(file, "key", values[i], "where # from");
        fclose(file);
        assert_int_equal(parse(text, length), MFACE_OK);
        snprintf(expected, sizeof expected, "1:key=%s;", values[i]);
        assert_string_equal(found, expected);
        free(text);
    }
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    assert_int_equal(mface_config_read("no/such.conf", collect, NULL), MFACE_ERR_NOENT);
    assert_non_null(strstr(last_message, "no/such.conf"));
    assert_int_equal(mface_config_read("/", collect, NULL), MFACE_ERR_IO);
    assert_int_equal(mface_config_read("/dev/zero", collect, NULL), MFACE_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_what_is_no_line),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_what_is_written_reads_back),
        cmocka_unit_test(test_files_that_cannot_be_read),
    };
    mface_log_set(swallow, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
