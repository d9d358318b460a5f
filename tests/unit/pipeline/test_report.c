/* Reports, provenance and the JSON they are written in. */
#include "json_check.h"
#include "pipeline/collect.h"
#include "pipeline/json.h"
#include "pipeline/report.h"

#include "../cmocka_all.h"

#include <math.h>
#include <memoface/session.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct mface_dfm_info info = {
    .w = 224,
    .h = 224,
    .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .precision = "f32",
};
static const struct mface_report_model model = { "models/a \"strange\"\\name\n.dfm", &info };

static void test_json_escapes(void **state)
{
    (void)state;
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    mface_json_add_str(&json, "a\"b", "\\ \" \n \x01 \xc3\xa9");
    mface_json_add_float(&json, "inf", INFINITY);
    mface_json_open_array(&json, "empty");
    mface_json_close_array(&json);
    mface_json_open_array(&json, "two");
    mface_json_add_int(&json, NULL, -1);
    mface_json_add_bool(&json, NULL, true);
    mface_json_close_array(&json);
    mface_json_close_object(&json);
    fclose(file);
    assert_true(json_is_valid(data));
    assert_non_null(strstr(data, "\"a\\\"b\": \"\\\\ \\\" \\u000a \\u0001 \xc3\xa9\""));
    assert_non_null(strstr(data, "\"inf\": null"));
    assert_non_null(strstr(data, "\"empty\": []"));
    free(data);
}

/* Every byte that is no part of a sequence becomes U+FFFD; a sequence is the shortest of its
 * character, no surrogate, and whole. */
static void test_json_is_utf8(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80",
            "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80" },
        { "caf\xe9.mp4", "caf\\ufffd.mp4" },
        { "\xc3", "\\ufffd" },
        { "\xe2\x82", "\\ufffd\\ufffd" },
        { "\xe2\x82\"", "\\ufffd\\ufffd\\\"" },
        { "\xc0\xaf", "\\ufffd\\ufffd" },
        { "\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd" },
        { "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
        { "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
        { "\xf0\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
        { "\xff\xfe", "\\ufffd\\ufffd" },
        { "\xf4\x8f\xbf\xbf\xed\x9f\xbf", "\xf4\x8f\xbf\xbf\xed\x9f\xbf" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64], *data = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&data, &size);
        mface_json_write_text(file, cases[i][0]);
        fclose(file);
        snprintf(expected, sizeof expected, "\"%s\"", cases[i][1]);
        assert_string_equal(data, expected);
        free(data);
    }
}

static void test_checker_rejects(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "{", "{\"a\":}", "[1,]", "\"a", "{\"a\":1 \"b\":2}",
        "01", "nan", "\"\n\"", "[1] 2" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(json_is_valid(bad[i]));
    assert_true(json_is_valid(" {\"a\": [1, -2.5e+3, \"\\u00e9\", null]} "));
}

/* Figures of a job of which a few are known. */
static void known_stats(struct mface_stats *stats)
{
    static struct mface_tally tally;
    struct mface_job_start start;
    memset(&tally, 0, sizeof tally);
    mface_job_start_init(&start, NULL);
    mface_counter_add(&tally.frames, 40);
    mface_counter_add(&tally.face_demands, 40);
    mface_counter_add(&tally.face_hits, 30);
    mface_counter_add(&tally.stage[MFACE_STAGE_SWAP].demands, 12);
    mface_counter_add(&tally.stage[MFACE_STAGE_SWAP].hits, 2);
    for (int i = 0; i < 10; i++)
        mface_hist_add(&tally.stage[MFACE_STAGE_SWAP].runs, 20000);
    mface_stats_collect(&start, &tally, NULL, stats);
}

static void test_collect(void **state)
{
    (void)state;
    struct mface_stats stats;
    known_stats(&stats);
    const struct mface_stage_stats *swap = &stats.stages[MFACE_STAGE_SWAP];
    assert_int_equal(stats.frames, 40);
    assert_true(fabs(stats.hit_rate - 0.75) < 1e-12);
    assert_true(stats.eviction_rate == 0); // nothing inserted: no rate, not NaN
    assert_string_equal(swap->name, "swap");
    assert_int_equal(swap->demands, 12);
    assert_int_equal(swap->hits, 2);
    assert_int_equal(swap->runs, 10);
    assert_true(fabs(swap->ms_total - 200) < 1e-9);
    assert_true(fabs(swap->ms_p50 - 20) < 1);
}

static void test_report_has_every_key(void **state)
{
    (void)state;
    static const char *const keys[] = { "frames", "faces", "wall_s", "fps", "cpu_s", "cpu_percent",
        "cpu_ms_per_frame", "peak_rss_bytes", "latency_ms", "p50", "p95", "p99", "cache",
        "limit_bytes", "used_bytes", "peak_bytes", "hits", "misses", "hit_rate", "evictions",
        "eviction_rate", "saved_ms", "frames_repeated", "alloc_failures", "emergencies",
        "memory_bytes", "advice", "note", "tuned", "tuned_count", "indicators", "disk", "writes",
        "drops", "damaged", "stages", "swap", "demands", "runs", "ms_total", "ms_p50", "ms_p95",
        "bytes", "settings", "post-gamma-red", "model", "path", "sha256", "resolution", "precision",
        "version" };
    struct mface_settings settings;
    struct mface_stats stats;
    mface_settings_init(&settings);
    known_stats(&stats);
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    assert_int_equal(mface_report_write(&stats, &settings, &model, file), MFACE_OK);
    fclose(file);
    assert_true(json_is_valid(data));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\":", keys[i]);
        assert_non_null(strstr(data, quoted));
    }
    for (size_t i = 0; i < mface_settings_n_rows; i++)
        assert_non_null(strstr(data, mface_settings_rows[i].key));
    free(data);
}

/* What was not measured has no figure; texts are escaped. */
static void test_report_of_insight(void **state)
{
    (void)state;
    struct mface_settings settings;
    struct mface_stats stats;
    mface_settings_init(&settings);
    known_stats(&stats);
    stats.insight = (struct mface_insight) {
        .n_advice = 1,
        .advice = { { "low-hit-rate", "a", "b \"c\"", "d", "e" } },
        .n_tuned = MFACE_TUNED_MAX + 7, // more than are told
        .n_indicators = 2,
        .indicators = { { .name = "cpu", .what = "f", .unit = "%", .is_measured = 1, .value = 61 },
            { .name = "hit_rate", .what = "g", .unit = "%" } },
    };
    for (int i = 0; i < MFACE_TUNED_MAX; i++)
        stats.insight.tuned[i] =
            (struct mface_tuned) { i, "cache-size", "high-memory", "2G", "1G" };
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    assert_int_equal(mface_report_write(&stats, &settings, &model, file), MFACE_OK);
    fclose(file);
    assert_true(json_is_valid(data));
    assert_non_null(strstr(data, "\"cause\": \"b \\\"c\\\"\""));
    const char *measured = strstr(data, "\"cpu\": {"),
               *unmeasured = strstr(data, "\"hit_rate\": {");
    assert_true(measured && unmeasured && measured < unmeasured);
    const char *met = strstr(measured, "\"met\": false");
    assert_true(met && met < unmeasured);
    assert_non_null(strstr(unmeasured, "\"met\": null"));
    assert_non_null(strstr(data, "\"tuned_count\": 31"));
    free(data);
}

static void test_report_tells_a_full_disk(void **state)
{
    (void)state;
    struct mface_settings settings;
    struct mface_stats stats;
    FILE *file = fopen("/dev/full", "w");
    if (!file)
        skip();
    mface_settings_init(&settings);
    known_stats(&stats);
    assert_int_equal(mface_report_write(&stats, &settings, &model, file), MFACE_ERR_IO);
    fclose(file);
}

static void test_provenance(void **state)
{
    (void)state;
    static const char uri[] = "http://cv.iptc.org/newscodes/digitalsourcetype/"
                              "compositeWithTrainedAlgorithmicMedia";
    struct mface_provenance provenance;
    mface_provenance_init(&provenance, &model);
    bool has_uri = false, has_digest = false;
    for (int i = 0; provenance.metadata[i]; i += 2) {
        assert_non_null(provenance.metadata[i + 1]);
        has_uri |= strstr(provenance.metadata[i + 1], uri) != NULL;
        has_digest |= strstr(provenance.metadata[i + 1], info.sha256) != NULL;
        assert_null(strstr(provenance.metadata[i + 1], "models/")); // the name, not the place
    }
    assert_true(has_uri && has_digest);
}

static void test_sidecar(void **state)
{
    (void)state;
    char path[] = "sidecar-XXXXXX", text[4096] = "";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct mface_job job = { .output = "folder/out.mp4", .sidecar = path, .end_s = 12.5 };
    assert_int_equal(mface_provenance_write_sidecar(&job, &model), MFACE_OK);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    unlink(path);
    assert_true(json_is_valid(text));
    assert_non_null(strstr(text, "\"output\": \"out.mp4\""));
    assert_non_null(strstr(text, info.sha256));
    assert_non_null(strstr(text, "\"end_s\": 12.5"));
    assert_null(strstr(text, "start_s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_escapes),
        cmocka_unit_test(test_json_is_utf8),
        cmocka_unit_test(test_checker_rejects),
        cmocka_unit_test(test_collect),
        cmocka_unit_test(test_report_has_every_key),
        cmocka_unit_test(test_report_of_insight),
        cmocka_unit_test(test_report_tells_a_full_disk),
        cmocka_unit_test(test_provenance),
        cmocka_unit_test(test_sidecar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
