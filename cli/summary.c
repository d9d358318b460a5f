/* The summary at the end of a job: what was done, what the cache was worth, where time went. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char *plural(int64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static void print_work(const struct mface_stats *stats, const char *output, bool interrupted)
{
    fprintf(stderr, "%s: %lld %s in %.1f s (%.1f FPS), %lld %s swapped -> %s\n",
        interrupted ? "Interrupted" : "Done", (long long)stats->frames,
        plural(stats->frames, "frame", "frames"), stats->wall_s, stats->fps,
        (long long)stats->faces, plural(stats->faces, "face", "faces"), output);
    if (stats->frames > 0 && stats->faces == 0)
        fprintf(stderr, "  note     no face was found: every frame passed unchanged\n");
    else if (stats->faces_hidden)
        fprintf(stderr,
            "  warning  %lld %s not show: nothing is left of the mask; see mask-erode and "
            "mask-blur "
            "(pixels of\n           the crop, whose side is resolution), coverage, opacity\n",
            (long long)stats->faces_hidden, plural(stats->faces_hidden, "face does", "faces do"));
    if (stats->faces > 0 && stats->frames_without_face)
        fprintf(stderr, "  note     %lld %s without a face passed unchanged\n",
            (long long)stats->frames_without_face,
            plural(stats->frames_without_face, "frame", "frames"));
    if (stats->frames_failed)
        fprintf(stderr, "  warning  %lld %s passed unchanged because a stage failed\n",
            (long long)stats->frames_failed, plural(stats->frames_failed, "frame", "frames"));
    if (stats->frames_dropped)
        fprintf(stderr, "  note     %lld %s left out to keep up with the input\n",
            (long long)stats->frames_dropped, plural(stats->frames_dropped, "frame", "frames"));
    if (stats->frames_damaged)
        fprintf(stderr, "  warning  the input is damaged: %lld %s of it could not be decoded\n",
            (long long)stats->frames_damaged, plural(stats->frames_damaged, "piece", "pieces"));
}

static void print_cache(const struct mface_stats *stats)
{
    char used[16], peak[16], limit[16];
    mface_monitor_print_bytes(stats->cache.used_bytes, used, sizeof used);
    mface_monitor_print_bytes(stats->cache.peak_bytes, peak, sizeof peak);
    mface_monitor_print_bytes(stats->cache.limit_bytes, limit, sizeof limit);
    fprintf(stderr, "  faces    hit rate %.0f%%: %lld of %lld served without inference\n",
        stats->hit_rate * 100, (long long)stats->face_hits, (long long)stats->face_demands);
    fprintf(stderr,
        "  cache    %s of %s used, peak %s; %lld inserted, %lld evicted (%.0f%%); "
        "saved %.1f s of computing\n",
        used, limit, peak, (long long)stats->cache.inserts, (long long)stats->cache.evictions,
        stats->eviction_rate * 100, (double)stats->cache.saved_us / 1e6);
}

static void print_disk(const struct mface_stats *stats)
{
    const struct mface_disk_stats *disk = &stats->disk;
    char used[16], limit[16];
    if (!disk->limit_bytes)
        return;
    mface_monitor_print_bytes(disk->used_bytes, used, sizeof used);
    mface_monitor_print_bytes(disk->limit_bytes, limit, sizeof limit);
    fprintf(stderr,
        "  disk     %s of %s used; %lld read back, %lld written; saved %.1f s of computing\n", used,
        limit, (long long)disk->hits, (long long)disk->writes, (double)disk->saved_us / 1e6);
    if (disk->drops || disk->damaged)
        fprintf(stderr,
            "  warning  disk: %lld not written in time, %lld damaged and computed anew\n",
            (long long)disk->drops, (long long)disk->damaged);
}

static void print_governor(const struct mface_stats *stats)
{
    const struct mface_governor_stats *governor = &stats->governor;
    char limit[16], user[16];
    if (governor->n_shrinks == 0)
        return;
    mface_monitor_print_bytes(stats->cache.limit_bytes, limit, sizeof limit);
    mface_monitor_print_bytes(governor->user_limit_bytes, user, sizeof user);
    fprintf(stderr, "  memory   short: limit lowered %lld %s, raised %lld, now %s of %s\n",
        (long long)governor->n_shrinks, plural(governor->n_shrinks, "time", "times"),
        (long long)governor->n_grows, limit, user);
}

static void print_machine(const struct mface_stats *stats)
{
    char rss[16];
    mface_monitor_print_bytes(stats->peak_rss_bytes, rss, sizeof rss);
    fprintf(stderr, "  machine  CPU %.0f%%, %.1f ms of CPU a frame, peak memory %s\n",
        stats->cpu_percent, stats->cpu_ms_per_frame, rss);
    fprintf(stderr, "  latency  median %.0f ms, 95%% within %.0f ms, 99%% within %.0f ms\n",
        stats->latency_p50_ms, stats->latency_p95_ms, stats->latency_p99_ms);
}

static void print_stages(const struct mface_stats *stats)
{
    fprintf(stderr, "  %-8s %9s %9s %9s %9s %9s\n", "stage", "demands", "hits", "runs", "ms median",
        "ms total");
    for (int i = 0; i < stats->n_stages; i++) {
        const struct mface_stage_stats *stage = &stats->stages[i];
        fprintf(stderr, "  %-8s %9lld %9lld %9lld %9.2f %9.0f\n", stage->name,
            (long long)stage->demands, (long long)stage->hits, (long long)stage->runs,
            stage->ms_p50, stage->ms_total);
    }
    for (int i = 0; i < stats->n_stages; i++)
        if (stats->stages[i].bypassed)
            fprintf(stderr,
                "  note     %s is computed each time: keeping it costs more than it saves\n",
                stats->stages[i].name);
}

static void print_insight(const struct mface_insight *insight)
{
    for (int i = 0; i < insight->n_tuned && i < MFACE_TUNED_MAX; i++)
        fprintf(stderr, "  tuned    %s %s -> %s at %.0f s (%s)\n", insight->tuned[i].setting,
            insight->tuned[i].from, insight->tuned[i].to, insight->tuned[i].wall_s,
            insight->tuned[i].why);
    for (int i = 0; i < insight->n_advice; i++) {
        const struct mface_advice *advice = &insight->advice[i];
        fprintf(stderr, "  advice   %s: %s\n           %s\n           -> %s\n", advice->trouble,
            advice->cause, advice->solution, advice->action);
    }
    if (insight->note[0])
        fprintf(stderr, "  note     %s\n", insight->note);
}

static void print_indicators(const struct mface_insight *insight)
{
    for (int i = 0; i < insight->n_indicators; i++) {
        const struct mface_indicator *sign = &insight->indicators[i];
        const char *word = !sign->is_measured ? "not measured" : sign->is_met ? "met" : "not met";
        fprintf(stderr, "  %-8s %-12s %s", i ? "" : "success", word, sign->what);
        if (sign->is_measured)
            fprintf(
                stderr, ": %.3g%s%s", sign->value, strlen(sign->unit) > 1 ? " " : "", sign->unit);
        fputc('\n', stderr);
    }
}

static void print_plan(const struct mface_stats *stats)
{
    if (stats->predicted_fps > 0)
        fprintf(stderr, "  plan     predicted %.1f FPS, measured %.1f: %+.0f%%\n",
            stats->predicted_fps, stats->fps, mface_forecast_error_percent(stats));
}

void summary_print(const struct mface_stats *stats, const char *output, enum mface_status status)
{
    print_work(stats, output, status == MFACE_ERR_CANCELED);
    if (stats->frames == 0)
        return;
    print_cache(stats);
    print_disk(stats);
    print_governor(stats);
    print_machine(stats);
    print_plan(stats);
    print_stages(stats);
    print_insight(&stats->insight);
    print_indicators(&stats->insight);
}
