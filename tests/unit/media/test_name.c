/* Names that look like something else, and names that cannot be given. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int setup(void **state)
{
    const int failed = fixture_enter(state);
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=64x48:r=10:d=0.5 in.mp4");
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=64x48 -frames:v 1 in.png");
    return failed;
}

/* An MP4 is opened a second time at its end, to put the index in front. */
static void test_a_colon_makes_no_protocol(void **state)
{
    (void)state;
    static const char *const names[] = { "take:2.mp4", "http:x.mp4", "a b:c.mkv" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        run("cp in.mp4 'source:%s'", names[i]);
        char source[64];
        snprintf(source, sizeof source, "source:%s", names[i]);
        forget_messages();
        if (copy_media(source, names[i], NULL, NULL) != MFACE_OK)
            fail_msg("%s: %s", names[i], messages());
        assert_true(file_exists(names[i]));
    }
}

static void test_a_picture_called_like_a_pattern(void **state)
{
    (void)state;
    run("cp in.png 'p%%03d.png'");
    assert_int_equal(copy_media("p%03d.png", "out.png", NULL, NULL), MFACE_OK);
}

static void check_refused(const char *in, const char *out)
{
    const int n_before = n_files_here();
    forget_messages();
    assert_int_equal(copy_media(in, out, NULL, NULL), MFACE_ERR_ARG);
    assert_int_equal(n_messages(), 1);
    assert_int_equal(n_files_here(), n_before);
}

/* Not after the last frame, when it would be too late. */
static void test_a_name_that_is_too_long_is_refused_at_once(void **state)
{
    (void)state;
    char name[6000];
    static const int lengths[] = { 300, 5000 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        snprintf(name, sizeof name, "%0*d.mp4", lengths[i], 0);
        check_refused("in.mp4", name);
        snprintf(name, sizeof name, "%0*d.png", lengths[i], 0);
        check_refused("in.png", name);
    }
}

static void test_pictures_are_not_written_over_those_they_are_made_of(void **state)
{
    (void)state;
    run("for i in 1 2 3; do cp in.png shot_00$i.png; done");
    check_refused("shot_%03d.png", "./shot_%03d.png");
    run("cmp in.png shot_002.png && rm shot_*");
}

static void test_what_cannot_be_renamed_is_kept(void **state)
{
    (void)state;
    struct mface_reader *reader = open_reader("in.mp4");
    const struct mface_writer_params params = { .url = "late.mp4", .quality = -1 };
    struct mface_writer *writer;
    struct mface_frame *frame;
    assert_int_equal(mface_writer_open(&params, reader, &writer), MFACE_OK);
    assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
    assert_int_equal(mface_writer_write(writer, frame), MFACE_OK);
    assert_int_equal(mkdir("late.mp4", 0700), 0); // somebody was faster
    forget_messages();
    assert_int_equal(mface_writer_finish(&writer), MFACE_ERR_IO);
    const char *name = output_of("ls -A | grep '^.late.mp4.*part$'");
    assert_non_null(strstr(messages(), name));
    assert_string_equal(
        output_of("ffprobe -v error -show_entries stream=codec_name -of csv=p=0 ./%s", name),
        "h264");
    mface_frame_unref(&frame);
    mface_reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_colon_makes_no_protocol),
        cmocka_unit_test(test_a_picture_called_like_a_pattern),
        cmocka_unit_test(test_a_name_that_is_too_long_is_refused_at_once),
        cmocka_unit_test(test_pictures_are_not_written_over_those_they_are_made_of),
        cmocka_unit_test(test_what_cannot_be_renamed_is_kept),
    };
    return cmocka_run_group_tests(tests, setup, fixture_leave);
}
