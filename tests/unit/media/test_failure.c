/* What goes wrong: every case has its status, its one line, and leaves nothing behind. */
#include "fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int make_inputs(void **state)
{
    if (fixture_enter(state) != 0)
        return -1;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=320x240:r=30:d=2 -f lavfi -i sine=d=2 -c:v "
        "libx264 -pix_fmt yuv420p -g 15 -c:a aac -movflags +faststart in.mp4");
    run("ffmpeg -v error -y -i in.mp4 -c copy in.mkv");
    run("echo some words > words.txt; cp words.txt words.mp4; : > empty.mp4");
    return 0;
}

static void check_open(const char *url, enum mface_status expected)
{
    const struct mface_reader_params params = { .url = url };
    struct mface_reader *reader = NULL;
    forget_messages();
    assert_int_equal(mface_reader_open(&params, &reader), expected);
    assert_null(reader);
    assert_int_equal(n_messages(), 1);
    assert_ptr_equal(strstr(messages(), url), messages()); // names the file first
}

static void test_inputs_that_are_none(void **state)
{
    (void)state;
    check_open("nowhere.mp4", MFACE_ERR_NOENT);
    check_open("words.txt", MFACE_ERR_FORMAT);
    check_open("words.mp4", MFACE_ERR_FORMAT);
    check_open("empty.mp4", MFACE_ERR_FORMAT);
    run("ffmpeg -v error -y -i in.mp4 -vn -c copy sound.m4a; mkdir -p hollow");
    check_open("sound.m4a", MFACE_ERR_UNSUPPORTED);
    check_open("hollow", MFACE_ERR_NOENT);
    const struct mface_reader_params params = { .url = "in.mp4", .format = "nonsense" };
    struct mface_reader *reader = NULL;
    assert_int_equal(mface_reader_open(&params, &reader), MFACE_ERR_UNSUPPORTED);
}

static void check_write(
    const char *out, const struct mface_writer_params *params, enum mface_status expected)
{
    const int n_before = n_files_here();
    forget_messages();
    assert_int_equal(copy_media("in.mp4", out, params, NULL), expected);
    assert_int_equal(n_messages(), 1);
    assert_int_equal(n_files_here(), n_before);
}

static void test_outputs_that_cannot_be(void **state)
{
    (void)state;
    check_write("no/such/folder/out.mp4", NULL, MFACE_ERR_NOENT);
    check_write("no/such/folder/out.m3u8", NULL, MFACE_ERR_NOENT);
    check_write("out.nonsense", NULL, MFACE_ERR_UNSUPPORTED);
    check_write("in.mp4", NULL, MFACE_ERR_ARG);
    const struct mface_writer_params rows[] = {
        { .encoder = "nonsense", .quality = -1 },
        { .format = "nonsense", .quality = -1 },
        { .encoder = "aac", .quality = -1 },
        { .pixel_format = "nonsense", .quality = -1 },
        { .pixel_format = "rgb24", .quality = -1 },
        { .speed = "nonsense", .quality = -1 },
    };
    static const enum mface_status expected[] = { MFACE_ERR_UNSUPPORTED, MFACE_ERR_UNSUPPORTED,
        MFACE_ERR_ARG, MFACE_ERR_ARG, MFACE_ERR_ARG, MFACE_ERR_ARG };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_write("out.mp4", &rows[i], expected[i]);
}

static void test_unwritable_folder(void **state)
{
    (void)state;
    if (geteuid() == 0) // root writes anywhere but where the system itself says no
        return check_write("/proc/out.mp4", NULL, MFACE_ERR_NOENT);
    run("mkdir -p closed && chmod 500 closed");
    check_write("closed/out.mp4", NULL, MFACE_ERR_IO);
}

static void test_full_disk(void **state)
{
    (void)state;
    const struct rlimit small = { 64 << 10, RLIM_INFINITY };
    struct rlimit before;
    static const struct mface_writer_params heavy = { .encoder = "ffv1", .quality = -1 };
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    check_write("out.mkv", &heavy, MFACE_ERR_NOSPC);
    check_write("out.mp4", NULL, MFACE_ERR_NOSPC);
    setrlimit(RLIMIT_FSIZE, &before);
    const struct mface_writer_params full = { .format = "matroska", .quality = -1 };
    check_write("/dev/full", &full, MFACE_ERR_NOSPC);
}

/* Their muxers open and close files of their own, and say nothing of a full disk. */
static void test_full_disk_beneath_segments(void **state)
{
    (void)state;
    static const char *const outputs[] = { "full/out.m3u8", "full/out.mpd" };
    const struct rlimit small = { 16 << 10, RLIM_INFINITY };
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    run("mkdir -p full");
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        assert_int_equal(copy_media("in.mp4", outputs[i], NULL, NULL), MFACE_OK);
        setrlimit(RLIMIT_FSIZE, &small);
        forget_messages();
        assert_int_equal(copy_media("in.mp4", outputs[i], NULL, NULL), MFACE_ERR_NOSPC);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(n_messages(), 1);
    }
}

static void test_failed_write_keeps_the_old_file(void **state)
{
    (void)state;
    run("cp words.txt out.mp4");
    struct mface_reader *reader = open_reader("in.mp4");
    const struct mface_writer_params params = { .url = "out.mp4", .quality = -1 };
    struct mface_writer *writer;
    struct mface_frame *frame;
    const int n_before = n_files_here();
    assert_int_equal(mface_writer_open(&params, reader, &writer), MFACE_OK);
    assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
    assert_int_equal(mface_writer_write(writer, frame), MFACE_OK);
    assert_int_equal(n_files_here(), n_before + 1); // the temporary file, beside the target
    mface_writer_discard(&writer);
    mface_frame_unref(&frame);
    mface_reader_close(&reader);
    assert_int_equal(n_files_here(), n_before);
    run("cmp words.txt out.mp4 && rm out.mp4");
}

static void test_two_writers_of_one_name(void **state)
{
    (void)state;
    struct mface_reader *readers[2];
    struct mface_writer *writers[2];
    const struct mface_writer_params params = { .url = "out.mp4", .quality = -1 };
    for (int i = 0; i < 2; i++) {
        readers[i] = open_reader("in.mp4");
        assert_int_equal(mface_writer_open(&params, readers[i], &writers[i]), MFACE_OK);
    }
    for (int n = 0; n < 10; n++)
        for (int i = 0; i < 2; i++) {
            struct mface_frame *frame;
            assert_int_equal(mface_reader_read(readers[i], &frame), MFACE_OK);
            assert_int_equal(mface_writer_write(writers[i], frame), MFACE_OK);
            mface_frame_unref(&frame);
        }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mface_writer_finish(&writers[i]), MFACE_OK);
        mface_reader_close(&readers[i]);
        assert_string_equal(output_of("ffprobe -v error -count_frames -select_streams v "
                                      "-show_entries stream=nb_read_frames -of csv=p=0 out.mp4"),
            "10");
    }
    run("rm out.mp4");
}

static void test_link_to_the_output_survives(void **state)
{
    (void)state;
    run("rm -f real.mp4 && ln -s real.mp4 link.mp4 && touch real.mp4");
    assert_int_equal(copy_media("in.mp4", "link.mp4", NULL, NULL), MFACE_OK);
    run("test -h link.mp4 && test -s real.mp4 && rm link.mp4 real.mp4");
}

/* Makes the later ADTS headers (ISO 13818-7, 6.2) of MPEG-TS packets of PID 0x101 claim four blocks
 * and a checksum, which FFmpeg does not take into MP4. */
static void damage_sound(const char *from, const char *to)
{
    static uint8_t bytes[1 << 20];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    const size_t n = fread(bytes, 1, sizeof bytes, in);
    for (size_t at = n / 188 / 2 * 188; at + 188 <= n; at += 188)
        for (uint8_t *b = bytes + at; b < bytes + at + 180; b++)
            if ((bytes[at + 1] & 31) == 1 && bytes[at + 2] == 1 && b[0] == 0xFF && b[1] == 0xF1) {
                b[1] = 0xF0;
                b[6] |= 3;
            }
    fwrite(bytes, 1, n, out);
    fclose(in);
    fclose(out);
}

static void test_damaged_sound_does_not_end_the_film(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -i in.mp4 -c copy sound.ts");
    damage_sound("sound.ts", "damaged.ts");
    int64_t n_frames;
    forget_messages();
    assert_int_equal(copy_media("damaged.ts", "out.mp4", NULL, &n_frames), MFACE_OK);
    assert_int_equal(n_frames, 60);
    assert_int_equal(n_messages(), 1);
    assert_non_null(strstr(messages(), "left out"));
    run("rm out.mp4");
}

/* Cut at 60 %: what lies before is read, and one line says so. */
static void check_cut(const char *whole, const char *cut)
{
    run("head -c $(($(stat -c %%s %s) * 6 / 10)) %s > %s", whole, whole, cut);
    int64_t n_frames;
    forget_messages();
    assert_int_equal(copy_media(cut, "out.mp4", NULL, &n_frames), MFACE_OK);
    assert_in_range(n_frames, 20, 50);
    assert_int_equal(n_messages(), 1);
    assert_non_null(strstr(messages(), "ends early"));
    char expected[32];
    snprintf(expected, sizeof expected, "%d", (int)n_frames);
    assert_string_equal(output_of("ffprobe -v error -count_frames -select_streams v -show_entries "
                                  "stream=nb_read_frames -of csv=p=0 out.mp4"),
        expected);
    struct mface_reader *reader = open_reader(cut);
    struct mface_frame *frame;
    while (mface_reader_read(reader, &frame) == MFACE_OK)
        mface_frame_unref(&frame);
    assert_true(mface_reader_n_damaged(reader) > 0);
    mface_reader_close(&reader);
}

static void test_truncated_files(void **state)
{
    (void)state;
    check_cut("in.mp4", "cut.mp4");
    check_cut("in.mkv", "cut.mkv");
    forget_messages();
    assert_int_equal(copy_media("in.mp4", "out.mp4", NULL, NULL), MFACE_OK);
    assert_int_equal(copy_media("in.mkv", "out.mp4", NULL, NULL), MFACE_OK);
    assert_int_equal(n_messages(), 0); // whole files are not accused
    run("head -c 20 in.mp4 > head.mp4");
    check_open("head.mp4", MFACE_ERR_FORMAT);
}

static void test_cancel(void **state)
{
    (void)state;
    atomic_bool cancel = false;
    const struct mface_reader_params source = { .url = "in.mp4", .cancel = &cancel };
    const struct mface_writer_params target = { .url = "out.mp4", .quality = -1 };
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_frame *frame;
    assert_int_equal(mface_reader_open(&source, &reader), MFACE_OK);
    assert_int_equal(mface_writer_open(&target, reader, &writer), MFACE_OK);
    for (int i = 0; i < 15; i++) {
        assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
        assert_int_equal(mface_writer_write(writer, frame), MFACE_OK);
        mface_frame_unref(&frame);
    }
    atomic_store(&cancel, true);
    assert_int_equal(mface_reader_read(reader, &frame), MFACE_ERR_CANCELED);
    assert_int_equal(mface_writer_finish(&writer), MFACE_OK);
    mface_reader_close(&reader);
    assert_string_equal(output_of("ffprobe -v error -count_frames -select_streams v -show_entries "
                                  "stream=nb_read_frames -of csv=p=0 out.mp4"),
        "15");
    assert_int_equal(mface_reader_open(&source, &reader), MFACE_ERR_CANCELED);
}

/* A writer nobody drains must still come and go. */
static void test_reader_without_writer(void **state)
{
    (void)state;
    struct mface_reader *reader = open_reader("in.mp4");
    struct mface_frame *frame;
    int n = 0;
    for (; mface_reader_read(reader, &frame) == MFACE_OK; n++)
        mface_frame_unref(&frame);
    assert_int_equal(n, 60);
    assert_int_equal(mface_reader_read(reader, &frame), MFACE_ERR_EOF);
    mface_reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inputs_that_are_none),
        cmocka_unit_test(test_outputs_that_cannot_be),
        cmocka_unit_test(test_unwritable_folder),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_full_disk_beneath_segments),
        cmocka_unit_test(test_failed_write_keeps_the_old_file),
        cmocka_unit_test(test_two_writers_of_one_name),
        cmocka_unit_test(test_link_to_the_output_survives),
        cmocka_unit_test(test_damaged_sound_does_not_end_the_film),
        cmocka_unit_test(test_truncated_files),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_reader_without_writer),
    };
    return cmocka_run_group_tests(tests, make_inputs, fixture_leave);
}
