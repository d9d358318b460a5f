/* Options of FFmpeg's for the encoder (x264 writes what it was told into its stream) and for what
 * is read. */
#include "fixture.h"

#include <string.h>

static int make_input(void **state)
{
    if (fixture_enter(state) != 0)
        return -1;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v ffv1 in.mkv");
    return 0;
}

/* " - options: cabac=1 ref=1 …" */
static const char *options_in(const char *file)
{
    return output_of("grep -a -o -m1 -e ' - options: [ -~]*' %s", file);
}

static const char *told(const char *encoder_options, int quality)
{
    const struct mface_writer_params params = {
        .encoder = "libx264", .encoder_options = encoder_options, .quality = quality
    };
    assert_int_equal(copy_media("in.mkv", "out.mp4", &params, NULL), MFACE_OK);
    return options_in("out.mp4");
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in '%s'", part, text);
}

static void test_options_go_before_what_was_chosen(void **state)
{
    (void)state;
    assert_holds(told(NULL, -1), " crf=18.0 ");
    assert_holds(told("", -1), " ref=1 "); // veryfast
    assert_holds(told("crf=31:refs=4", -1), " crf=31.0 ");
    assert_holds(told("crf=31:refs=4", -1), " ref=4 ");
    assert_holds(told("preset=ultrafast", -1), " cabac=0 ");
    assert_holds(told("g=7", -1), " keyint=7 ");
}

static void test_a_bitrate_takes_the_place_of_quality(void **state)
{
    (void)state;
    const char *options = told("b=300k:maxrate=300k:bufsize=600k", -1);
    assert_holds(options, " bitrate=300 ");
    assert_holds(options, " vbv_maxrate=300 ");
    assert_null(strstr(options, " crf="));
    assert_holds(told("qp=20", -1), " rc=cqp ");
    assert_holds(told("maxrate=300k:bufsize=600k", 22), " crf=22.0 ");
    assert_holds(told("b=300k:maxrate=300k:bufsize=600k", 22), " crf=22.0 "); // asked for
}

/* Packets of a transport stream would cut what x264 tells. */
static const char *told_for_viewers(const char *encoder_options)
{
    const struct mface_writer_params params = { .encoder_options = encoder_options, .quality = -1 };
    assert_int_equal(copy_media("in.mkv", "out.m3u8", &params, NULL), MFACE_OK);
    run("ffmpeg -v error -y -i out.m3u8 -c copy joined.mp4");
    return options_in("joined.mp4");
}

static void test_who_joins_midway_gets_a_key_frame(void **state)
{
    (void)state;
    assert_holds(told(NULL, -1), " keyint=250 ");
    assert_holds(told_for_viewers(NULL), " keyint=20 ");
    assert_holds(told_for_viewers("g=30"), " keyint=30 ");
}

static void check_refused(const char *encoder_options, const char *word)
{
    const struct mface_writer_params params = { .encoder_options = encoder_options, .quality = -1 };
    const int n_before = n_files_here();
    forget_messages();
    assert_int_equal(copy_media("in.mkv", "new.mp4", &params, NULL), MFACE_ERR_ARG);
    assert_int_equal(n_messages(), 1);
    assert_holds(messages(), word);
    assert_int_equal(n_files_here(), n_before);
}

static void test_what_the_encoder_does_not_know_is_said(void **state)
{
    (void)state;
    check_refused("g=12:bitrait=3", "libx264 has no option 'bitrait'");
    check_refused("fast", "'fast' is not of the form");
    check_refused("g=often", "often");
}

static enum mface_status open_raw(const char *options, struct mface_reader **reader)
{
    const struct mface_reader_params params = {
        .url = "in.yuv", .format = "rawvideo", .options = options
    };
    forget_messages();
    return mface_reader_open(&params, reader);
}

static void test_an_input_is_read_as_said(void **state)
{
    (void)state;
    struct mface_reader *reader;
    struct mface_reader_info info;
    run("ffmpeg -v error -y -i in.mkv -pix_fmt gray in.yuv");
    assert_int_equal(open_raw("video_size=64x48:pixel_format=gray:framerate=7", &reader), MFACE_OK);
    mface_reader_get_info(reader, &info);
    mface_reader_close(&reader);
    assert_int_equal(info.w, 64);
    assert_int_equal(info.n_frames, 10);
    assert_float_equal(info.fps, 7, 1e-9);
    assert_string_equal(info.pixel_format, "gray");
}

static void check_unread(const char *options, const char *word)
{
    struct mface_reader *reader;
    run("ffmpeg -v error -y -i in.mkv -pix_fmt gray in.yuv");
    assert_int_equal(open_raw(options, &reader), MFACE_ERR_ARG);
    assert_null(reader);
    assert_int_equal(n_messages(), 1);
    assert_holds(messages(), word);
}

static void test_what_an_input_does_not_know_is_said(void **state)
{
    (void)state;
    check_unread("video_size=64x48:fremarate=7", "rawvideo has no option 'fremarate'");
    check_unread("fast", "'fast' is not of the form");
    check_unread("video_size=wide", "wide");
    run("mkdir -p pictures && ffmpeg -v error -y -i in.mkv pictures/%%d.png");
    const struct mface_reader_params params = { .url = "pictures", .options = "framerate=7" };
    struct mface_reader *reader;
    forget_messages();
    assert_int_equal(mface_reader_open(&params, &reader), MFACE_ERR_ARG);
    assert_holds(messages(), "framerate=7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_go_before_what_was_chosen),
        cmocka_unit_test(test_a_bitrate_takes_the_place_of_quality),
        cmocka_unit_test(test_who_joins_midway_gets_a_key_frame),
        cmocka_unit_test(test_what_the_encoder_does_not_know_is_said),
        cmocka_unit_test(test_an_input_is_read_as_said),
        cmocka_unit_test(test_what_an_input_does_not_know_is_said),
    };
    return cmocka_run_group_tests_name("media options", tests, make_input, fixture_leave);
}
