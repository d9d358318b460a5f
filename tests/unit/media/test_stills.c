/* Still images, patterns and folders, in and out. */
#include "fixture.h"

#include <memoface/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_image(const char *file, const char *size, const char *pixel_format)
{
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=%s -frames:v 1 -update 1 -pix_fmt %s %s", size,
        pixel_format, file);
}

static void check_copy(const char *in, const char *out, int64_t n_expected)
{
    int64_t n_frames;
    forget_messages();
    if (copy_media(in, out, NULL, &n_frames) != MFACE_OK)
        fail_msg("%s to %s: %s", in, out, messages());
    assert_int_equal(n_frames, n_expected);
}

static const char *facts(const char *file)
{
    return output_of(
        "ffprobe -v error -show_entries stream=codec_name,width,height,pix_fmt -of csv=p=0 %s",
        file);
}

static void test_png_is_lossless(void **state)
{
    (void)state;
    static const char *const formats[] = { "rgb24", "rgba", "gray", "rgb48be", "gray16be" };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        make_image("in.png", "61x33", formats[i]);
        check_copy("in.png", "out.png", 1);
        char *expected = strdup(facts("in.png"));
        assert_string_equal(facts("out.png"), expected);
        free(expected);
        expected = strdup(md5_of("in.png", formats[i]));
        assert_string_equal(md5_of("out.png", formats[i]), expected);
        free(expected);
    }
}

static void test_jpeg_stays_jpeg_in_full_range(void **state)
{
    (void)state;
    make_image("in.jpg", "96x64", "yuvj420p");
    check_copy("in.jpg", "out.jpg", 1);
    assert_string_equal(facts("out.jpg"), "mjpeg,96,64,yuvj420p");
    make_image("in.png", "96x64", "rgb24");
    check_copy("in.png", "out.jpg", 1);
    assert_non_null(strstr(facts("out.jpg"), "mjpeg,96,64,yuvj4"));
}

/* The mean of a rectangle of a BGR image, per channel. */
static int mean(const struct mface_image *image, int l, int t, int r, int b, int channel)
{
    long sum = 0;
    for (int y = t; y < b; y++)
        for (int x = l; x < r; x++)
            sum += mface_image_row_u8(image, y)[3 * x + channel];
    return (int)(sum / ((r - l) * (b - t)));
}

/* Puts an Exif orientation (TIFF tag 0x112) behind the SOI of a JPEG. */
static void add_exif(const char *from, const char *to, int orientation)
{
    const uint8_t exif[] = { 0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0,
        0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (uint8_t)orientation, 0, 0, 0, 0, 0, 0, 0 };
    static uint8_t bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    const size_t n = fread(bytes, 1, sizeof bytes, in);
    assert_true(n > 2 && n < sizeof bytes);
    fwrite(bytes, 1, 2, out);
    fwrite(exif, 1, sizeof exif, out);
    fwrite(bytes + 2, 1, n - 2, out);
    fclose(in);
    fclose(out);
}

/* A red corner, stored top left, and where Exif 2.3 (4.6.4 A) says it shows. */
static void test_exif_orientation_is_applied(void **state)
{
    (void)state;
    static const struct {
        int w, h;
        bool right, bottom;
    } rows[] = { { 96, 64, 0, 0 }, { 96, 64, 1, 0 }, { 96, 64, 1, 1 }, { 96, 64, 0, 1 },
        { 64, 96, 0, 0 }, { 64, 96, 1, 0 }, { 64, 96, 1, 1 }, { 64, 96, 0, 1 } };
    run("ffmpeg -v error -y -f lavfi -i color=blue:s=96x64,drawbox=0:0:32:32:red:fill -frames:v 1 "
        "-update 1 -pix_fmt yuvj420p corner.jpg");
    for (int i = 0; i < 8; i++) {
        add_exif("corner.jpg", "turned.jpg", i + 1);
        check_copy("turned.jpg", "out.png", 1);
        check_copy("turned.jpg", "out.jpg", 1);
        for (int f = 0; f < 3; f++) {
            struct mface_image image;
            const char *const files[] = { "turned.jpg", "out.png", "out.jpg" };
            assert_int_equal(mface_image_load(files[f], &image), MFACE_OK);
            assert_int_equal(image.w, rows[i].w);
            assert_int_equal(image.h, rows[i].h);
            const int l = rows[i].right ? image.w - 28 : 4, t = rows[i].bottom ? image.h - 28 : 4;
            assert_true(mean(&image, l, t, l + 24, t + 24, 2) > 200);
            const int far_l = rows[i].right ? 4 : image.w - 28;
            assert_true(mean(&image, far_l, t, far_l + 24, t + 24, 2) < 60);
            mface_image_clear(&image);
        }
    }
}

static void test_folder_keeps_names_sizes_and_formats(void **state)
{
    (void)state;
    run("rm -rf in out && mkdir in");
    make_image("in/f1.png", "32x16", "rgb24");
    make_image("in/f2.png", "48x16", "rgb24");
    make_image("in/f10.png", "64x16", "gray");
    make_image("in/g.jpg", "80x48", "yuvj444p");
    run("echo text > in/notes.txt; echo damaged > in/z.png");
    check_copy("in", "out", 4);
    assert_string_equal(output_of("ls out | tr '\\n' ' '"), "f1.png f10.png f2.png g.jpg ");
    assert_string_equal(facts("out/f10.png"), "png,64,16,gray");
    assert_string_equal(facts("out/g.jpg"), "mjpeg,80,48,yuvj444p");
    assert_int_equal(n_messages(), 1); // the damaged one
    assert_int_equal(copy_media("in", "in", NULL, NULL), MFACE_ERR_ARG);
}

static void test_folder_is_in_natural_order(void **state)
{
    (void)state;
    struct mface_reader *reader = open_reader("in");
    struct mface_reader_info info;
    mface_reader_get_info(reader, &info);
    assert_true(info.is_directory);
    assert_int_equal(info.n_frames, 5);
    static const int widths[] = { 32, 48, 64, 80 };
    for (int i = 0; i < 4; i++) {
        struct mface_frame *frame;
        assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
        assert_int_equal(mface_frame_picture(frame).w, widths[i]);
        assert_int_equal(mface_frame_index(frame), i);
        mface_frame_unref(&frame);
    }
    mface_reader_close(&reader);
}

static void test_pattern_keeps_its_numbers(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=32x16:r=10:d=0.5 -start_number 98 p_%%03d.png");
    run("rm p_100.png");
    check_copy("p_%03d.png", "q_%04d.png", 4);
    assert_string_equal(
        output_of("ls q_* | tr '\\n' ' '"), "q_0098.png q_0099.png q_0101.png q_0102.png ");
    char *expected = strdup(md5_of("p_102.png", "rgb24"));
    assert_string_equal(md5_of("q_0102.png", "rgb24"), expected);
    free(expected);
    check_copy("p_%03d.png", "p.mkv", 4);
    check_copy("p.mkv", "r_%d.jpg", 4);
    assert_string_equal(output_of("ls r_* | tr '\\n' ' '"), "r_1.jpg r_2.jpg r_3.jpg r_4.jpg ");
    assert_int_equal(copy_media("p.mkv", "one.png", NULL, NULL), MFACE_ERR_ARG);
    assert_false(file_exists("one.png"));
}

static void test_metadata_is_in_the_image(void **state)
{
    (void)state;
    static const char *const pairs[] = { "Software", "a test", NULL };
    const struct mface_writer_params params = { .quality = -1, .metadata = pairs };
    make_image("in.png", "32x16", "rgb24");
    assert_int_equal(copy_media("in.png", "out.png", &params, NULL), MFACE_OK);
    assert_string_equal(
        output_of("ffprobe -v error -show_entries frame_tags=Software -of csv=p=0 out.png"),
        "a test");
    assert_string_equal(output_of("ffmpeg -v warning -i out.png -f null - 2>&1"), "");
    assert_int_equal(copy_media("in.png", "out.jpg", &params, NULL), MFACE_OK);
    assert_string_equal(output_of("grep -ac 'Software=a test' out.jpg"), "1");
    assert_string_equal(output_of("ffmpeg -v warning -i out.jpg -f null - 2>&1"), "");
}

static void test_load_and_save_agree(void **state)
{
    (void)state;
    struct mface_image image, back;
    assert_int_equal(mface_image_init(&image, 37, 21, 3, MFACE_SAMPLE_U8), MFACE_OK);
    for (int y = 0; y < image.h; y++)
        for (int x = 0; x < 3 * image.w; x++)
            mface_image_row_u8(&image, y)[x] = (uint8_t)(x * 7 + y * 13);
    assert_int_equal(mface_image_save("saved.png", &image), MFACE_OK);
    assert_int_equal(mface_image_load("saved.png", &back), MFACE_OK);
    assert_int_equal(back.w, 37);
    assert_int_equal(back.h, 21);
    for (int y = 0; y < image.h; y++)
        assert_memory_equal(mface_image_row_u8(&image, y), mface_image_row_u8(&back, y), 3 * 37);
    mface_image_clear(&image);
    mface_image_clear(&back);
    assert_int_equal(mface_image_load("nowhere.png", &back), MFACE_ERR_NOENT);
    assert_null(back.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_is_lossless),
        cmocka_unit_test(test_jpeg_stays_jpeg_in_full_range),
        cmocka_unit_test(test_exif_orientation_is_applied),
        cmocka_unit_test(test_folder_keeps_names_sizes_and_formats),
        cmocka_unit_test(test_folder_is_in_natural_order),
        cmocka_unit_test(test_pattern_keeps_its_numbers),
        cmocka_unit_test(test_metadata_is_in_the_image),
        cmocka_unit_test(test_load_and_save_agree),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
