/* Frames: keys, and upright views of every layout and orientation. */
#include "base/mem.h"
#include "fixture.h"
#include "media/convert.h"
#include "media/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A first frame read from a file. */
static struct mface_frame *first_frame(const char *url)
{
    struct mface_reader *reader = open_reader(url);
    struct mface_frame *frame = NULL;
    assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
    mface_reader_close(&reader);
    return frame;
}

static void make_frames(const char *file, const char *filter, const char *pixel_format)
{
    run("ffmpeg -v error -y -f lavfi -i 'testsrc2=s=96x64:r=5:d=1%s' -pix_fmt %s -c:v rawvideo "
        "-strict -1 %s",
        filter, pixel_format, file);
}

static void test_equal_content_has_equal_keys(void **state)
{
    (void)state;
    make_frames("a.nut", "", "yuv420p");
    run("ffmpeg -v error -y -i a.nut -c:v ffv1 b.mkv");
    struct mface_frame *a = first_frame("a.nut"), *b = first_frame("b.mkv");
    assert_true(mface_key_equal(mface_frame_key(a), mface_frame_key(b)));
    mface_frame_unref(&a);
    mface_frame_unref(&b);
}

static void test_one_sample_changes_the_key(void **state)
{
    (void)state;
    make_frames("a.nut", "", "yuv420p");
    struct mface_frame *frame = first_frame("a.nut"), *other = mface_frame_ref(frame);
    const struct mface_key before = mface_frame_key(frame);
    assert_int_equal(mface_frame_make_writable(other), MFACE_OK);
    for (int i = 0; i < 3; i++) {
        const struct mface_picture picture = mface_frame_picture(other);
        const int h = i ? picture.h >> 1 : picture.h, w = i ? picture.w >> 1 : picture.w;
        uint8_t *last = picture.data[i] + (h - 1) * picture.stride[i] + w - 1;
        *last ^= 1;
        assert_false(mface_key_equal(before, mface_frame_key(other)));
        *last ^= 1;
        assert_true(mface_key_equal(before, mface_frame_key(other)));
    }
    mface_frame_unref(&frame);
    mface_frame_unref(&other);
}

static void test_bytes_outside_the_picture_do_not_count(void **state)
{
    (void)state;
    make_frames("a.nut", ",crop=61:33:0:0:exact=1", "yuv420p");
    run("ffmpeg -v error -y -i a.nut -c:v ffv1 b.mkv"); // its decoder pads the rows
    struct mface_frame *frame = first_frame("b.mkv");
    const struct mface_key before = mface_frame_key(frame);
    assert_int_equal(mface_frame_make_writable(frame), MFACE_OK);
    assert_true(frame->av->linesize[0] > 61);
    frame->av->data[0][61] ^= 0xFF;
    assert_true(mface_key_equal(before, mface_frame_key(frame)));
    mface_frame_unref(&frame);
}

static void test_writable_copy_leaves_the_other_reference(void **state)
{
    (void)state;
    make_frames("a.nut", "", "yuv420p");
    struct mface_frame *frame = first_frame("a.nut"), *other = mface_frame_ref(frame);
    assert_ptr_equal(mface_frame_picture(frame).data[0], mface_frame_picture(other).data[0]);
    assert_int_equal(mface_frame_make_writable(other), MFACE_OK);
    const struct mface_key before = mface_frame_key(frame);
    mface_frame_picture(other).data[0][0] ^= 0x40;
    assert_true(mface_key_equal(before, mface_frame_key(frame)));
    mface_frame_unref(&frame);
    mface_frame_unref(&other);
}

static void test_size_format_tags_and_orientation_change_the_key(void **state)
{
    (void)state;
    make_frames("a.nut", ",format=gray,lutyuv=y=80", "gray");
    struct mface_frame *frame = first_frame("a.nut");
    const struct mface_key before = mface_frame_key(frame);
    const AVFrame tags = *frame->av;
    frame->av->height--;
    assert_false(mface_key_equal(before, mface_frame_key(frame)));
    frame->av->height = tags.height;
    frame->av->color_range = AVCOL_RANGE_JPEG;
    assert_false(mface_key_equal(before, mface_frame_key(frame)));
    frame->av->color_range = tags.color_range;
    frame->av->colorspace = AVCOL_SPC_BT2020_NCL;
    assert_false(mface_key_equal(before, mface_frame_key(frame)));
    frame->av->colorspace = tags.colorspace;
    frame->orient.flip_x = true;
    assert_false(mface_key_equal(before, mface_frame_key(frame)));
    frame->orient.flip_x = false;
    assert_true(mface_key_equal(before, mface_frame_key(frame)));
    mface_frame_unref(&frame);
}

/* The value of a component at an upright position of its own grid, as picture.h describes it. */
static int sample(const struct mface_picture *picture, int i, int x, int y)
{
    const struct mface_component *comp = &picture->component[i];
    const uint8_t *at = picture->data[comp->plane] + y * picture->stride[comp->plane] +
                        comp->offset + (ptrdiff_t)x * comp->step;
    uint16_t word = *at;
    if (comp->depth > 8)
        memcpy(&word, at, sizeof word);
    return (word >> comp->shift) & ((1 << comp->depth) - 1);
}

/* Compares a view with planar raw samples: `bytes` each, planes one after another. */
static void check_view(const struct mface_picture *picture, const uint8_t *raw, int bytes)
{
    for (int i = 0; i < (picture->model == MFACE_MODEL_GRAY ? 1 : 3); i++) {
        const bool is_chroma = picture->model == MFACE_MODEL_YUV && i > 0;
        const int w = picture->w >> (is_chroma ? picture->log2_chroma_w : 0);
        const int h = picture->h >> (is_chroma ? picture->log2_chroma_h : 0);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++, raw += bytes) {
                const int expected = bytes == 2 ? raw[0] | raw[1] << 8 : raw[0];
                if (sample(picture, i, x, y) != expected)
                    fail_msg("component %d at %d,%d: %d, not %d", i, x, y, sample(picture, i, x, y),
                        expected);
            }
    }
}

/* ffmpeg turns files upright itself: its planar output is what our view must show. */
static void check_file(const char *file, const char *planar, int bytes)
{
    static uint8_t raw[96 * 64 * 3 * 2];
    run("ffmpeg -v error -y -i %s -frames:v 1 -pix_fmt %s -f rawvideo raw", file, planar);
    FILE *in = fopen("raw", "rb");
    assert_non_null(in);
    assert_true(fread(raw, 1, sizeof raw, in) > 0);
    fclose(in);
    struct mface_frame *frame = first_frame(file);
    const struct mface_picture picture = mface_frame_picture(frame);
    if (picture.model == MFACE_MODEL_RGB) { // GBR planes to R, G, B
        static uint8_t rgb[sizeof raw];
        const size_t plane = (size_t)(picture.w * picture.h * bytes);
        memcpy(rgb, raw + 2 * plane, plane);
        memcpy(rgb + plane, raw, plane);
        memcpy(rgb + 2 * plane, raw + plane, plane);
        check_view(&picture, rgb, bytes);
    } else {
        check_view(&picture, raw, bytes);
    }
    mface_frame_unref(&frame);
}

static void test_views_of_layouts(void **state)
{
    (void)state;
    static const struct {
        const char *format, *planar;
        int bytes;
    } rows[] = {
        { "yuv420p", "yuv420p", 1 },
        { "nv12", "yuv420p", 1 },
        { "nv21", "yuv420p", 1 },
        { "yuyv422", "yuv422p", 1 },
        { "uyvy422", "yuv422p", 1 },
        { "yuv411p", "yuv411p", 1 },
        { "yuv420p10le", "yuv420p10le", 2 },
        { "yuv422p12le", "yuv422p12le", 2 },
        { "rgb24", "gbrp", 1 },
        { "bgr24", "gbrp", 1 },
        { "bgra", "gbrp", 1 },
        { "argb", "gbrp", 1 },
        { "gbrp", "gbrp", 1 },
        { "rgb48le", "gbrp16le", 2 },
        { "rgb48be", "gbrp16le", 2 },
        { "gray", "gray", 1 },
        { "gray12le", "gray12le", 2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_frames("layout.nut", "", rows[i].format);
        check_file("layout.nut", rows[i].planar, rows[i].bytes);
    }
}

static void test_views_of_rotations(void **state)
{
    (void)state;
    static const char *const formats[][2] = { { "yuv420p", "ffv1" }, { "yuv422p", "ffv1" },
        { "rgb24", "png" } };
    for (size_t f = 0; f < 3; f++)
        for (int angle = 0; angle < 360; angle += 90) {
            run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=5:d=1 -pix_fmt %s -c:v %s "
                "flat.mov",
                formats[f][0], formats[f][1]);
            run("ffmpeg -v error -y -i flat.mov -c copy -metadata:s:v rotate=%d turned.mov", angle);
            struct mface_reader *reader = open_reader("turned.mov");
            struct mface_reader_info info;
            mface_reader_get_info(reader, &info);
            mface_reader_close(&reader);
            assert_int_equal(info.rotation_deg, (360 - angle) % 360);
            assert_int_equal(info.w, angle % 180 ? 64 : 96);
            /* ffmpeg turns 4:2:2 through 4:4:4; turn it back only where it need not. */
            const bool exact = strcmp(formats[f][0], "yuv422p") != 0 || angle % 180 == 0;
            if (exact)
                check_file("turned.mov", f == 2 ? "gbrp" : formats[f][0], 1);
        }
}

static void test_range_and_matrix_follow_tags_and_size(void **state)
{
    (void)state;
    make_frames("a.nut", "", "yuv420p");
    struct mface_frame *frame = first_frame("a.nut");
    assert_false(mface_frame_picture(frame).full_range);
    assert_true(mface_frame_picture(frame).matrix.kr == 0.299);
    frame->av->color_range = AVCOL_RANGE_JPEG;
    frame->av->colorspace = AVCOL_SPC_BT2020_NCL;
    assert_true(mface_frame_picture(frame).full_range);
    assert_true(mface_frame_picture(frame).matrix.kr == 0.2627);
    mface_frame_unref(&frame);
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=1280x720:r=5:d=0.2 -c:v rawvideo -pix_fmt "
        "yuv420p hd.nut");
    frame = first_frame("hd.nut");
    assert_true(mface_frame_picture(frame).matrix.kr == 0.2126);
    mface_frame_unref(&frame);
    make_frames("j.nut", "", "rgb24");
    frame = first_frame("j.nut");
    assert_true(mface_frame_picture(frame).full_range);
    mface_frame_unref(&frame);
}

/* Where format and size stay there is still something to do. */
static void test_conversion_of_the_range_alone(void **state)
{
    (void)state;
    run("ffmpeg -v error -y -f lavfi -i 'color=white:s=96x64:r=5:d=1' -pix_fmt yuv420p "
        "-color_range tv "
        "-c:v rawvideo a.nut");
    struct mface_frame *frame = first_frame("a.nut");
    struct mface_converter converter = { 0 };
    AVFrame *out = av_frame_alloc();
    assert_non_null(out);
    out->format = frame->av->format;
    out->width = frame->av->width;
    out->height = frame->av->height;
    out->color_range = AVCOL_RANGE_JPEG;
    assert_int_equal(frame->av->data[0][0], 235);
    assert_int_equal(mface_converter_run(&converter, frame->av, out), MFACE_OK);
    assert_int_equal(out->data[0][0], 255);
    mface_converter_clear(&converter);
    av_frame_free(&out);
    mface_frame_unref(&frame);
}

static void test_jpeg_in_memory(void **state)
{
    (void)state;
    unsigned char *jpeg;
    size_t bytes;
    make_frames("a.nut", ",transpose=1", "yuv422p10le");
    struct mface_frame *frame = first_frame("a.nut");
    assert_int_equal(mface_frame_to_jpeg(frame, 32, &jpeg, &bytes), MFACE_OK);
    assert_true(bytes > 100 && jpeg[0] == 0xff && jpeg[1] == 0xd8);
    FILE *file = fopen("a.jpg", "wb");
    assert_true(file && fwrite(jpeg, 1, bytes, file) == bytes && fclose(file) == 0);
    mface_mem_free(jpeg);
    mface_frame_unref(&frame);
    frame = first_frame("a.jpg");
    assert_int_equal(mface_frame_picture(frame).w, 20); // 64x96 in 32, in even sides
    assert_int_equal(mface_frame_picture(frame).h, 32);
    mface_frame_unref(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_content_has_equal_keys),
        cmocka_unit_test(test_one_sample_changes_the_key),
        cmocka_unit_test(test_bytes_outside_the_picture_do_not_count),
        cmocka_unit_test(test_writable_copy_leaves_the_other_reference),
        cmocka_unit_test(test_size_format_tags_and_orientation_change_the_key),
        cmocka_unit_test(test_views_of_layouts),
        cmocka_unit_test(test_views_of_rotations),
        cmocka_unit_test(test_range_and_matrix_follow_tags_and_size),
        cmocka_unit_test(test_conversion_of_the_range_alone),
        cmocka_unit_test(test_jpeg_in_memory),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
