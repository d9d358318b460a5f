/* Built-in models are found by name in the folder that $MEMOFACE_MODELS names. */
#include "pipeline/locate.h"
#include <memoface/log.h>

#include "../cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "locate-XXXXXX", message[1024];

static void keep(void *user, enum mface_log_level level, const char *text)
{
    (void)level;
    snprintf(user, sizeof message, "%s", text);
}

static int setup(void **state)
{
    (void)state;
    mface_log_set(keep, message);
    if (!mkdtemp(folder))
        return -1;
    char path[64];
    snprintf(path, sizeof path, "%s/ssd_mobilenetv1.onnx", folder);
    FILE *file = fopen(path, "w");
    return !file || fclose(file) || setenv("MEMOFACE_MODELS", folder, 1) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/ssd_mobilenetv1.onnx", folder);
    unlink(path);
    return rmdir(folder);
}

static void test_name(void **state)
{
    (void)state;
    char path[128], expected[128];
    snprintf(expected, sizeof expected, "%s/ssd_mobilenetv1.onnx", folder);
    assert_int_equal(mface_model_locate("ssd", path, sizeof path), MFACE_OK);
    assert_string_equal(path, expected);
}

static void test_name_without_file(void **state)
{
    (void)state;
    char path[128];
    assert_int_equal(mface_model_locate("tiny", path, sizeof path), MFACE_ERR_NOENT);
    assert_non_null(strstr(message, "tiny_face_detector.onnx"));
    assert_non_null(strstr(message, folder));
}

static void test_path(void **state)
{
    (void)state;
    char path[32];
    assert_int_equal(mface_model_locate("some/where.onnx", path, sizeof path), MFACE_OK);
    assert_string_equal(path, "some/where.onnx"); // whoever opens it says if it is missing
    assert_int_equal(mface_model_locate("a/very/long/path/to/some/model.onnx", path, sizeof path),
        MFACE_ERR_ARG);
}

static void test_neither(void **state)
{
    (void)state;
    char path[32];
    assert_int_equal(mface_model_locate("nonsense", path, sizeof path), MFACE_ERR_ARG);
    assert_non_null(strstr(message, "nonsense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_name_without_file),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_neither),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
