/* Finding the built-in models: by path, in the folder the user names, and the error when missing.
 */
#include "pipeline/locate.h"

#include <memoface/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"

static char message[512];
static char folder[64];

static void keep_message(void *user, enum mface_log_level level, const char *text)
{
    (void)user, (void)level;
    snprintf(message, sizeof message, "%s", text);
}

static int set_up(void **state)
{
    (void)state;
    mface_log_set(keep_message, NULL);
    message[0] = '\0';
    strcpy(folder, "locate-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mface_log_set(NULL, NULL);
    unsetenv("MEMOFACE_MODELS");
    return rmdir(folder);
}

static void test_path_is_taken_as_it_is(void **state)
{
    (void)state;
    char path[64];
    assert_int_equal(mface_model_locate("some/where", path, sizeof path), MFACE_OK);
    assert_string_equal(path, "some/where");
    assert_int_equal(mface_model_locate("mine.onnx", path, sizeof path), MFACE_OK);
    assert_string_equal(path, "mine.onnx");
    assert_int_equal(mface_model_locate("far/too/long", path, 4), MFACE_ERR_ARG);
}

static void test_found_in_named_folder(void **state)
{
    (void)state;
    char path[128], file[128];
    snprintf(file, sizeof file, "%s/face_landmark_68.onnx", folder);
    fclose(fopen(file, "w"));
    setenv("MEMOFACE_MODELS", folder, 1);
    assert_int_equal(mface_model_locate("68", path, sizeof path), MFACE_OK);
    assert_string_equal(path, file);
    unlink(file);
}

static void test_missing_says_what_and_where(void **state)
{
    (void)state;
    char path[128];
    setenv("MEMOFACE_MODELS", folder, 1);
    assert_int_equal(mface_model_locate("ssd", path, sizeof path), MFACE_ERR_NOENT);
    assert_non_null(strstr(message, "ssd_mobilenetv1.onnx"));
    assert_non_null(strstr(message, folder));
    assert_int_equal(mface_model_locate("468", path, sizeof path), MFACE_ERR_NOENT);
    assert_non_null(strstr(message, "facemesh468.onnx"));
}

static void test_found_in_data_home(void **state)
{
    (void)state;
    char path[256], file[256];
    const char *const parts[] = { "/memoface", "/memoface/models" };
    for (int i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s%s", folder, parts[i]);
        assert_int_equal(mkdir(file, 0700), 0);
    }
    snprintf(file, sizeof file, "%s/memoface/models/facemesh468.onnx", folder);
    fclose(fopen(file, "w"));
    setenv("XDG_DATA_HOME", folder, 1);
    assert_int_equal(mface_model_locate("468", path, sizeof path), MFACE_OK);
    assert_string_equal(path, file);
    unlink(file);
    assert_int_equal(mface_model_locate("468", path, sizeof path), MFACE_ERR_NOENT);
    assert_non_null(strstr(message, "make build"));
    for (int i = 1; i >= 0; i--) {
        snprintf(file, sizeof file, "%s%s", folder, parts[i]);
        rmdir(file);
    }
}

static void test_unknown_name(void **state)
{
    (void)state;
    char path[64];
    assert_int_equal(mface_model_locate("yolo", path, sizeof path), MFACE_ERR_ARG);
    assert_non_null(strstr(message, "yolo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_path_is_taken_as_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_found_in_named_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_says_what_and_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_found_in_data_home, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_name, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
