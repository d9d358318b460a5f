/* The benchmark as text and as JSON, and what both and the page look up. */
#include "study/bench.h"

#include "pipeline/json.h"
#include <memoface/monitor.h>

#include <math.h>
#include <string.h>

const struct mface_pass *mface_bench_find(
    const struct mface_bench *bench, enum mface_workload workload, int way)
{
    const struct mface_pass *pass = &bench->runs[workload][way];
    return pass->frames > 0 ? pass : NULL;
}

void mface_bench_print_way(const struct mface_bench *bench, enum mface_workload workload, int way,
    char *text, size_t text_bytes)
{
    if (way < MFACE_WAY_SIZES)
        snprintf(text, text_bytes, "%s", way == MFACE_WAY_OFF ? "off" : "off, serial");
    else
        mface_monitor_print_bytes(workload == MFACE_WORKLOAD_SMALL
                                      ? bench->small_bytes
                                      : bench->sizes[way - MFACE_WAY_SIZES],
            text, text_bytes);
}

bool mface_bench_print_others(const struct mface_bench *bench, char *text, size_t text_bytes)
{
    char way[32] = "";
    const char *workload = "";
    double most = MFACE_OTHERS_SHARE_SHOWS;
    for (int i = 0; i < MFACE_N_WORKLOADS; i++) {
        for (int k = 0; k < MFACE_WAYS_MAX; k++) {
            const double share = mface_pass_others_share(&bench->runs[i][k]);
            if (share <= most)
                continue;
            most = share;
            workload = mface_workload_get((enum mface_workload)i)->name;
            mface_bench_print_way(bench, (enum mface_workload)i, k, way, sizeof way);
        }
    }
    snprintf(text, text_bytes,
        "Other work had up to %.0f%% of the machine's processors meanwhile (%s, cache %s): compare "
        "processor time rather than frames per second, or measure again.",
        100 * most, workload, way);
    return most > MFACE_OTHERS_SHARE_SHOWS;
}

int64_t mface_bench_usual_bytes(const struct mface_bench *bench)
{
    const int64_t usual = INT64_C(2) << 30;
    for (int i = 0; i < bench->n_sizes; i++)
        if (bench->sizes[i] == usual)
            return usual;
    return bench->sizes[bench->n_sizes - 1];
}

static const struct mface_pass *find_size(
    const struct mface_bench *bench, enum mface_workload workload, int64_t bytes)
{
    if (workload == MFACE_WORKLOAD_SMALL) // about the size it has, if the row is about none
        return NULL;
    for (int i = 0; i < bench->n_sizes; i++)
        if (bench->sizes[i] == bytes)
            return mface_bench_find(bench, workload, MFACE_WAY_SIZES + i);
    return NULL;
}

double mface_bench_value(const struct mface_bench *bench,
    const struct mface_expectation *expectation, enum mface_workload workload)
{
    const int64_t own = expectation->cache_bytes;
    struct mface_trio trio = {
        .plain = mface_bench_find(bench, workload, MFACE_WAY_PLAIN),
        .off = mface_bench_find(bench, workload, MFACE_WAY_OFF),
        .on = find_size(bench, workload, own ? own : mface_bench_usual_bytes(bench)),
    };
    if (workload == MFACE_WORKLOAD_SMALL && !own)
        trio.on = mface_bench_find(bench, workload, MFACE_WAY_SIZES);
    return mface_expect_value(expectation, &trio);
}

static bool is_shown(const struct mface_bench *bench, int workload)
{
    return bench->workloads >> workload & 1;
}

/* Text */

static void print_run(const struct mface_bench *bench, int workload, int way, FILE *file)
{
    const struct mface_pass *pass = mface_bench_find(bench, (enum mface_workload)workload, way);
    char name[32], used[32], rss[32];
    if (!pass)
        return;
    mface_bench_print_way(bench, (enum mface_workload)workload, way, name, sizeof name);
    mface_monitor_print_bytes(pass->cache_bytes, used, sizeof used);
    mface_monitor_print_bytes(pass->rss_bytes, rss, sizeof rss);
    const struct mface_stage_stats *swap = mface_pass_stage(pass, "swap");
    fprintf(file, "%-10s%-13s%7lld%8.1f%9.1f%9lld%8.0f%%%9lld%9s%9s%9.1f%8.0f%%\n",
        mface_workload_get((enum mface_workload)workload)->name, name, (long long)pass->frames,
        mface_pass_fps(pass), mface_pass_cpu_ms(pass), (long long)(swap ? swap->runs : 0),
        100 * mface_pass_hit_rate(pass), (long long)pass->evictions, used, rss,
        pass->saved_ms / 1000, 100 * mface_pass_others_share(pass));
}

static void print_runs(const struct mface_bench *bench, FILE *file)
{
    fprintf(file, "%-10s%-13s%7s%8s%9s%9s%9s%9s%9s%9s%9s%9s\n", "workload", "cache", "frames",
        "FPS", "CPU ms", "inferred", "hits", "evicted", "cached", "memory", "saved s", "others");
    for (int i = 0; i < MFACE_N_WORKLOADS; i++) {
        for (int way = 0; way < MFACE_WAYS_MAX; way++)
            print_run(bench, i, way, file);
        if (is_shown(bench, i) && bench->is_skipped[i])
            fprintf(file, "%-10sskipped: --other-model names none\n",
                mface_workload_get((enum mface_workload)i)->name);
        else if (is_shown(bench, i) && !bench->is_exact[i])
            fprintf(file, "%-10sOUTPUT DIFFERS between caches off and on\n",
                mface_workload_get((enum mface_workload)i)->name);
    }
}

static void print_expectation(
    const struct mface_bench *bench, const struct mface_expectation *row, FILE *file)
{
    fprintf(file, "%-30s%9s", row->text, row->expected);
    for (int i = 0; i < MFACE_N_WORKLOADS; i++) {
        char text[32] = "-";
        if (!is_shown(bench, i))
            continue;
        const double value = mface_bench_value(bench, row, (enum mface_workload)i);
        const enum mface_verdict verdict = mface_expect_judge(row, value);
        if (verdict != MFACE_NOT_MEASURED)
            snprintf(text, sizeof text, "%.*f%s %s", row->unit[0] == 'x', value, row->unit,
                mface_verdict_name(verdict));
        fprintf(file, "%14s", text);
    }
    fputc('\n', file);
}

static void print_expectations(const struct mface_bench *bench, FILE *file)
{
    char usual[32];
    mface_monitor_print_bytes(mface_bench_usual_bytes(bench), usual, sizeof usual);
    fprintf(file, "\nWhat the guide expects, and what was measured (-: not measured)\n%-30s%9s", "",
        "expected");
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        if (is_shown(bench, i))
            fprintf(file, "%14s", mface_workload_get((enum mface_workload)i)->name);
    fputc('\n', file);
    for (int i = 0; i < MFACE_N_EXPECTATIONS; i++)
        print_expectation(bench, &mface_expectations[i], file);
    fprintf(file,
        "Rows without a size are about %s; 'small' is about its own. 'Fully optimised' is 4 GB\n"
        "against no cache and no parallel work, measured on loop.\n",
        usual);
}

void mface_bench_write_text(const struct mface_bench *bench, FILE *file)
{
    fprintf(file,
        "memoface %s: %s, %d frames of %dx%d, model %dx%d in %s, %d processors (%s)\n"
        "load average %.2f before, %.2f after\n\n",
        mface_version(), bench->input, bench->frames, bench->facts.w, bench->facts.h,
        bench->facts.model_w, bench->facts.model_h, bench->facts.model_precision, bench->n_cpus,
        bench->isa, bench->load_before, bench->load_after);
    print_runs(bench, file);
    print_expectations(bench, file);
    char others[192];
    if (mface_bench_print_others(bench, others, sizeof others))
        fprintf(file, "\n%s\n", others);
    fprintf(file, "\n%s\n%s\n", mface_bench_output_note, mface_bench_live_note);
}

/* JSON */

static void add_digest(struct mface_json *json, const struct mface_pass *pass)
{
    char text[2 * sizeof pass->digest + 1];
    const unsigned char *bytes = (const unsigned char *)&pass->digest;
    for (size_t i = 0; i < sizeof pass->digest; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    mface_json_add_str(json, "output_digest", text);
}

static void add_run(struct mface_json *json, const struct mface_bench *bench, int workload, int way)
{
    const struct mface_pass *pass = mface_bench_find(bench, (enum mface_workload)workload, way);
    const bool has_cache = way >= MFACE_WAY_SIZES;
    if (!pass)
        return;
    const struct mface_stage_stats *swap = mface_pass_stage(pass, "swap");
    mface_json_open_object(json, NULL);
    mface_json_add_str(json, "workload", mface_workload_get((enum mface_workload)workload)->name);
    mface_json_add_bool(json, "caches", has_cache);
    mface_json_add_bool(json, "parallel", way != MFACE_WAY_PLAIN);
    mface_json_add_int(json, "cache_limit_bytes",
        !has_cache                         ? 0
        : workload == MFACE_WORKLOAD_SMALL ? bench->small_bytes
                                           : bench->sizes[way - MFACE_WAY_SIZES]);
    mface_json_add_int(json, "frames", pass->frames);
    mface_json_add_int(json, "faces", pass->faces);
    mface_json_add_float(json, "fps", mface_pass_fps(pass));
    mface_json_add_float(json, "wall_s", pass->wall_s);
    mface_json_add_float(json, "cpu_ms_per_frame", mface_pass_cpu_ms(pass));
    mface_json_add_float(json, "stage_ms_per_frame", mface_pass_stage_ms(pass));
    mface_json_add_int(json, "inferences", swap ? swap->runs : 0);
    mface_json_add_float(json, "hit_rate", mface_pass_hit_rate(pass));
    mface_json_add_int(json, "inserts", pass->inserts);
    mface_json_add_int(json, "evictions", pass->evictions);
    mface_json_add_float(json, "eviction_rate", mface_pass_eviction_rate(pass));
    mface_json_add_int(json, "cache_used_bytes", pass->cache_bytes);
    mface_json_add_int(json, "rss_bytes", pass->rss_bytes);
    mface_json_add_float(json, "saved_ms", pass->saved_ms);
    mface_json_add_float(json, "others_share", mface_pass_others_share(pass));
    add_digest(json, pass);
    mface_json_close_object(json);
}

static void add_workload(struct mface_json *json, const struct mface_bench *bench, int i)
{
    const struct mface_workload_info *info = mface_workload_get((enum mface_workload)i);
    if (!is_shown(bench, i))
        return;
    mface_json_open_object(json, info->name);
    mface_json_add_str(json, "what", info->what);
    mface_json_add_bool(json, "skipped", bench->is_skipped[i]);
    mface_json_add_bool(json, "output_identical", bench->is_exact[i]);
    mface_json_close_object(json);
}

static void add_expectation(
    struct mface_json *json, const struct mface_bench *bench, const struct mface_expectation *row)
{
    const int64_t bytes = row->cache_bytes ? row->cache_bytes : mface_bench_usual_bytes(bench);
    mface_json_open_object(json, row->key);
    mface_json_add_str(json, "text", row->text);
    mface_json_add_str(json, "expected", row->expected);
    mface_json_add_int(json, "cache_bytes", bytes);
    mface_json_open_object(json, "measured");
    for (int i = 0; i < MFACE_N_WORKLOADS; i++) {
        if (!is_shown(bench, i))
            continue;
        const double value = mface_bench_value(bench, row, (enum mface_workload)i);
        mface_json_open_object(json, mface_workload_get((enum mface_workload)i)->name);
        mface_json_add_float(json, "value", value); // null: not measured
        mface_json_add_str(json, "verdict", mface_verdict_name(mface_expect_judge(row, value)));
        mface_json_close_object(json);
    }
    mface_json_close_object(json);
    mface_json_close_object(json);
}

static void add_setup(struct mface_json *json, const struct mface_bench *bench)
{
    mface_json_add_str(json, "version", mface_version());
    mface_json_add_str(json, "input", bench->input);
    mface_json_add_int(json, "frames", bench->frames);
    mface_json_add_int(json, "width", bench->facts.w);
    mface_json_add_int(json, "height", bench->facts.h);
    mface_json_open_object(json, "model");
    mface_json_add_str(json, "path", bench->model);
    mface_json_add_str(json, "sha256", bench->facts.model_sha256);
    mface_json_add_int(json, "resolution", bench->facts.model_w);
    mface_json_add_str(json, "precision", bench->facts.model_precision);
    mface_json_close_object(json);
    mface_json_add_str(json, "other_model", bench->other_model ? bench->other_model : "");
    mface_json_add_int(json, "processors", bench->n_cpus);
    mface_json_add_str(json, "isa", bench->isa);
    mface_json_add_float(json, "load_before", bench->load_before);
    mface_json_add_float(json, "load_after", bench->load_after);
    mface_json_add_str(json, "output_note", mface_bench_output_note);
    mface_json_add_str(json, "live_note", mface_bench_live_note);
}

void mface_bench_write_json(const struct mface_bench *bench, FILE *file)
{
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    add_setup(&json, bench);
    mface_json_open_object(&json, "workloads");
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        add_workload(&json, bench, i);
    mface_json_close_object(&json);
    mface_json_open_array(&json, "runs");
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        for (int way = 0; way < MFACE_WAYS_MAX; way++)
            add_run(&json, bench, i, way);
    mface_json_close_array(&json);
    mface_json_open_object(&json, "expectations");
    for (int i = 0; i < MFACE_N_EXPECTATIONS; i++)
        add_expectation(&json, bench, &mface_expectations[i]);
    mface_json_close_object(&json);
    mface_json_close_object(&json);
}

enum mface_status mface_bench_write(
    const struct mface_bench *bench, enum mface_bench_format format, FILE *file)
{
    static void (*const writers[])(const struct mface_bench *, FILE *) = {
        [MFACE_BENCH_TEXT] = mface_bench_write_text,
        [MFACE_BENCH_JSON] = mface_bench_write_json,
        [MFACE_BENCH_HTML] = mface_bench_write_html,
    };
    writers[format](bench, file);
    return fflush(file) == 0 && !ferror(file) ? MFACE_OK : MFACE_ERR_IO;
}
