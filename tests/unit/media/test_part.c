/* Parts of an input: from a place on, so many frames, each several times. */
#include "fixture.h"

static struct mface_reader *open_part(const char *url, int n_skip, int64_t n_max, int hold)
{
    const struct mface_reader_params params = {
        .url = url, .threads = 1, .n_frames_skip = n_skip, .n_frames_max = n_max, .hold = hold
    };
    struct mface_reader *reader;
    assert_int_equal(mface_reader_open(&params, &reader), MFACE_OK);
    return reader;
}

enum { FRAMES = 20 };

/* Keys and times of all frames; returns how many. */
static int read_all(struct mface_reader *reader, struct mface_key keys[], double times[])
{
    struct mface_frame *frame = NULL;
    int n = 0;
    while (mface_reader_read(reader, &frame) == MFACE_OK) {
        assert_true(n < 2 * FRAMES);
        assert_int_equal(mface_frame_index(frame), n);
        keys[n] = mface_frame_key(frame);
        times[n++] = mface_frame_time_s(frame);
        mface_frame_unref(&frame);
    }
    mface_reader_close(&reader);
    return n;
}

static void make_clip(void)
{
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=96x64:r=10:d=2 -g 8 -bf 2 -c:v libx264 in.mp4");
}

static void test_a_part_is_those_frames(void **state)
{
    (void)state;
    struct mface_key all[2 * FRAMES], part[2 * FRAMES];
    double times[2 * FRAMES];
    make_clip();
    assert_int_equal(read_all(open_part("in.mp4", 0, 0, 0), all, times), FRAMES);
    for (int first = 0; first < FRAMES; first += 3) {
        const int n = read_all(open_part("in.mp4", first, 5, 0), part, times);
        assert_int_equal(n, first + 5 <= FRAMES ? 5 : FRAMES - first);
        assert_memory_equal(part, all + first, (size_t)n * sizeof part[0]);
        assert_float_equal(times[1] - times[0], 0.1, 1e-6);
        assert_float_equal(times[0], 0, 1e-9);
    }
}

static void test_held_frames_share_the_time_of_one(void **state)
{
    (void)state;
    struct mface_key all[2 * FRAMES], held[2 * FRAMES];
    double times[2 * FRAMES];
    struct mface_reader_info info;
    make_clip();
    read_all(open_part("in.mp4", 0, 0, 0), all, times);
    struct mface_reader *reader = open_part("in.mp4", 0, 0, 2);
    mface_reader_get_info(reader, &info);
    assert_float_equal(info.fps, 20, 1e-6);
    assert_int_equal(info.n_frames, 2 * FRAMES);
    assert_int_equal(read_all(reader, held, times), 2 * FRAMES);
    for (int i = 0; i < 2 * FRAMES; i++) {
        assert_memory_equal(&held[i], &all[i / 2], sizeof held[i]);
        assert_float_equal(times[i], i * 0.05, 1e-6);
    }
}

static void test_a_start_behind_the_end_is_said(void **state)
{
    (void)state;
    const struct mface_reader_params params = {
        .url = "in.mp4", .threads = 1, .n_frames_skip = 99
    };
    struct mface_reader *reader;
    make_clip();
    forget_messages();
    assert_int_equal(mface_reader_open(&params, &reader), MFACE_ERR_ARG);
    assert_int_equal(n_messages(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_part_is_those_frames),
        cmocka_unit_test(test_held_frames_share_the_time_of_one),
        cmocka_unit_test(test_a_start_behind_the_end_is_said),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
