/* The advisor on figures: which trouble each set of them is, what it says to do, when it speaks up
 * and falls silent, what auto-tune does and never does. */
#include "base/cpu.h"
#include <memoface/advisor.h>
#include <memoface/monitor.h>

#include "../cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB INT64_C(1048576)
#define GIB (1024 * MIB)

/* Of a steady job: everything grows in proportion to time. Zeros mean what a healthy job has. */
struct figures {
    double fps, cpu_percent, memory_used;
    double repeat_rate, hit_rate, eviction_rate; // of frames, faces, inserts; negative: 0
    int64_t used_bytes, memory_bytes;
    int64_t rejected;
    double faces_a_frame; // negative: 0
    int changed;          // somebody changed settings
    const char *slow;     // the stage that takes most of the time; NULL: swap
    int pre_is_worthless;
};

static double or_else(double value, double other)
{
    return value > 0 ? value : value < 0 ? 0 : other;
}

static const char *const stage_names[] = { "decode", "detect", "pre", "swap", "merge", "encode" };
enum { N_STAGES = 6, INSERTS_A_FRAME = 4 };

static void fill_stages(struct mface_stats *stats, const struct figures *f)
{
    stats->n_stages = N_STAGES;
    for (int i = 0; i < N_STAGES; i++) {
        struct mface_stage_stats *stage = &stats->stages[i];
        const bool is_slow = strcmp(stage_names[i], f->slow ? f->slow : "swap") == 0;
        stage->name = stage_names[i];
        stage->demands = stage->runs = stats->frames;
        stage->ms_total = (double)stats->frames * (is_slow ? 60 : 1);
    }
    if (f->pre_is_worthless)
        stats->stages[2].bytes = stats->cache.used_bytes / 2;
}

/* As they stand `seconds` after the start. */
static struct mface_stats stats_at(const struct figures *f, double seconds)
{
    struct mface_stats stats = { .wall_s = seconds, .settings_version = 1 + (f->changed != 0) };
    stats.frames = (int64_t)(or_else(f->fps, 30) * seconds);
    stats.fps = (double)stats.frames / seconds;
    stats.cpu_percent = or_else(f->cpu_percent, 40);
    stats.cpu_s = stats.cpu_percent / 100 * seconds * mface_cpu_count();
    stats.governor.memory_used = or_else(f->memory_used, 0.4);
    stats.governor.memory_bytes = (int64_t)or_else((double)f->memory_bytes, 16.0 * (double)GIB);
    stats.frames_repeated = (int64_t)(or_else(f->repeat_rate, 0.8) * (double)stats.frames);
    stats.face_demands = (int64_t)(or_else(f->faces_a_frame, 1) * (double)stats.frames);
    stats.hit_rate = or_else(f->hit_rate, 0.8);
    stats.face_hits = (int64_t)(stats.hit_rate * (double)stats.face_demands);
    stats.cache.inserts = INSERTS_A_FRAME * stats.frames;
    stats.eviction_rate = f->eviction_rate;
    stats.cache.evictions = (int64_t)(f->eviction_rate * (double)stats.cache.inserts);
    stats.cache.rejected = f->rejected;
    stats.cache.limit_bytes = 2 * GIB;
    stats.cache.used_bytes = (int64_t)or_else((double)f->used_bytes, (double)GIB);
    fill_stages(&stats, f);
    return stats;
}

static struct mface_settings *settings_of(const char *const *pairs)
{
    struct mface_settings *settings;
    assert_int_equal(mface_settings_create(&settings), MFACE_OK);
    for (; pairs && pairs[0]; pairs += 2)
        assert_int_equal(mface_settings_set(settings, pairs[0], pairs[1]), MFACE_OK);
    return settings;
}

/* A patched session is its settings. */
static enum mface_status patch(void *user, const char *const *pairs)
{
    return mface_settings_set(user, pairs[0], pairs[1]);
}

static struct mface_advisor *advisor_on(struct mface_settings *settings)
{
    const struct mface_advisor_params params = { patch, settings };
    struct mface_advisor *advisor;
    assert_int_equal(mface_advisor_create(&params, &advisor), MFACE_OK);
    return advisor;
}

/* Looks at a steady job each second up to `to_s`, and perhaps at its end. */
static struct mface_insight watch(struct mface_advisor *advisor, struct mface_settings *settings,
    const struct figures *f, int from_s, int to_s, int done)
{
    struct mface_stats stats = { 0 };
    for (int s = from_s; s <= to_s; s++) {
        stats = stats_at(f, s);
        stats.cache.limit_bytes = 0;
        char text[24];
        mface_settings_print(settings, "cache-size", text, sizeof text);
        if (strcmp(text, "0") != 0)
            stats.cache.limit_bytes = 2 * GIB;
        mface_advisor_look(advisor, &stats, settings, 0);
    }
    if (done)
        mface_advisor_look(advisor, &stats, settings, 1);
    return stats.insight;
}

static const struct {
    const char *about;
    struct figures figures;
    const char *settings[6];
    const char *name, *action; // NULL: no advice
} cases[] = {
    { "healthy", { 0 }, { 0 }, NULL, NULL },
    { "first pass over new frames: cannot hit", { .repeat_rate = -1, .hit_rate = -1 }, { 0 }, NULL,
        NULL },
    { "few frames come again", { .repeat_rate = 0.08, .hit_rate = -1 }, { 0 }, NULL, NULL },
    { "pushed out, but nothing comes again",
        { .repeat_rate = -1, .hit_rate = -1, .eviction_rate = 0.9 }, { 0 }, NULL, NULL },
    { "no face in any frame", { .faces_a_frame = -1, .hit_rate = -1 }, { 0 }, NULL, NULL },
    { "busy, and fast enough", { .cpu_percent = 99, .fps = 60 }, { 0 }, NULL, NULL },
    { "slow, and not for the processors", { .cpu_percent = 30, .fps = 10 }, { 0 }, NULL, NULL },
    { "just below the marks",
        { .memory_used = 0.79,
            .hit_rate = 0.57,
            .eviction_rate = 0.14,
            .cpu_percent = 79,
            .fps = 20 },
        { 0 }, NULL, NULL },

    { "memory, by the cache", { .memory_used = 0.85, .used_bytes = 3 * GIB },
        { "cache-size", "4G", NULL }, "high-memory", "--cache-size 576M" },
    { "memory, by others", { .memory_used = 0.85, .used_bytes = 100 * MIB }, { 0 }, "high-memory",
        "--parallel off" },
    { "memory, by others, one frame at a time", { .memory_used = 0.85, .used_bytes = 100 * MIB },
        { "parallel", "off", NULL }, "high-memory", "close other programs" },
    { "short memory pushes out",
        { .memory_used = 0.95, .used_bytes = 3 * GIB, .eviction_rate = 0.5, .hit_rate = 0.1 },
        { 0 }, "high-memory", "--cache-size" },

    { "cache off", { .hit_rate = -1 }, { "cache-size", "0", NULL }, "low-hit-rate",
        "--cache-size 2G" },
    { "smoothing", { .hit_rate = 0.1 }, { "smooth", "30", NULL }, "low-hit-rate", "--smooth 1" },
    { "following", { .hit_rate = 0.1 }, { 0 }, "low-hit-rate", "--detect-every 1" },
    { "no room", { .hit_rate = 0.1, .rejected = 9 }, { 0 }, "low-hit-rate", "--cache-size 3G" },

    { "evictions", { .eviction_rate = 0.5 }, { 0 }, "high-evictions", "--cache-size 4G" },
    { "evictions, and so few hits", { .eviction_rate = 0.9, .hit_rate = 0.1 }, { 0 },
        "high-evictions", "--cache-size 7680M" },
    { "evictions, by what is worth nothing", { .eviction_rate = 0.5, .pre_is_worthless = 1 }, { 0 },
        "high-evictions", "--pre-cache off" },
    { "evictions, and memory for no more", { .eviction_rate = 0.5, .memory_used = 0.78 }, { 0 },
        "high-evictions", "--disk-cache-size 8G" },

    { "CPU, one frame at a time", { .cpu_percent = 95, .fps = 10 }, { "parallel", "off", NULL },
        "high-cpu", "--parallel on" },
    { "CPU, by f32", { .cpu_percent = 95, .fps = 10 }, { "precision", "f32", NULL }, "high-cpu",
        "--precision auto" },
    { "CPU, by two passes", { .cpu_percent = 95, .fps = 10 }, { "two-pass", "on", NULL },
        "high-cpu", "--two-pass off" },
    { "CPU, by the model", { .cpu_percent = 95, .fps = 10 }, { 0 }, "high-cpu",
        "--precision int8" },
    { "CPU, by the model in int8", { .cpu_percent = 95, .fps = 10 }, { "precision", "int8", NULL },
        "high-cpu", "--latency on" },
    { "CPU, by detection", { .cpu_percent = 95, .fps = 10, .slow = "detect" },
        { "detect-every", "1", NULL }, "high-cpu", "--detect-every 30" },
    { "CPU, by the background", { .cpu_percent = 95, .fps = 10, .slow = "merge" },
        { "median", "50", NULL }, "high-cpu", "--median 0" },
    { "CPU, by sampling", { .cpu_percent = 95, .fps = 10, .slow = "merge" },
        { "interpolation", "lanczos4", NULL }, "high-cpu", "--interpolation bilinear" },
    { "CPU, by the encoder", { .cpu_percent = 95, .fps = 10, .slow = "encode" }, { 0 }, "high-cpu",
        "--speed veryfast" },
};

static void check_case(size_t i, const struct mface_insight *insight)
{
    const int n = cases[i].name ? 1 : 0;
    if (insight->n_advice != n)
        fail_msg("%s: %d pieces of advice, the first %s", cases[i].about, insight->n_advice,
            insight->n_advice ? insight->advice[0].name : "-");
    if (n == 0)
        return;
    const struct mface_advice *advice = &insight->advice[0];
    if (strcmp(advice->name, cases[i].name) != 0 || !strstr(advice->action, cases[i].action))
        fail_msg("%s: %s: %s", cases[i].about, advice->name, advice->action);
    assert_true(advice->cause[0] && advice->solution[0] && advice->trouble[0]);
    assert_true(strlen(advice->cause) < MFACE_ADVICE_BYTES - 1); // not cut off
}

static void test_each_trouble_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mface_settings *settings = settings_of(cases[i].settings);
        struct mface_advisor *advisor = advisor_on(settings);
        struct mface_insight insight = watch(advisor, settings, &cases[i].figures, 1, 20, 0);
        check_case(i, &insight);
        insight = watch(advisor, settings, &cases[i].figures, 21, 21, 1);
        check_case(i, &insight);
        assert_int_equal(insight.n_tuned, 0); // auto-tune is off
        mface_advisor_free(&advisor);
        mface_settings_free(&settings);
    }
}

static void test_new_frames_are_explained(void **state)
{
    (void)state;
    const struct figures first_pass = { .repeat_rate = -1, .hit_rate = -1, .eviction_rate = 0.9 };
    const struct figures healthy = { 0 };
    struct mface_settings *settings = settings_of(NULL);
    struct mface_advisor *advisor = advisor_on(settings);
    struct mface_insight insight = watch(advisor, settings, &first_pass, 1, 10, 1);
    assert_non_null(strstr(insight.note, "100% of the frames were new"));
    mface_advisor_free(&advisor);
    advisor = advisor_on(settings);
    insight = watch(advisor, settings, &healthy, 1, 10, 1);
    assert_string_equal(insight.note, "");
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

static void test_changed_settings_are_the_cause(void **state)
{
    (void)state;
    struct figures f = { .hit_rate = 0.1 };
    struct mface_settings *settings = settings_of(NULL);
    struct mface_advisor *advisor = advisor_on(settings);
    watch(advisor, settings, &f, 1, 1, 0);
    f.changed = 1;
    const struct mface_insight insight = watch(advisor, settings, &f, 2, 20, 1);
    assert_int_equal(insight.n_advice, 1);
    assert_non_null(strstr(insight.advice[0].cause, "settings were changed"));
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

/* One look beyond the mark is chance; looks too close to one another are one; between the marks
 * advice stays as it is. */
static void test_it_does_not_flicker(void **state)
{
    (void)state;
    const struct figures calm = { 0 }, high = { .memory_used = 0.85 },
                         between = { .memory_used = 0.77 };
    struct mface_settings *settings = settings_of(NULL);
    struct mface_advisor *advisor = advisor_on(settings);
    assert_int_equal(watch(advisor, settings, &calm, 1, 3, 0).n_advice, 0);
    assert_int_equal(watch(advisor, settings, &high, 4, 4, 0).n_advice, 0);
    struct mface_stats soon = stats_at(&high, 4.2);
    mface_advisor_look(advisor, &soon, settings, 0);
    assert_int_equal(soon.insight.n_advice, 0);
    assert_int_equal(watch(advisor, settings, &between, 5, 9, 0).n_advice, 0);
    assert_int_equal(watch(advisor, settings, &high, 10, 11, 0).n_advice, 1);
    assert_int_equal(watch(advisor, settings, &between, 12, 20, 0).n_advice, 1);
    assert_int_equal(watch(advisor, settings, &calm, 21, 22, 0).n_advice, 1);
    assert_int_equal(watch(advisor, settings, &calm, 23, 23, 0).n_advice, 0);
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

static void test_nothing_on_little_evidence(void **state)
{
    (void)state;
    const struct figures bad = { .fps = 4, .cpu_percent = 99, .hit_rate = -1, .eviction_rate = 1 };
    struct mface_settings *settings = settings_of(NULL);
    struct mface_advisor *advisor = advisor_on(settings);
    assert_int_equal(watch(advisor, settings, &bad, 1, 4, 1).n_advice, 0);
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

/* Auto-tune */

static void assert_setting(const struct mface_settings *settings, const char *key, const char *text)
{
    char found[32];
    mface_settings_print(settings, key, found, sizeof found);
    assert_string_equal(found, text);
}

static void test_memory_is_given_back(void **state)
{
    (void)state;
    static const char *const pairs[] = { "auto-tune", "on", "cache-size", "4G", NULL };
    const struct figures high = { .memory_used = 0.85, .used_bytes = 3 * GIB };
    const struct figures calm = { .memory_used = 0.5 };
    struct mface_settings *settings = settings_of(pairs);
    struct mface_advisor *advisor = advisor_on(settings);
    struct mface_insight insight = watch(advisor, settings, &high, 1, 3, 0);
    assert_int_equal(insight.n_tuned, 1);
    assert_string_equal(insight.tuned[0].setting, "cache-size");
    assert_string_equal(insight.tuned[0].why, "high-memory");
    assert_string_equal(insight.tuned[0].from, "4G");
    assert_setting(settings, "cache-size", insight.tuned[0].to);
    assert_setting(settings, "cache-size", "576M");
    insight = watch(advisor, settings, &calm, 4, 60, 0);
    assert_setting(settings, "cache-size", "4G"); // step by step, and no further
    assert_int_equal(insight.n_tuned, 4);
    assert_string_equal(insight.tuned[3].why, "memory-is-free");
    for (int i = 1; i < 4; i++)
        assert_true(insight.tuned[i].wall_s - insight.tuned[i - 1].wall_s >= 5);
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

static void test_a_cache_grows_to_what_is_allowed(void **state)
{
    (void)state;
    static const char *const allowed[] = { "auto-tune", "on", "auto-tune-cache-max", "5G", NULL };
    static const char *const forbidden[] = { "auto-tune", "on", NULL };
    const struct figures f = { .eviction_rate = 0.9 };
    struct mface_settings *settings = settings_of(allowed);
    struct mface_advisor *advisor = advisor_on(settings);
    watch(advisor, settings, &f, 1, 60, 0);
    assert_setting(settings, "cache-size", "5G");
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
    settings = settings_of(forbidden);
    advisor = advisor_on(settings);
    const struct mface_insight insight = watch(advisor, settings, &f, 1, 60, 0);
    assert_int_equal(insight.n_tuned, 0);
    assert_int_equal(insight.n_advice, 1); // it still says what would help
    assert_setting(settings, "cache-size", "2G");
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

static void test_switches(void **state)
{
    (void)state;
    static const char *const pairs[] = { "auto-tune", "on", "parallel", "off", "detect-every", "10",
        NULL };
    const struct figures slow = { .cpu_percent = 95, .fps = 10, .slow = "detect" };
    const struct figures waste = { .eviction_rate = 0.5, .pre_is_worthless = 1 };
    struct mface_settings *settings = settings_of(pairs);
    struct mface_advisor *advisor = advisor_on(settings);
    watch(advisor, settings, &slow, 1, 60, 0);
    assert_setting(settings, "parallel", "on");
    assert_setting(settings, "detect-every", "60");
    mface_advisor_free(&advisor);
    advisor = advisor_on(settings);
    watch(advisor, settings, &waste, 1, 20, 0);
    assert_setting(settings, "pre-cache", "off");
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

/* What the user sets after a step stands. */
static void test_the_user_has_the_last_word(void **state)
{
    (void)state;
    static const char *const pairs[] = { "auto-tune", "on", "parallel", "off", NULL };
    const struct figures slow = { .cpu_percent = 95, .fps = 10 };
    const struct figures high = { .memory_used = 0.85, .used_bytes = 3 * GIB };
    const struct figures calm = { .memory_used = 0.5 };
    struct mface_settings *settings = settings_of(pairs);
    struct mface_advisor *advisor = advisor_on(settings);
    watch(advisor, settings, &slow, 1, 10, 0);
    assert_setting(settings, "parallel", "on");
    assert_int_equal(mface_settings_set(settings, "parallel", "off"), MFACE_OK);
    watch(advisor, settings, &slow, 11, 60, 0);
    assert_setting(settings, "parallel", "off");
    watch(advisor, settings, &high, 61, 63, 0);
    assert_setting(settings, "cache-size", "576M");
    assert_int_equal(mface_settings_set(settings, "cache-size", "1G"), MFACE_OK);
    watch(advisor, settings, &calm, 64, 120, 0);
    assert_setting(settings, "cache-size", "1G"); // the limit is the user's latest
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
}

/* Indicators */

static const struct mface_indicator *indicator(
    const struct mface_insight *insight, const char *name)
{
    for (int i = 0; i < insight->n_indicators; i++)
        if (strcmp(insight->indicators[i].name, name) == 0)
            return &insight->indicators[i];
    fail_msg("no indicator %s", name);
    return NULL;
}

static struct mface_insight judged(struct mface_stats *stats)
{
    struct mface_settings *settings = settings_of(NULL);
    struct mface_advisor *advisor = advisor_on(settings);
    mface_advisor_look(advisor, stats, settings, 1);
    mface_advisor_free(&advisor);
    mface_settings_free(&settings);
    return stats->insight;
}

static void test_indicators(void **state)
{
    (void)state;
    static const char *const names[] = { "cpu", "fps", "hit_rate", "stable", "memory_errors" };
    const struct figures good = { 0 };
    const struct figures bad = { .cpu_percent = 61, .fps = 25, .hit_rate = 0.69, .rejected = 2 };
    struct mface_stats stats = stats_at(&good, 10);
    stats.latency_p50_ms = 30, stats.latency_p95_ms = 59;
    struct mface_insight insight = judged(&stats);
    for (int i = 0; i < 5; i++)
        assert_true(indicator(&insight, names[i])->is_met);
    assert_true(indicator(&insight, "fps")->value > 29.9);
    stats = stats_at(&bad, 10);
    stats.latency_p50_ms = 30, stats.latency_p95_ms = 61;
    stats.alloc_failures = 1;
    stats.governor.n_emergencies = 3;
    insight = judged(&stats);
    for (int i = 0; i < 5; i++) {
        assert_true(indicator(&insight, names[i])->is_measured);
        assert_false(indicator(&insight, names[i])->is_met);
    }
    assert_true(indicator(&insight, "memory_errors")->value == 6);
}

static void test_what_was_not_measured_is_not_met(void **state)
{
    (void)state;
    struct mface_stats stats = { .wall_s = 1, .frames = 10, .cpu_percent = 10, .cpu_s = 0.1 };
    const struct mface_insight insight = judged(&stats);
    assert_int_equal(insight.n_indicators, 5);
    for (int i = 0; i < 2; i++) {
        const struct mface_indicator *sign = indicator(&insight, i ? "stable" : "hit_rate");
        assert_false(sign->is_measured || sign->is_met);
    }
    assert_true(indicator(&insight, "fps")->is_measured && indicator(&insight, "cpu")->is_met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_trouble_and_no_other),
        cmocka_unit_test(test_new_frames_are_explained),
        cmocka_unit_test(test_changed_settings_are_the_cause),
        cmocka_unit_test(test_it_does_not_flicker),
        cmocka_unit_test(test_nothing_on_little_evidence),
        cmocka_unit_test(test_memory_is_given_back),
        cmocka_unit_test(test_a_cache_grows_to_what_is_allowed),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_the_user_has_the_last_word),
        cmocka_unit_test(test_indicators),
        cmocka_unit_test(test_what_was_not_measured_is_not_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
