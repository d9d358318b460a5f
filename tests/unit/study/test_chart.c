/* Charts: bars in proportion, text that is safe in XML. */
#include "study/chart.h"

#include "../cmocka_all.h"
#include <stdlib.h>
#include <string.h>

static char *chart_text(const struct mface_chart *chart)
{
    char *text = NULL;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    mface_chart_write(chart, file);
    fclose(file);
    return text;
}

static void test_bars_are_in_proportion(void **state)
{
    (void)state;
    const struct mface_chart chart = { .id = "c",
        .title = "T & U",
        .unit = " ms",
        .digits = 1,
        .n_bars = 3,
        .bars = { { "a", "off", 1, 10 }, { "a", "on", 2, 5 }, { "b", "off", 1, 0 } } };
    char *text = chart_text(&chart);
    double widths[3];
    const char *at = text;
    for (int i = 0; i < 3; i++) {
        at = strstr(at, "width=\"");
        assert_non_null(at);
        widths[i] = atof(at += strlen("width=\""));
    }
    assert_float_equal(widths[1], widths[0] / 2, 0.1);
    assert_float_equal(widths[2], 1, 1e-6); // nothing is still a line
    assert_non_null(strstr(text, "T &amp; U"));
    assert_non_null(strstr(text, "a on: 5.0 ms."));
    assert_non_null(strstr(text, "role=\"img\""));
    free(text);
}

static void test_text_is_escaped(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    mface_xml_write("<a href=\"x\">\x01 & b", file);
    fclose(file);
    assert_string_equal(text, "&lt;a href=&quot;x&quot;> &amp; b");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars_are_in_proportion),
        cmocka_unit_test(test_text_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
