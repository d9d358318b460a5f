/* The prediction, on made-up probes whose truth is known. */
#include "study/predict.h"

#include "../cmocka_all.h"
#include <math.h>

/* Four processors; 100 frames, new ones 80 ms of CPU, repeats 8 ms; the probe had them for itself.
 */
static struct mface_probe_figures idle_machine(void)
{
    return (struct mface_probe_figures) { .n_cpus = 4,
        .frames = 100,
        .wall_s = 2,
        .cpu_s = 8,
        .again_frames = 50,
        .again_wall_s = 0.2,
        .again_cpu_s = 0.4,
        .decode_ms = 2,
        .encode_ms = 5 };
}

static void test_processors_are_the_limit(void **state)
{
    (void)state;
    const struct mface_probe_figures probe = idle_machine();
    const struct mface_job_shape job = { .frames = 1000 };
    const struct mface_prediction p = mface_predict(&probe, &job);
    assert_float_equal(p.fps, 50, 1e-6); // 4 / 80 ms
    assert_float_equal(p.cpu_ms, 80, 1e-6);
    assert_float_equal(p.cpu_percent, 100, 1e-6);
    assert_int_equal(p.bottleneck, MFACE_BY_CPU);
}

static void test_repeats_cost_what_repeats_cost(void **state)
{
    (void)state;
    struct mface_probe_figures probe = idle_machine();
    const struct mface_job_shape half = { .frames = 1000, .repeats = 0.5 }, none = { .frames = 10 };
    assert_float_equal(mface_predict(&probe, &half).cpu_ms, 44, 1e-6);
    /* The same machine and clip, probed where half of the frames were repeats. */
    probe.repeats = 0.5;
    probe.cpu_s = 4.4;
    probe.wall_s = 1.1;
    assert_float_equal(mface_predict(&probe, &none).cpu_ms, 80, 1e-6);
    assert_float_equal(mface_predict(&probe, &half).cpu_ms, 44, 1e-6);
    assert_float_equal(mface_predict(&probe, &half).fps, 4000 / 44.0, 1e-6);
}

static void test_a_serial_stage_cannot_be_outrun(void **state)
{
    (void)state;
    struct mface_probe_figures probe = idle_machine();
    const struct mface_job_shape job = { .frames = 1000 };
    probe.encode_ms = 40;
    const struct mface_prediction p = mface_predict(&probe, &job);
    assert_float_equal(p.fps, 25, 1e-6);
    assert_float_equal(p.cpu_percent, 50, 1e-6);
    assert_int_equal(p.bottleneck, MFACE_BY_ENCODER);
    probe.decode_ms = 50;
    assert_int_equal(mface_predict(&probe, &job).bottleneck, MFACE_BY_DECODER);
    assert_float_equal(mface_predict(&probe, &job).fps, 20, 1e-6);
}

/* Whoever else works on the machine during the probe is expected to go on. */
static void test_a_shared_machine(void **state)
{
    (void)state;
    struct mface_probe_figures probe = idle_machine();
    const struct mface_job_shape job = { .frames = 1000 };
    probe.wall_s = 4;
    assert_float_equal(mface_predict(&probe, &job).share, 0.5, 1e-9);
    assert_float_equal(mface_predict(&probe, &job).fps, 25, 1e-6);
}

static void test_opening_counts_in_short_jobs(void **state)
{
    (void)state;
    struct mface_probe_figures probe = idle_machine();
    const struct mface_job_shape brief = { .frames = 10 }, endless = { .frames = 0 };
    probe.open_s = 0.2;
    assert_float_equal(mface_predict(&probe, &brief).fps, 25, 1e-6); // 20 ms each, 20 ms of opening
    assert_float_equal(mface_predict(&probe, &endless).fps, 50, 1e-6);
}

static void test_empty_figures_predict_nothing(void **state)
{
    (void)state;
    const struct mface_probe_figures probe = { .n_cpus = 1 };
    const struct mface_job_shape job = { 0 };
    const struct mface_prediction p = mface_predict(&probe, &job);
    assert_true(p.fps == 0 && p.cpu_ms == 0 && p.cpu_percent == 0);
}

static void test_repeats_within_reach(void **state)
{
    (void)state;
    /* a b b c a b: the distance of each to its last equal */
    static const int32_t gaps[] = { 0, 0, 1, 0, 4, 3 };
    assert_float_equal(mface_predict_repeats(gaps, 6, INFINITY), 0.5, 1e-9);
    assert_float_equal(mface_predict_repeats(gaps, 6, 4), 2 / 6.0, 1e-9);
    assert_float_equal(mface_predict_repeats(gaps, 6, 0), 0, 1e-9);
    assert_float_equal(mface_predict_repeats(gaps, 0, 4), 0, 1e-9);
}

static void test_repeats_that_a_probe_saw(void **state)
{
    (void)state;
    static const int32_t gaps[] = { 0, 0, 1, 0, 4, 3 };
    static const int apart[] = { 0, 4 }, begin[] = { 0 };
    /* a b, a b: the last b equals one that was left out */
    assert_float_equal(mface_predict_probed_repeats(gaps, 6, apart, 2, 2), 0.25, 1e-9);
    assert_float_equal(mface_predict_probed_repeats(gaps, 6, begin, 1, 3), 1 / 3.0, 1e-9);
    assert_float_equal(mface_predict_probed_repeats(gaps, 6, begin, 1, 6), 0.5, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_processors_are_the_limit),
        cmocka_unit_test(test_repeats_cost_what_repeats_cost),
        cmocka_unit_test(test_a_serial_stage_cannot_be_outrun),
        cmocka_unit_test(test_a_shared_machine),
        cmocka_unit_test(test_opening_counts_in_short_jobs),
        cmocka_unit_test(test_empty_figures_predict_nothing),
        cmocka_unit_test(test_repeats_within_reach),
        cmocka_unit_test(test_repeats_that_a_probe_saw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
