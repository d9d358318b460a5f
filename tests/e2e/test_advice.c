/* Runs built to provoke each of the four troubles yield that advice and no other, a healthy one
 * none, and auto-tune acts on a running session within its limits.
 *
 * What content and budgets decide (hits, evictions, repeats) is as it comes out of a session; what
 * the machine decides (time, CPU, memory in use) is injected between the session and the advisor,
 * because it is no matter of a test.
 *
 * Arguments: a clip with a face, a DFM. The face models are found through $MEMOFACE_MODELS. Skipped
 * when one of them is missing. */
#include "base/cpu.h"
#include "media/media.h"
#include <memoface/memoface.h>

#include "../unit/cmocka_all.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB INT64_C(1048576)

/* The first frames of the clip, small, again and again. As many that the first round alone makes
 * over a hundred results, whatever a policy then holds on to. */
enum { N_DIFFERENT = 20, N_ROUNDS = 6, N_FRAMES = N_DIFFERENT * N_ROUNDS, MESON_SKIP = 77 };

static const char *clip_path, *model_path;
static char folder[] = "e2e-advice-XXXXXX";
static const char input[] = "movie=in.mkv,scale=480:-2,loop=loop=5:size=20:start=0,setpts=N/30/TB";
static const char once[] = "movie=in.mkv,scale=480:-2,setpts=N/30/TB";

/* What the machine is said to do. */
struct machine {
    double fps, cpu_percent, memory_used;
    int64_t memory_bytes;
};

static const struct machine calm = { 30, 40, 0.3, 16384 * MIB };

struct watched {
    struct mface_session *session;
    struct mface_advisor *advisor;
    const struct machine *machine;
    struct mface_insight insight;
    int n_told; // looks at which there was advice
};

static void inject(const struct machine *machine, struct mface_stats *stats)
{
    stats->wall_s = (double)stats->frames / machine->fps;
    stats->paused_s = 0;
    stats->fps = machine->fps;
    stats->cpu_percent = machine->cpu_percent;
    stats->cpu_s = machine->cpu_percent / 100 * stats->wall_s * mface_cpu_count();
    stats->governor.memory_used = machine->memory_used;
    stats->governor.memory_bytes = machine->memory_bytes;
    stats->governor.n_shrinks = stats->governor.n_emergencies = 0;
}

static void look(void *user, const struct mface_stats *stats, int done)
{
    struct watched *watched = user;
    struct mface_stats seen = *stats;
    struct mface_settings *settings;
    assert_int_equal(mface_session_get_settings(watched->session, &settings), MFACE_OK);
    inject(watched->machine, &seen);
    mface_advisor_look(watched->advisor, &seen, settings, done);
    watched->insight = seen.insight;
    watched->n_told += seen.insight.n_advice > 0;
    mface_settings_free(&settings);
}

static enum mface_status patch(void *user, const char *const *pairs)
{
    return mface_session_patch(user, pairs, NULL, NULL);
}

static struct mface_settings *settings_with(const char *const *pairs)
{
    struct mface_settings *settings;
    assert_int_equal(mface_settings_create(&settings), MFACE_OK);
    assert_int_equal(mface_settings_set(settings, "precision", "f32"), MFACE_OK);
    assert_int_equal(mface_settings_set(settings, "cache-dir", "none"), MFACE_OK);
    for (; pairs && *pairs; pairs += 2)
        assert_int_equal(mface_settings_set(settings, pairs[0], pairs[1]), MFACE_OK);
    return settings;
}

/* A session of its own for each run: no cache knows what another one did. */
static struct mface_insight run(const char *from, const char *const *pairs,
    const struct machine *machine, struct mface_settings **left)
{
    struct mface_settings *settings = settings_with(pairs);
    struct watched watched = { .machine = machine };
    assert_int_equal(mface_session_create(model_path, settings, &watched.session), MFACE_OK);
    mface_settings_free(&settings);
    const struct mface_advisor_params params = { patch, watched.session };
    assert_int_equal(mface_advisor_create(&params, &watched.advisor), MFACE_OK);
    const struct mface_job job = {
        .input = from,
        .input_format = "lavfi",
        .output = "out.mkv",
        .encoder = "ffv1",
        .quality = -1,
        .overwrite = 1,
        .progress = look,
        .user = &watched,
        .interval_ms = 10,
    };
    struct mface_stats stats;
    assert_int_equal(mface_session_run(watched.session, &job, &stats), MFACE_OK);
    assert_int_equal(stats.frames_repeated, from == once ? 0 : N_FRAMES - N_DIFFERENT);
    if (left)
        assert_int_equal(mface_session_get_settings(watched.session, left), MFACE_OK);
    mface_advisor_free(&watched.advisor);
    mface_session_free(&watched.session);
    return watched.insight;
}

static void assert_only(const struct mface_insight *insight, const char *name, const char *action)
{
    if (insight->n_advice != 1 || strcmp(insight->advice[0].name, name) != 0 ||
        !strstr(insight->advice[0].action, action))
        fail_msg("%s was expected to say '%s'; %d pieces of advice, the first %s: %s", name, action,
            insight->n_advice, insight->n_advice ? insight->advice[0].name : "-",
            insight->n_advice ? insight->advice[0].action : "-");
}

static void test_a_healthy_run(void **state)
{
    (void)state;
    const struct mface_insight insight = run(input, NULL, &calm, NULL);
    assert_int_equal(insight.n_advice, 0);
    assert_int_equal(insight.n_tuned, 0);
    assert_string_equal(insight.note, "");
    assert_int_equal(insight.n_indicators, 5);
    assert_true(insight.indicators[0].is_met && insight.indicators[1].is_met);
    assert_true(insight.indicators[2].value > 80); // of 120 faces 20 are new
}

static void test_a_first_pass(void **state)
{
    (void)state;
    const struct mface_insight insight = run(once, NULL, &calm, NULL);
    assert_int_equal(insight.n_advice, 0);
    assert_true(insight.indicators[2].is_measured && !insight.indicators[2].is_met);
}

static void test_memory(void **state)
{
    (void)state;
    /* The cache holds some megabytes: a machine of which that is much. */
    const struct machine full = { 30, 40, 0.85, 64 * MIB }, foreign = { 30, 40, 0.85, 16384 * MIB };
    struct mface_insight insight = run(input, NULL, &full, NULL);
    assert_only(&insight, "high-memory", "--cache-size 96M");
    insight = run(input, NULL, &foreign, NULL);
    assert_only(&insight, "high-memory", "close other programs");
}

static void test_hit_rate(void **state)
{
    (void)state;
    static const char *const off[] = { "cache-size", "0", NULL };
    const struct mface_insight insight = run(input, off, &calm, NULL);
    assert_only(&insight, "low-hit-rate", "--cache-size 2G");
}

static void test_evictions(void **state)
{
    (void)state;
    static const char *const small[] = { "cache-size", "2M", NULL };
    const struct mface_insight insight = run(input, small, &calm, NULL);
    assert_only(&insight, "high-evictions", "--cache-size");
}

static void test_cpu(void **state)
{
    (void)state;
    static const char *const pairs[] = { "parallel", "off", NULL };
    const struct machine busy = { 10, 97, 0.3, 16384 * MIB };
    const struct mface_insight insight = run(input, pairs, &busy, NULL);
    assert_only(&insight, "high-cpu", "--parallel on");
}

/* A frame every quarter of a second, so that there are looks enough between two steps. */
static const struct machine slow = { 4, 40, 0.3, 16384 * MIB };

static void test_auto_tune_stays_within_its_limit(void **state)
{
    (void)state;
    static const char *const pairs[] = { "cache-size", "2M", "auto-tune", "on",
        "auto-tune-cache-max", "5M", NULL };
    static const char *const no_more[] = { "cache-size", "2M", "auto-tune", "on", NULL };
    struct mface_settings *left;
    char size[32];
    struct mface_insight insight = run(input, pairs, &slow, &left);
    assert_true(insight.n_tuned > 0);
    for (int i = 0; i < insight.n_tuned; i++) {
        assert_string_equal(insight.tuned[i].setting, "cache-size");
        assert_string_equal(insight.tuned[i].why, "high-evictions");
    }
    mface_settings_print(left, "cache-size", size, sizeof size);
    assert_string_equal(size, "5M");
    mface_settings_free(&left);
    insight = run(input, no_more, &slow, &left);
    assert_int_equal(insight.n_tuned, 0);
    mface_settings_print(left, "cache-size", size, sizeof size);
    assert_string_equal(size, "2M");
    mface_settings_free(&left);
}

static void test_auto_tune_shrinks_and_switches(void **state)
{
    (void)state;
    static const char *const pairs[] = { "parallel", "off", "auto-tune", "on", NULL };
    const struct machine full = { 4, 40, 0.85, 64 * MIB }, busy = { 4, 97, 0.3, 16384 * MIB };
    struct mface_settings *left;
    char text[32];
    struct mface_insight insight = run(input, pairs, &full, &left);
    assert_int_equal(insight.n_tuned, 1);
    mface_settings_print(left, "cache-size", text, sizeof text);
    assert_string_equal(text, "96M");
    mface_settings_free(&left);
    insight = run(input, pairs, &busy, &left);
    assert_true(insight.n_tuned >= 1);
    assert_string_equal(insight.tuned[0].setting, "parallel");
    mface_settings_print(left, "parallel", text, sizeof text);
    assert_string_equal(text, "on");
    mface_settings_free(&left);
}

static void cut_clip(const char *path)
{
    const struct mface_reader_params from = { .url = clip_path };
    const struct mface_writer_params to = { .url = path, .encoder = "ffv1", .quality = -1 };
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_frame *frame;
    assert_int_equal(mface_reader_open(&from, &reader), MFACE_OK);
    assert_int_equal(mface_writer_open(&to, reader, &writer), MFACE_OK);
    for (int i = 0; i < N_DIFFERENT; i++) {
        assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
        assert_int_equal(mface_writer_write(writer, frame), MFACE_OK);
        mface_frame_unref(&frame);
    }
    assert_int_equal(mface_writer_finish(&writer), MFACE_OK);
    mface_reader_close(&reader);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    cut_clip("in.mkv");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink("in.mkv");
    unlink("out.mkv");
    return chdir("..") || rmdir(folder);
}

static bool can_read(const char *path)
{
    return path && access(path, R_OK) == 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_healthy_run),
        cmocka_unit_test(test_a_first_pass),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_hit_rate),
        cmocka_unit_test(test_evictions),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_auto_tune_stays_within_its_limit),
        cmocka_unit_test(test_auto_tune_shrinks_and_switches),
    };
    if (argc != 3 || !can_read(argv[1]) || !can_read(argv[2]) ||
        !can_read(getenv("MEMOFACE_MODELS"))) {
        fprintf(stderr, "skipped: needs the demo's clip, its DFM and the face models\n");
        return MESON_SKIP;
    }
    static char clip[PATH_MAX], model[PATH_MAX], models[PATH_MAX]; // the tests change folder
    clip_path = realpath(argv[1], clip);
    model_path = realpath(argv[2], model);
    setenv("MEMOFACE_MODELS", realpath(getenv("MEMOFACE_MODELS"), models), 1);
    return cmocka_run_group_tests(tests, setup, teardown);
}
