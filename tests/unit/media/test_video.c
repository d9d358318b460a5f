/* Videos through the reader and the writer: pixels, times and everything beside them. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mface_writer_params lossless = { .encoder = "ffv1", .quality = -1 };

static void check_copy(
    const char *in, const char *out, const struct mface_writer_params *params, int64_t n_expected)
{
    int64_t n_frames;
    forget_messages();
    if (copy_media(in, out, params, &n_frames) != MFACE_OK)
        fail_msg("%s to %s: %s", in, out, messages());
    assert_int_equal(n_frames, n_expected);
}

/* Times of all video packets in presentation order, one line. */
static const char *times_of(const char *file)
{
    return output_of("ffprobe -v error -select_streams v:0 -show_entries packet=pts_time -of "
                     "csv=p=0 %s | sort -n | tr '\\n' ' '",
        file);
}

static void check_same_times(const char *a, const char *b)
{
    char *expected = strdup(times_of(a));
    assert_string_equal(times_of(b), expected);
    free(expected);
}

static void check_same_pixels(const char *a, const char *b, const char *pixel_format)
{
    char *expected = strdup(md5_of(a, pixel_format));
    assert_non_null(strstr(expected, "MD5="));
    assert_string_equal(md5_of(b, pixel_format), expected);
    free(expected);
}

static const char *probe(const char *file, const char *entries)
{
    return output_of(
        "ffprobe -v error -show_entries %s -of csv=p=0 %s | tr '\\n' ' '", entries, file);
}

static void test_lossless_copies_are_identical(void **state)
{
    (void)state;
    static const char *const formats[] = { "yuv420p", "yuv420p10le", "yuv422p", "yuv444p12le",
        "nv12", "rgb24", "gray", "gray16le", "gbrp", "yuva420p", "rgb48le" };
    static const char *const sizes[] = { "96:64", "61:33" };
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++)
        for (size_t s = 0; s < 2; s++) {
            run("ffmpeg -v error -y -f lavfi -i 'testsrc2=s=96x64:r=10:d=1,crop=%s:0:0:exact=1' "
                "-pix_fmt %s -c:v rawvideo in.nut",
                sizes[s], formats[f]);
            check_copy("in.nut", "out.mkv", &lossless, 10);
            check_same_pixels("in.nut", "out.mkv", formats[f]);
        }
}

static void test_x264_takes_8_and_10_bits_and_odd_sizes(void **state)
{
    (void)state;
    const struct mface_writer_params exact = { .encoder = "libx264", .quality = 0 };
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=10:d=1 -pix_fmt yuv420p in.mkv");
    check_copy("in.mkv", "out.mp4", &exact, 10);
    check_same_pixels("in.mkv", "out.mp4", "yuv420p");
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=10:d=1 -pix_fmt yuv420p10le -c:v ffv1 "
        "in.mkv");
    check_copy("in.mkv", "out.mp4", NULL, 10);
    assert_string_equal(
        probe("out.mp4", "stream=codec_name,width,height,pix_fmt"), "h264,96,64,yuv420p10le ");
    run("ffmpeg -v error -y -f lavfi -i 'testsrc2=s=96x64:r=10:d=1,crop=61:33:0:0:exact=1' "
        "-pix_fmt yuv420p -c:v ffv1 in.mkv");
    check_copy("in.mkv", "out.mp4", NULL, 10);
    assert_string_equal(
        probe("out.mp4", "stream=codec_name,width,height,pix_fmt"), "h264,61,33,yuv444p ");
    assert_int_equal(n_messages(), 1); // the change of format is said
    assert_non_null(strstr(messages(), "yuv444p"));
}

static void test_variable_rate_keeps_its_times(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=30:d=3 -vf "
        "'select=not(mod(n\\,3))+gt(n\\,60)' -fps_mode vfr -c:v libx264 in.mp4");
    check_copy("in.mp4", "out.mp4", NULL, 50);
    check_same_times("in.mp4", "out.mp4");
    run("ffmpeg -v error -y -i in.mp4 -c copy in.mkv");
    check_copy("in.mkv", "out.mkv", NULL, 50);
    check_same_times("in.mkv", "out.mkv");
    check_copy("in.mp4", "out.avi", NULL, 50); // by the grid of 1/30 s
    char *expected = strdup(output_of("ffprobe -v error -select_streams v -show_entries "
                                      "frame=pts_time -of csv=p=0 in.mp4 | tail -n 1"));
    assert_string_equal(output_of("ffprobe -v error -select_streams v -show_entries "
                                  "frame=pts_time -of csv=p=0 out.avi | tail -n 1"),
        expected);
    free(expected);
}

static void test_start_offset_is_kept(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -itsoffset 0.4 -f lavfi -i testsrc2=s=96x64:r=25:d=1 -f lavfi -i "
        "sine=d=1.4 -c:v libx264 -c:a aac -copyts in.mp4");
    check_copy("in.mp4", "out.mp4", NULL, 25);
    check_same_times("in.mp4", "out.mp4");
    check_copy("in.mp4", "out.mkv", NULL, 25);
    assert_string_equal(probe("out.mkv", "stream=start_time"), "0.400000 -0.023000 ");
}

static void make_rich(void)
{
    FILE *meta = fopen("meta.txt", "w"), *titles = fopen("titles.srt", "w");
    assert_non_null(meta);
    assert_non_null(titles);
    fputs(";FFMETADATA1\ntitle=A title\ncomment=hello\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\n"
          "END=1000\ntitle=one\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=two\n",
        meta);
    fputs("1\n00:00:00,500 --> 00:00:01,500\nsome words\n", titles);
    fclose(meta);
    fclose(titles);
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=30000/1001:d=2 -f lavfi -i sine=d=2 "
        "-f lavfi -i sine=440:d=2 -i titles.srt -i meta.txt -map 0 -map 1 -map 2 -map 3 "
        "-map_metadata 4 -c:v libx264 -vf setsar=4/3 -pix_fmt yuv420p -color_range tv "
        "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:a aac -c:s mov_text "
        "-metadata:s:a:0 language=deu -metadata:s:a:1 language=fra -disposition:a:1 default "
        "rich.mp4");
}

static void test_other_streams_are_copied(void **state)
{
    (void)state;
    make_rich();
    check_copy("rich.mp4", "out.mp4", NULL, 60);
    assert_int_equal(n_messages(), 0);
    assert_string_equal(probe("out.mp4", "stream=codec_name"), "h264 aac aac mov_text bin_data ");
    assert_string_equal(probe("out.mp4", "stream_tags=language"), "und deu fra und eng ");
    char *sound = strdup(output_of("ffmpeg -v error -i rich.mp4 -map 0:a -c copy -f md5 -"));
    assert_string_equal(output_of("ffmpeg -v error -i out.mp4 -map 0:a -c copy -f md5 -"), sound);
    free(sound);
    char *words = strdup(output_of("ffmpeg -v error -i rich.mp4 -map 0:s -f srt - | md5sum"));
    assert_string_equal(output_of("ffmpeg -v error -i out.mp4 -map 0:s -f srt - | md5sum"), words);
    free(words);
}

static void test_what_a_container_cannot_hold_is_named_once(void **state)
{
    (void)state;
    make_rich();
    check_copy("rich.mp4", "out.mkv", NULL, 60);
    assert_string_equal(probe("out.mkv", "stream=codec_name"), "h264 aac aac ");
    assert_int_equal(n_messages(), 1);
    assert_non_null(strstr(messages(), "mov_text"));
}

static void test_tags_and_chapters_are_kept(void **state)
{
    (void)state;
    static const char *const pairs[] = { "made_by", "a test", "model_digest", "0123", NULL };
    const struct mface_writer_params params = { .quality = -1, .metadata = pairs };
    make_rich();
    check_copy("rich.mp4", "out.mp4", &params, 60);
    check_same_times("rich.mp4", "out.mp4");
    const char *color = "stream=sample_aspect_ratio,color_range,color_space,color_transfer,"
                        "color_primaries,avg_frame_rate";
    char *expected = strdup(output_of(
        "ffprobe -v error -select_streams v -show_entries %s -of csv=p=0 rich.mp4", color));
    assert_string_equal(output_of("ffprobe -v error -select_streams v -show_entries %s -of "
                                  "csv=p=0 out.mp4",
                            color),
        expected);
    free(expected);
    assert_string_equal(probe("out.mp4", "format_tags=title"), "A title ");
    assert_string_equal(probe("out.mp4", "format_tags=model_digest"), "0123 ");
    assert_non_null(strstr(probe("out.mp4", "format_tags=comment"), "hello"));
    assert_non_null(strstr(probe("out.mp4", "format_tags=comment"), "made_by=a test"));
    assert_string_equal(probe("out.mp4", "chapter=start_time,end_time:chapter_tags=title"),
        "0.000000,1.000000,one 1.000000,2.000000,two ");
}

static void test_rotation_is_a_tag_or_done(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=10:d=1 -c:v libx264 -pix_fmt yuv420p "
        "flat.mp4 && ffmpeg -v error -y -i flat.mp4 -c copy -metadata:s:v rotate=90 in.mp4");
    check_copy("in.mp4", "out.mp4", NULL, 10);
    assert_non_null(strstr(probe("out.mp4", "stream=width,height"), "96,64"));
    assert_non_null(strstr(
        output_of("ffprobe -v error -show_streams out.mp4 | grep ^rotation="), "rotation=90"));
    check_copy("in.mp4", "out.mkv", &lossless, 10);
    assert_string_equal(probe("out.mkv", "stream=width,height"), "64,96 ");
    check_same_pixels("in.mp4", "out.mkv", "yuv420p");
}

static void test_one_frame_and_no_sound(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=25 -frames:v 1 -c:v libx264 in.mp4");
    check_copy("in.mp4", "out.mp4", NULL, 1);
    assert_string_equal(
        output_of("ffprobe -v error -count_frames -show_entries stream=codec_type,nb_read_frames "
                  "-show_entries format=duration -of csv=p=0 out.mp4 | tr '\\n' ' '"),
        "video,1 0.040000 ");
}

static void test_container_picks_the_encoder(void **state)
{
    (void)state;
    static const char *const rows[][2] = { { "o.mp4", "h264" }, { "o.mov", "h264" },
        { "o.mkv", "h264" }, { "o.ts", "h264" }, { "o.webm", "vp9" }, { "o.avi", "ffv1" },
        { "o.nut", "ffv1" }, { "o.gif", "gif" } };
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=10:d=1 -c:v libx264 in.mp4");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_copy("in.mp4", rows[i][0], NULL, 10);
        assert_string_equal(output_of("ffprobe -v error -count_frames -show_entries "
                                      "stream=codec_name,nb_read_frames -of csv=p=0 %s",
                                rows[i][0]) +
                                strlen(rows[i][1]),
            ",10");
    }
}

/* One place between two threads. */
struct slot {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct mface_frame *frame;
    bool ended;
    struct mface_reader *reader;
};

static void *read_into_slot(void *arg)
{
    struct slot *slot = arg;
    struct mface_frame *frame = NULL;
    while (mface_reader_read(slot->reader, &frame) == MFACE_OK) {
        pthread_mutex_lock(&slot->lock);
        while (slot->frame)
            pthread_cond_wait(&slot->changed, &slot->lock);
        slot->frame = frame;
        pthread_cond_signal(&slot->changed);
        pthread_mutex_unlock(&slot->lock);
    }
    pthread_mutex_lock(&slot->lock);
    slot->ended = true;
    pthread_cond_signal(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
    return NULL;
}

static struct mface_frame *take_from_slot(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    while (!slot->frame && !slot->ended)
        pthread_cond_wait(&slot->changed, &slot->lock);
    struct mface_frame *frame = slot->frame;
    slot->frame = NULL;
    pthread_cond_signal(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
    return frame;
}

static void test_reader_and_writer_on_two_threads(void **state)
{
    (void)state;
    make_rich();
    struct slot slot = { .reader = open_reader("rich.mp4") };
    struct mface_writer_params params = lossless;
    params.url = "out.mkv";
    struct mface_writer *writer;
    struct mface_frame *frame;
    pthread_t thread;
    pthread_mutex_init(&slot.lock, NULL);
    pthread_cond_init(&slot.changed, NULL);
    assert_int_equal(mface_writer_open(&params, slot.reader, &writer), MFACE_OK);
    pthread_create(&thread, NULL, read_into_slot, &slot);
    while ((frame = take_from_slot(&slot))) {
        assert_int_equal(mface_writer_write(writer, frame), MFACE_OK);
        mface_frame_unref(&frame);
    }
    pthread_join(thread, NULL);
    mface_reader_close(&slot.reader); // the writer does not need it any more
    assert_int_equal(mface_writer_finish(&writer), MFACE_OK);
    check_same_pixels("rich.mp4", "out.mkv", "yuv420p");
    char *sound = strdup(output_of("ffmpeg -v error -i rich.mp4 -map 0:a:1 -c copy -f md5 -"));
    assert_string_equal(output_of("ffmpeg -v error -i out.mkv -map 0:a:1 -c copy -f md5 -"), sound);
    free(sound);
}

static void test_covers_and_attachments_are_copied(void **state)
{
    (void)state;
    make_rich();
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=64x64 -frames:v 1 -update 1 cover.jpg && "
        "ffmpeg -v error -y -i rich.mp4 -i cover.jpg -map 0:v -map 0:a:0 -map 1 -c copy "
        "-disposition:v:1 attached_pic in.mp4");
    check_copy("in.mp4", "out.mp4", NULL, 60);
    assert_non_null(strstr(probe("out.mp4", "stream=codec_name"), "mjpeg"));
    check_copy("in.mp4", "out.mkv", NULL, 60);
    assert_string_equal(probe("out.mkv", "stream=codec_name:stream_disposition=attached_pic"),
        "h264,0 aac,0 mjpeg,1 ");
    run("ffmpeg -v error -y -i rich.mp4 -map 0:v -c copy -attach titles.srt -metadata:s:t "
        "mimetype=text/plain in.mkv");
    check_copy("in.mkv", "out.mkv", NULL, 60);
    assert_string_equal(probe("out.mkv", "stream=codec_type"), "video attachment ");
    assert_int_equal(n_messages(), 0);
}

static void test_streams_without_times_or_seeking(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=25:d=1 -c:v libx264 in.h264");
    check_copy("in.h264", "out.mp4", NULL, 25);
    assert_string_equal(probe("out.mp4", "stream=avg_frame_rate,nb_frames"), "25/1,25 ");
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=25:d=1 -c:v libx264 in.ts");
    run("mkfifo pipe.ts; cat in.ts > pipe.ts &");
    check_copy("pipe.ts", "out.mp4", NULL, 25);
    assert_string_equal(probe("out.mp4", "stream=start_time"), "0.000000 "); // live: from 0
    check_copy("in.mp4", "out.m3u8", NULL, 60);
    assert_true(file_exists("out0.ts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lossless_copies_are_identical),
        cmocka_unit_test(test_x264_takes_8_and_10_bits_and_odd_sizes),
        cmocka_unit_test(test_variable_rate_keeps_its_times),
        cmocka_unit_test(test_start_offset_is_kept),
        cmocka_unit_test(test_other_streams_are_copied),
        cmocka_unit_test(test_what_a_container_cannot_hold_is_named_once),
        cmocka_unit_test(test_tags_and_chapters_are_kept),
        cmocka_unit_test(test_rotation_is_a_tag_or_done),
        cmocka_unit_test(test_one_frame_and_no_sound),
        cmocka_unit_test(test_container_picks_the_encoder),
        cmocka_unit_test(test_reader_and_writer_on_two_threads),
        cmocka_unit_test(test_covers_and_attachments_are_copied),
        cmocka_unit_test(test_streams_without_times_or_seeking),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
