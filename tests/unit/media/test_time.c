/* Clocks that begin late or anew in the middle of a file. */
#include "fixture.h"

#include <string.h>

static const char *times_of(const char *file)
{
    return output_of(
        "ffprobe -v error -select_streams v:0 -show_entries packet=pts_time -of "
        "csv=p=0 %s | sort -n | awk 'NR == 1 { first = $1 } { printf \"%%.1f \", $1 - first }'",
        file);
}

static void make_part(const char *file, double start_s)
{
    run("ffmpeg -v error -y -f lavfi -i testsrc2=s=64x48:r=10:d=0.5 -f lavfi -i sine=d=0.5 -c:v "
        "libx264 -bf 2 -c:a aac -shortest -output_ts_offset %f %s",
        start_s, file);
}

/* A recording that was interrupted, or two in one file: the second counts from elsewhere. */
static void test_joined_recordings_follow_each_other(void **state)
{
    (void)state;
    static const double seconds[] = { 1, 0, 5000 };
    make_part("one.ts", 1);
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        int64_t n_frames;
        make_part("two.ts", seconds[i]);
        run("cat one.ts two.ts >in.ts");
        forget_messages();
        assert_int_equal(copy_media("in.ts", "out.mkv", NULL, &n_frames), MFACE_OK);
        assert_int_equal(n_frames, 10);
        assert_non_null(strstr(messages(), "its clock jumps"));
        assert_string_equal(times_of("out.mkv"), "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 ");
    }
}

static void test_one_recording_keeps_its_clock(void **state)
{
    (void)state;
    make_part("one.ts", 1);
    forget_messages();
    assert_int_equal(copy_media("one.ts", "out.mkv", NULL, NULL), MFACE_OK);
    assert_int_equal(n_messages(), 0);
    assert_string_equal(times_of("out.mkv"), "0.0 0.1 0.2 0.3 0.4 ");
}

/* Libav's Matroska counts the duration from 0, whenever the film begins. */
static void test_a_late_start_is_no_early_end(void **state)
{
    (void)state;
    make_part("late.mkv", 100);
    forget_messages();
    assert_int_equal(copy_media("late.mkv", "out.mkv", NULL, NULL), MFACE_OK);
    assert_int_equal(copy_media("out.mkv", "again.mkv", NULL, NULL), MFACE_OK);
    assert_int_equal(n_messages(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joined_recordings_follow_each_other),
        cmocka_unit_test(test_one_recording_keeps_its_clock),
        cmocka_unit_test(test_a_late_start_is_no_early_end),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
