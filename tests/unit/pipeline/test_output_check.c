/* What may be written over, and what may not. */
#include "pipeline/output_check.h"
#include <memoface/log.h>

#include "../cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "output-check-XXXXXX";

static void ignore(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
}

static void touch(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static int setup(void **state)
{
    (void)state;
    mface_log_set(ignore, NULL);
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    touch("in.mp4");
    touch("taken.mp4");
    touch("frame_0007.png");
    return symlink("in.mp4", "link.mp4") || link("in.mp4", "hard.mp4") || mkdir("empty", 0777) ||
                   mkdir("full", 0777)
               ? -1
               : (touch("full/a.png"), 0);
}

static int teardown(void **state)
{
    (void)state;
    static const char *const files[] = { "in.mp4", "taken.mp4", "frame_0007.png", "link.mp4",
        "hard.mp4", "full/a.png" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
    return rmdir("empty") || rmdir("full") || chdir("..") || rmdir(folder);
}

static void test_cases(void **state)
{
    (void)state;
    static const struct {
        const char *input, *output;
        bool overwrite;
        enum mface_status expected;
    } cases[] = {
        { "in.mp4", "new.mp4", false, MFACE_OK },
        { "in.mp4", "taken.mp4", false, MFACE_ERR_ARG },
        { "in.mp4", "taken.mp4", true, MFACE_OK },
        { "in.mp4", "in.mp4", true, MFACE_ERR_ARG },
        { "in.mp4", "./in.mp4", true, MFACE_ERR_ARG },
        { "in.mp4", "link.mp4", true, MFACE_ERR_ARG },
        { "in.mp4", "hard.mp4", true, MFACE_ERR_ARG },
        { "missing.mp4", "missing.mp4", true, MFACE_ERR_ARG },
        { "in.mp4", "frame_%04d.png", false, MFACE_ERR_ARG },
        { "in.mp4", "frame_%04d.png", true, MFACE_OK },
        { "in.mp4", "other_%d.png", false, MFACE_OK },
        { "in.mp4", "100%.mp4", false, MFACE_OK },
        { "full", "full", true, MFACE_ERR_ARG },
        { "full", "empty", false, MFACE_OK },
        { "empty", "full", false, MFACE_ERR_ARG },
        { "in.mp4", "/dev/null", false, MFACE_OK },
        { "in.mp4", "rtmp://host/app", false, MFACE_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(mface_output_check(cases[i].input, cases[i].output, cases[i].overwrite),
            cases[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
