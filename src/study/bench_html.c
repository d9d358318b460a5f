/* The benchmark as one page: nothing outside it is loaded, and it is well-formed XML besides. */
#include "study/bench.h"
#include "study/chart.h"

#include <memoface/monitor.h>

#include <math.h>

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1d2125;--dim:#5c6670;--line:#d9dde0;"
    "--off:#8d979f;--plain:#b9c0c5;--s2:#8fc1ea;--s3:#5fa4dd;--s4:#2f86cc;--s5:#176bb0;--s6:#"
    "0d4f88;"
    "--good:#1b6e3c;--bad:#a4302a}\n"
    "@media "
    "(prefers-color-scheme:dark){:root{--bg:#14181b;--fg:#e6e9eb;--dim:#9aa5ad;--line:#333b41;"
    "--off:#76828a;--plain:#4d565c;--s2:#1f5f95;--s3:#2f7fc0;--s4:#4f9fdf;--s5:#7fbcec;--s6:#"
    "b3d8f5;"
    "--good:#7ad19b;--bad:#f0938c}}\n"
    "body{background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;margin:0 auto;"
    "max-width:76rem;padding:1.5rem 1rem 4rem}\n"
    "h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}\n"
    "p{max-width:44rem}.dim{color:var(--dim)}.scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\n"
    "th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line);"
    "white-space:nowrap}\n"
    "th:first-child,td:first-child{text-align:left}\n"
    ".met{color:var(--good);font-weight:600}.missed{color:var(--bad);font-weight:600}\n"
    "svg{width:100%;height:auto;min-width:32rem;max-width:52rem}svg text{font:12px "
    "system-ui,sans-serif;"
    "fill:var(--dim)}svg .group{font-weight:600;fill:var(--fg)}svg .value{fill:var(--fg)}\n"
    ".s0{fill:var(--plain)}.s1{fill:var(--off)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}"
    ".s4{fill:var(--s4)}.s5{fill:var(--s5)}.s6,.s7,.s8,.s9{fill:var(--s6)}\n";

static void write_head(const struct mface_bench *bench, FILE *file)
{
    fprintf(file,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<title>memoface bench pipeline</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n"
        "<h1>memoface: caches off and on</h1>\n<p class=\"dim\">memoface %s, ",
        style, mface_version());
    mface_xml_write(bench->input, file);
    fprintf(file, ": %d frames of %d×%d; model ", bench->frames, bench->facts.w, bench->facts.h);
    mface_xml_write(bench->model, file);
    fprintf(file, " (%d×%d, %s); %d processors, %s; load average %.2f before, %.2f after.</p>\n",
        bench->facts.model_w, bench->facts.model_h, bench->facts.model_precision, bench->n_cpus,
        bench->isa, bench->load_before, bench->load_after);
    char others[192];
    if (mface_bench_print_others(bench, others, sizeof others))
        fprintf(file, "<p><strong>%s</strong></p>\n", others);
    fprintf(file, "<p>%s</p>\n<p><strong>%s</strong></p>\n", mface_bench_output_note,
        mface_bench_live_note);
}

static void write_cell(double value, const struct mface_expectation *row, FILE *file)
{
    const enum mface_verdict verdict = mface_expect_judge(row, value);
    if (verdict == MFACE_NOT_MEASURED)
        fputs("<td class=\"dim\">not measured</td>", file);
    else
        fprintf(file, "<td><span class=\"%s\">%s</span> %.*f %s</td>", mface_verdict_name(verdict),
            mface_verdict_name(verdict), row->unit[0] == 'x', value,
            row->unit[0] == 'x' ? "×" : row->unit);
}

static bool is_shown(const struct mface_bench *bench, int workload)
{
    return bench->workloads >> workload & 1;
}

static void write_expectations(const struct mface_bench *bench, FILE *file)
{
    char usual[32];
    mface_monitor_print_bytes(mface_bench_usual_bytes(bench), usual, sizeof usual);
    fprintf(file,
        "<h2>What the guide expects, and what was measured</h2>\n"
        "<p class=\"dim\">Rows without a size are about %s; <em>small</em> is about its own. Fully "
        "optimised is 4 GB against no cache and no parallel work, measured on <em>loop</em>.</p>\n"
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"expectations\">\n<table>\n"
        "<thead><tr><th scope=\"col\">expectation</th><th scope=\"col\">expected</th>",
        usual);
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        if (is_shown(bench, i))
            fprintf(file, "<th scope=\"col\">%s</th>",
                mface_workload_get((enum mface_workload)i)->name);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (int r = 0; r < MFACE_N_EXPECTATIONS; r++) {
        const struct mface_expectation *row = &mface_expectations[r];
        fprintf(file, "<tr><th scope=\"row\">%s</th><td>%s</td>", row->text, row->expected);
        for (int i = 0; i < MFACE_N_WORKLOADS; i++)
            if (is_shown(bench, i))
                write_cell(mface_bench_value(bench, row, (enum mface_workload)i), row, file);
        fputs("</tr>\n", file);
    }
    fputs("</tbody></table></div>\n", file);
}

static double hit_percent(const struct mface_pass *pass)
{
    return 100 * mface_pass_hit_rate(pass);
}

static void write_chart(const struct mface_bench *bench, const char *id, const char *title,
    const char *unit, int digits, double (*value)(const struct mface_pass *), FILE *file)
{
    struct mface_chart chart = { .id = id, .title = title, .unit = unit, .digits = digits };
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        for (int way = 0; way < MFACE_WAYS_MAX; way++) {
            const struct mface_pass *pass = mface_bench_find(bench, (enum mface_workload)i, way);
            if (!pass || chart.n_bars == MFACE_CHART_BARS)
                continue;
            struct mface_chart_bar *bar = &chart.bars[chart.n_bars++];
            bar->group = mface_workload_get((enum mface_workload)i)->name;
            bar->series = way;
            bar->value = value(pass);
            mface_bench_print_way(bench, (enum mface_workload)i, way, bar->name, sizeof bar->name);
        }
    fprintf(file, "<h2>%s</h2>\n<div class=\"scroll\">\n", title);
    mface_chart_write(&chart, file);
    fputs("</div>\n", file);
}

static void write_run(const struct mface_bench *bench, int workload, int way, FILE *file)
{
    const struct mface_pass *pass = mface_bench_find(bench, (enum mface_workload)workload, way);
    char name[32], used[32], rss[32];
    if (!pass)
        return;
    const struct mface_stage_stats *swap = mface_pass_stage(pass, "swap");
    mface_bench_print_way(bench, (enum mface_workload)workload, way, name, sizeof name);
    mface_monitor_print_bytes(pass->cache_bytes, used, sizeof used);
    mface_monitor_print_bytes(pass->rss_bytes, rss, sizeof rss);
    fprintf(file,
        "<tr><th scope=\"row\">%s</th><td>%s</td><td>%lld</td><td>%.1f</td><td>%.1f</td><td>%lld"
        "</td><td>%.0f %%</td><td>%lld</td><td>%s</td><td>%s</td><td>%.1f</td><td>%.0f %%</td>"
        "</tr>\n",
        mface_workload_get((enum mface_workload)workload)->name, name, (long long)pass->frames,
        mface_pass_fps(pass), mface_pass_cpu_ms(pass), (long long)(swap ? swap->runs : 0),
        hit_percent(pass), (long long)pass->evictions, used, rss, pass->saved_ms / 1000,
        100 * mface_pass_others_share(pass));
}

static void write_runs(const struct mface_bench *bench, FILE *file)
{
    static const char *const columns[] = { "workload", "cache", "frames", "FPS", "CPU ms a frame",
        "inferred", "hit rate", "evicted", "cached", "process", "saved s", "others" };
    fputs("<h2>All figures</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"all figures\">\n<table>\n<thead><tr>",
        file);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        fprintf(file, "<th scope=\"col\">%s</th>", columns[i]);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        for (int way = 0; way < MFACE_WAYS_MAX; way++)
            write_run(bench, i, way, file);
    fputs("</tbody></table></div>\n", file);
}

static void write_workloads(const struct mface_bench *bench, FILE *file)
{
    fputs("<h2>The workloads</h2>\n<ul>\n", file);
    for (int i = 0; i < MFACE_N_WORKLOADS; i++) {
        const struct mface_workload_info *info = mface_workload_get((enum mface_workload)i);
        if (is_shown(bench, i))
            fprintf(file, "<li><strong>%s</strong>: %s. %s.</li>\n", info->name, info->what,
                bench->is_skipped[i] ? "Skipped: no other model was given"
                : bench->is_exact[i] ? "Output is the same with caches off and on"
                                     : "OUTPUT DIFFERS between caches off and on");
    }
    fputs("</ul>\n", file);
}

void mface_bench_write_html(const struct mface_bench *bench, FILE *file)
{
    write_head(bench, file);
    write_expectations(bench, file);
    write_chart(bench, "fps", "Frames a second", "", 1, mface_pass_fps, file);
    write_chart(bench, "cpu", "CPU time a frame", " ms", 1, mface_pass_cpu_ms, file);
    write_chart(bench, "hits", "Faces served without inference", " %", 0, hit_percent, file);
    write_workloads(bench, file);
    write_runs(bench, file);
    fputs("</main>\n</body>\n</html>\n", file);
}
