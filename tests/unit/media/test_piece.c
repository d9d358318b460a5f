/* A piece of a video: just the frames between two times, from whatever container, and the sound,
 * subtitles and chapters that belong to them. */
#include "fixture.h"

#include "media/reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 200 };

struct frames {
    int n, n_passed;
    int64_t n_said; // what was told before
    struct mface_key keys[FRAMES_MAX];
    double times[FRAMES_MAX]; // from the input's beginning
};

/* Frames, if the input opens; a piece that holds none does not. */
static void read_piece(const char *url, double start_s, double end_s, struct frames *frames)
{
    const struct mface_reader_params params = {
        .url = url, .threads = 2, .start_s = start_s, .end_s = end_s
    };
    struct mface_reader *reader;
    struct mface_reader_info info;
    struct mface_frame *frame = NULL;
    enum mface_status status;
    *frames = (struct frames) { 0 };
    status = mface_reader_open(&params, &reader);
    if (status == MFACE_ERR_ARG && strstr(messages(), "no frame from "))
        return forget_messages();
    if (status != MFACE_OK)
        fail_msg("%s: %s", url, messages());
    mface_reader_get_info(reader, &info);
    while ((status = mface_reader_read(reader, &frame)) == MFACE_OK) {
        assert_true(frames->n < FRAMES_MAX);
        assert_int_equal(mface_frame_index(frame), frames->n);
        frames->keys[frames->n] = mface_frame_key(frame);
        frames->times[frames->n++] = (double)reader->now * av_q2d(reader->time_base) -
                                     (double)mface_demux_start_us(&reader->demux) / AV_TIME_BASE;
        mface_frame_unref(&frame);
    }
    assert_int_equal(status, MFACE_ERR_EOF);
    assert_int_equal(mface_reader_read(reader, &frame), MFACE_ERR_EOF);
    frames->n_passed = (int)reader->n_passed;
    frames->n_said = info.n_frames;
    mface_reader_close(&reader);
}

/* Whether the piece is those frames of the whole that lie in it. */
static void check_piece(
    const char *url, const struct frames *whole, double start_s, double end_s, struct frames *piece)
{
    int first = 0, n = 0;
    const double end = end_s > 0 ? end_s : 1e9, tick = 1e-5;
    while (first < whole->n && whole->times[first] < start_s - tick)
        first++;
    while (first + n < whole->n && whole->times[first + n] < end - tick)
        n++;
    read_piece(url, start_s, end_s, piece);
    if (piece->n != n || memcmp(piece->keys, whole->keys + first, (size_t)n * sizeof *piece->keys))
        fail_msg("%s from %g to %g: %d frames, not the %d from the %dth on", url, start_s, end_s,
            piece->n, n, first);
}

static const struct {
    const char *file, *options;
    double fps; // 0: variable
} clips[] = {
    { "b.mp4", "-c:v libx264 -bf 3 -g 12 -c:a aac", 25 },
    { "late.mp4", "-c:v libx264 -bf 3 -g 12 -c:a aac -output_ts_offset 100", 25 },
    { "long.ts", "-c:v libx264 -bf 3 -g 60 -c:a aac", 25 }, // no key frame marks most of it
    { "open.mkv", "-c:v libx264 -bf 3 -x264-params open-gop=1:keyint=12:b-adapt=0 -c:a libopus",
        25 },
    { "fields.mpg",
        "-c:v mpeg2video -flags +ildct+ilme -vf setfield=tff -bf 2 -g 9 -sc_threshold 1000000000 "
        "-c:a mp2",
        25 },
    { "vary.mkv", "-vf 'select=not(mod(n\\,3))+gt(n\\,40)' -fps_mode vfr -c:v libx264 -g 10 -an",
        0 },
    { "raw.h264", "-c:v libx264 -bf 3 -g 12 -an", 0 }, // no times at all
    { "all.avi", "-c:v mjpeg -q:v 3 -c:a pcm_s16le", 25 },
};

enum { N_CLIPS = sizeof clips / sizeof clips[0] };

static void make_clip(int i)
{
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=25:d=3 -f lavfi -i sine=d=3 "
        "-pix_fmt yuv%sp -preset ultrafast %s %s",
        strstr(clips[i].options, "mjpeg") ? "j420" : "420", clips[i].options, clips[i].file);
}

static void test_a_piece_is_the_frames_between(void **state)
{
    (void)state;
    static struct frames whole, piece;
    static const double times[][2] = { { 0, 0.5 }, { 0.04, 0.08 }, { 0.43, 0.6 }, { 0.45, 1 },
        { 0.48, 2.96 }, { 1.01, 1.5 }, { 1.32, 1.36 }, { 1.6, 0 }, { 2.4, 99 }, { 2.9, 2.98 } };
    for (int i = 0; i < N_CLIPS; i++) {
        make_clip(i);
        read_piece(clips[i].file, 0, 0, &whole);
        assert_true(whole.n > 20);
        forget_messages();
        for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
            const double start_s = times[k][0], end_s = times[k][1];
            check_piece(clips[i].file, &whole, start_s, end_s, &piece);
            /* How many there are in all is an estimate in containers without an index. */
            const int slack = end_s > 0 && end_s < 2.5 ? 0 : 3;
            if (clips[i].fps > 0 && abs((int)piece.n_said - piece.n) > slack)
                fail_msg("%s from %g to %g: %d frames, announced %d", clips[i].file, start_s, end_s,
                    piece.n, (int)piece.n_said);
        }
        if (n_messages() > 0)
            fail_msg("%s: %s", clips[i].file, messages());
    }
}

/* By seeking only a way of at most a GOP and a second is decoded in vain; a pipe is read through.
 */
static void test_what_can_be_sought_in_is(void **state)
{
    (void)state;
    static struct frames whole, sought, piped;
    static const int in_pipes[] = { 2, 3 }; // of clips; an MP4's index is elsewhere
    for (size_t i = 0; i < sizeof in_pipes / sizeof in_pipes[0]; i++) {
        const char *file = clips[in_pipes[i]].file;
        make_clip(in_pipes[i]);
        read_piece(file, 0, 0, &whole);
        check_piece(file, &whole, 2.6, 2.8, &sought);
        assert_in_range(sought.n_passed, 1, 25 + 24 + 1 + (i == 0 ? 60 - 24 : 0));
        run("rm -f pipe; mkfifo pipe; cat %s >pipe &", file);
        check_piece("pipe", &whole, 2.6, 2.8, &piped);
        assert_int_equal(piped.n_passed, (int)(2.6 * 25));
        assert_int_equal(piped.n_said, piped.n);
    }
}

/* What ffmpeg finds between two times. */
static void test_ffmpeg_finds_as_many(void **state)
{
    (void)state;
    static struct frames piece;
    for (int i = 0; i < 2; i++) { // in MPEG-TS it misses what comes before a key frame
        make_clip(i);
        read_piece(clips[i].file, 0.7, 2.3, &piece);
        assert_int_equal(atoi(output_of("ffmpeg -v error -ss 0.7 -to 2.3 -i %s -map 0:v "
                                        "-fps_mode passthrough -f framemd5 - | grep -vc '#'",
                             clips[i].file)),
            piece.n);
    }
}

static enum mface_status copy_piece(const char *in, const char *out, double start_s, double end_s)
{
    const struct mface_reader_params source = { .url = in, .start_s = start_s, .end_s = end_s };
    const struct mface_writer_params target = { .url = out, .quality = -1, .speed = "ultrafast" };
    forget_messages();
    return copy_between(&source, &target, NULL);
}

enum { SAMPLES = 43200 };

/* The decoded sound from a time on, for 0.9 s. */
static void read_sound(const char *file, double from_s, int16_t samples[SAMPLES])
{
    char command[512];
    snprintf(command, sizeof command,
        "ffmpeg -v error -i %s -map 0:a -af atrim=%f:%f -ar 48000 -ac 1 -f s16le -", file, from_s,
        from_s + 0.9);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fread(samples, sizeof *samples, SAMPLES, pipe), SAMPLES);
    pclose(pipe);
}

static void check_same_sound(const char *whole, double from_s, const char *piece)
{
    static int16_t expected[SAMPLES], samples[SAMPLES];
    read_sound(whole, from_s, expected);
    read_sound(piece, 0, samples);
    for (int i = 0; i < SAMPLES; i++)
        if (abs(samples[i] - expected[i]) > 2) // AAC's noise is not the same every time
            fail_msg("sample %d: %d, not %d", i, samples[i], expected[i]);
}

/* Sample by sample: what is heard with a frame of the input is heard with it in the piece. */
static void test_sound_stays_with_its_picture(void **state)
{
    (void)state;
    static const char *const codecs[] = { "-c:a aac",
        "-c:a pcm_s16le -f mov -output_ts_offset 20" };
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=25:d=3 -f lavfi -i "
            "aevalsrc='sin(500*t*t)':d=3:s=48000 -c:v libx264 -bf 3 -g 12 -preset ultrafast %s "
            "in.mp4",
            codecs[i]);
        assert_int_equal(copy_piece("in.mp4", "out.mov", 1.17, 2.2), MFACE_OK); // from 1.2 on
        check_same_sound("in.mp4", 1.2, "out.mov");
        assert_string_equal(output_of("ffprobe -v error -count_frames -show_entries "
                                      "stream=start_time,nb_read_frames -of csv=p=0 out.mov | "
                                      "head -n 1"),
            "0.000000,25");
        const double sound_s = atof(output_of("ffprobe -v error -select_streams a -show_entries "
                                              "stream=duration -of csv=p=0 out.mov"));
        assert_float_equal(sound_s, 1, 0.03);
    }
}

/* Where nothing may come before 0, the first packet that does not begins the sound, at its time. */
static void test_sound_without_negative_times(void **state)
{
    (void)state;
    make_clip(0);
    const double first_s = atof(output_of("ffprobe -v error -select_streams a -show_entries "
                                          "packet=pts_time -of csv=p=0 b.mp4 | awk '$1 >= 1.2'"));
    static const char *const files[] = { "out.mkv", "out.ts" };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(copy_piece("b.mp4", files[i], 1.2, 2.2), MFACE_OK);
        const double video_s = atof(output_of("ffprobe -v error -select_streams v -show_entries "
                                              "stream=start_time -of csv=p=0 %s | head -n 1",
            files[i]));
        const double sound_s = atof(output_of("ffprobe -v error -select_streams a -show_entries "
                                              "stream=start_time -of csv=p=0 %s | head -n 1",
            files[i]));
        assert_float_equal(sound_s - video_s, first_s - 1.2, 1e-3);
        assert_true(i == 1 || video_s == 0);
    }
}

/* Two seconds of pictures, then their sound: when the last picture is read, no sound has been. */
static void test_sound_that_lies_behind_is_waited_for(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=25:d=4 -f lavfi -i sine=d=4 -c:v "
        "libx264 -g 50 -preset ultrafast -c:a aac -movflags +frag_keyframe+empty_moov in.mp4");
    run("rm -f pipe; mkfifo pipe; cat in.mp4 >pipe &");
    assert_int_equal(copy_piece("pipe", "out.mov", 0.4, 1), MFACE_OK);
    const double sound_s = atof(output_of("ffprobe -v error -select_streams a -show_entries "
                                          "stream=duration -of csv=p=0 out.mov"));
    assert_float_equal(sound_s, 0.6, 0.03);
}

/* The picture comes later than the sound: where the piece begins before it, the sound leads. */
static void test_sound_before_the_picture_is_kept(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -itsoffset 1 -f lavfi -i testsrc2=s=96x64:r=25:d=1 -f lavfi -i "
        "sine=d=2 -c:v libx264 -c:a pcm_s16le in.mkv");
    assert_int_equal(copy_piece("in.mkv", "out.mkv", 0.5, 1.5), MFACE_OK);
    assert_string_equal(
        output_of("ffprobe -v error -select_streams v -show_entries stream=start_time -of "
                  "csv=p=0 out.mkv"),
        "0.500000");
}

static void test_subtitles_and_chapters_are_cut(void **state)
{
    (void)state;
    FILE *titles = fopen("titles.srt", "w"), *meta = fopen("meta.txt", "w");
    assert_true(titles && meta);
    fputs("1\n00:00:00,000 --> 00:00:00,400\ngone\n\n2\n00:00:01,000 --> 00:00:01,500\nfirst\n\n"
          "3\n00:00:01,800 --> 00:00:02,900\nlast\n",
        titles);
    fputs(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=one\n[CHAPTER]\n"
          "TIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=two\n",
        meta);
    fclose(titles);
    fclose(meta);
    make_clip(0);
    run("ffmpeg -v error -y -i b.mp4 -i titles.srt -i meta.txt -map 0:v -map 1 -map_metadata 2 -c "
        "copy in.mkv");
    assert_int_equal(copy_piece("in.mkv", "out.mkv", 1.2, 2.2), MFACE_OK);
    assert_string_equal(
        output_of("ffprobe -v error -select_streams s -show_entries "
                  "packet=pts_time,duration_time -of csv=p=0 out.mkv | tr '\\n' ' '"),
        "0.000000,0.300000 0.600000,0.400000 ");
    assert_string_equal(output_of("ffprobe -v error -show_entries "
                                  "chapter=start_time,end_time:chapter_tags=title -of csv=p=0 "
                                  "out.mkv | tr '\\n' ' '"),
        "0.000000,1.000000,two ");
}

/* No file is left where there is nothing to put in it. */
static void test_pieces_that_are_none(void **state)
{
    (void)state;
    static const struct {
        double start_s, end_s;
        const char *said;
    } rows[] = { { 99, 0, "no frame at 99 s or later: it ends at 3.0" },
        { 3, 4, "no frame at 3 s or later" }, { 1.01, 1.02, "no frame from 1.01 s to 1.02 s" },
        { 2, 2, "the start, 2 s, is not before the end, 2 s" }, { 2, 1, "is not before" },
        { -1, 0, "start and end are 0 to" }, { 0, -1, "start and end are 0 to" },
        { NAN, 0, "start and end are 0 to" }, { 0, INFINITY, "start and end are 0 to" } };
    make_clip(0);
    run("ffmpeg -v error -y -i b.mp4 -frames:v 3 f_%%d.png && rm -rf folder && mkdir folder && cp "
        "f_1.png folder && rm -f out.mkv");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            copy_piece("b.mp4", "out.mkv", rows[i].start_s, rows[i].end_s), MFACE_ERR_ARG);
        if (n_messages() != 1 || !strstr(messages(), rows[i].said))
            fail_msg("%g to %g: %s", rows[i].start_s, rows[i].end_s, messages());
    }
    static const char *const images[] = { "f_1.png", "f_%d.png", "folder" };
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        for (int has_end = 0; has_end < 2; has_end++) {
            assert_int_equal(
                copy_piece(images[i], "out.mkv", has_end ? 0 : 1, has_end), MFACE_ERR_ARG);
            assert_non_null(strstr(messages(), "for videos, not for images"));
            assert_int_equal(n_messages(), 1);
        }
    assert_false(file_exists("out.mkv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_piece_is_the_frames_between),
        cmocka_unit_test(test_what_can_be_sought_in_is),
        cmocka_unit_test(test_ffmpeg_finds_as_many),
        cmocka_unit_test(test_sound_stays_with_its_picture),
        cmocka_unit_test(test_sound_without_negative_times),
        cmocka_unit_test(test_sound_that_lies_behind_is_waited_for),
        cmocka_unit_test(test_sound_before_the_picture_is_kept),
        cmocka_unit_test(test_subtitles_and_chapters_are_cut),
        cmocka_unit_test(test_pieces_that_are_none),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
