/* What a container would take and nobody could read, and transparency. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static const char *streams_of(const char *file)
{
    return output_of("ffprobe -v error -show_entries format=:stream=codec_name -of csv=p=0 %s | "
                     "tr '\\n' ' '",
        file);
}

static void make_rich(const char *file)
{
    run("printf '1\\n00:00:00,000 --> 00:00:00,500\\nHello\\n' >s.srt; "
        "ffmpeg -v error -y -f lavfi -i testsrc2=s=64x48:r=10:d=0.5 -f lavfi -i sine=d=0.5 -i "
        "s.srt "
        "-map 0 -map 1 -map 2 -c:v libx264 -c:a pcm_s16le -c:s srt %s",
        file);
}

/* Raw pictures with sound between them are no pictures. */
static void test_bare_streams_are_alone(void **state)
{
    (void)state;
    const struct mface_writer_params raw = { .format = "rawvideo", .quality = -1 };
    const struct mface_writer_params images = { .format = "image2pipe", .quality = -1 };
    make_rich("in.mkv");
    assert_int_equal(copy_media("in.mkv", "out.raw", &raw, NULL), MFACE_OK);
    assert_string_equal(output_of("stat -c %%s out.raw"), "23040"); // 5 × 64×48 × 1.5
    assert_int_equal(copy_media("in.mkv", "out.mjpeg", &images, NULL), MFACE_OK);
    assert_string_equal(output_of("ffprobe -v error -count_packets -f mjpeg -show_entries "
                                  "stream=nb_read_packets -of csv=p=0 out.mjpeg"),
        "5");
}

static void test_transport_streams_hold_what_they_can_name(void **state)
{
    (void)state;
    make_rich("in.mkv");
    forget_messages();
    assert_int_equal(copy_media("in.mkv", "out.ts", NULL, NULL), MFACE_OK);
    assert_non_null(strstr(messages(), "pcm_s16le"));
    assert_non_null(strstr(messages(), "subrip"));
    assert_null(strstr(streams_of("out.ts"), "bin_data"));
}

static void test_phone_containers_get_h264(void **state)
{
    (void)state;
    make_rich("in.mkv");
    assert_int_equal(copy_media("in.mkv", "out.3gp", NULL, NULL), MFACE_OK);
    assert_string_equal(streams_of("out.3gp"), "h264 ");
}

static void make_transparent(const char *encoder, const char *format, const char *file)
{
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=64x48:r=10:d=0.5 -vf "
        "format=rgba,colorchannelmixer=aa=0.5 -c:v %s -pix_fmt %s %s",
        encoder, format, file);
}

static void check_said(const char *in, const char *out, bool is_lost)
{
    forget_messages();
    assert_int_equal(copy_media(in, out, NULL, NULL), MFACE_OK);
    const char *said = strstr(messages(), "transparency");
    if ((said != NULL) != is_lost)
        fail_msg("%s to %s: %s", in, out, messages());
}

static void test_lost_transparency_is_said(void **state)
{
    (void)state;
    make_transparent("qtrle", "argb", "half.mov");
    check_said("half.mov", "out.mp4", true);
    check_said("half.mov", "out.webm", false);
    check_said("half.mov", "frames%02d.png", false);
    check_said("half.mov", "frames%02d.jpg", true);
    run("ffmpeg -v error -y -f lavfi -i testsrc=s=64x48:r=10:d=0.5 -c:v qtrle -pix_fmt argb "
        "full.mov");
    check_said("full.mov", "out.mp4", false); // all of it opaque: nothing is lost
}

/* Libav's own decoder of VP9 would leave it behind. */
static void test_transparency_of_vp9_is_kept(void **state)
{
    (void)state;
    make_transparent("libvpx-vp9", "yuva420p", "half.webm");
    check_said("half.webm", "out.webm", false);
    const char *alpha =
        output_of("ffmpeg -v error -c:v libvpx-vp9 -i out.webm -frames:v 1 -vf "
                  "alphaextract,scale=1:1 -f rawvideo -pix_fmt gray - | od -An -tu1");
    assert_in_range(strtol(alpha, NULL, 10), 120, 135);
    check_said("half.webm", "out.mkv", true); // as H.264
    assert_string_equal(
        output_of("ffprobe -v error -show_streams out.mkv | grep -ci alpha_mode"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bare_streams_are_alone),
        cmocka_unit_test(test_transport_streams_hold_what_they_can_name),
        cmocka_unit_test(test_phone_containers_get_h264),
        cmocka_unit_test(test_lost_transparency_is_said),
        cmocka_unit_test(test_transparency_of_vp9_is_kept),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
