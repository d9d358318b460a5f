/* Statistics for Prometheus (its text format, version 0.0.4): base units, counters end in _total.
 */
#include "serve/route.h"

#include <stdio.h>
#include <stdlib.h>

static void head(FILE *file, const char *name, const char *type, const char *help)
{
    fprintf(file, "# HELP memoface_%s %s\n# TYPE memoface_%s %s\n", name, help, name, type);
}

static void add(FILE *file, const char *name, const char *type, double value, const char *help)
{
    head(file, name, type, help);
    fprintf(file, "memoface_%s %.17g\n", name, value);
}

static void counter(FILE *file, const char *name, double value, const char *help)
{
    add(file, name, "counter", value, help);
}

static void gauge(FILE *file, const char *name, double value, const char *help)
{
    add(file, name, "gauge", value, help);
}

static void add_job(FILE *file, const struct mface_stats *stats)
{
    counter(file, "frames_total", (double)stats->frames, "Frames written.");
    counter(file, "frames_repeated_total", (double)stats->frames_repeated,
        "Frames whose pixels had been seen before.");
    counter(file, "faces_total", (double)stats->faces, "Faces swapped.");
    counter(file, "faces_hidden_total", (double)stats->faces_hidden,
        "Faces swapped of which nothing shows.");
    counter(file, "frames_without_face_total", (double)stats->frames_without_face,
        "Frames in which there was nothing to swap.");
    counter(file, "frames_failed_total", (double)stats->frames_failed,
        "Frames passed unchanged because a stage failed.");
    counter(file, "face_demands_total", (double)stats->face_demands, "Faces to be swapped.");
    counter(file, "face_hits_total", (double)stats->face_hits, "Faces that needed no inference.");
    counter(file, "job_cpu_seconds_total", stats->cpu_s, "Processor time of the process.");
    gauge(file, "job_seconds", stats->wall_s, "Time since the job began.");
    gauge(file, "job_paused_seconds", stats->paused_s, "Time for which the job was paused.");
    gauge(file, "job_frames_expected", (double)stats->frames_total,
        "Frames of the input, an estimate; 0: unknown.");
    gauge(file, "job_frames_in_flight", (double)stats->frames_in_flight,
        "Frames that have begun and are not written yet.");
    gauge(file, "resident_peak_bytes", (double)stats->peak_rss_bytes,
        "Most memory the process had resident.");
}

static void add_latency(FILE *file, const struct mface_stats *stats)
{
    head(file, "frame_latency_seconds", "gauge",
        "Time from decoded to encoded within which so many percent of the frames were.");
    const double ms[] = { stats->latency_p50_ms, stats->latency_p95_ms, stats->latency_p99_ms };
    static const char *const percentiles[] = { "50", "95", "99" };
    for (int i = 0; i < 3; i++)
        fprintf(file, "memoface_frame_latency_seconds{percentile=\"%s\"} %.17g\n", percentiles[i],
            ms[i] / 1000);
}

static void add_cache(FILE *file, const struct mface_stats *stats)
{
    const struct mface_cache_stats *cache = &stats->cache;
    gauge(file, "cache_limit_bytes", (double)cache->limit_bytes, "Budget of the cache.");
    gauge(file, "cache_used_bytes", (double)cache->used_bytes, "What counts against it.");
    gauge(file, "cache_entries", (double)cache->n_entries, "Entries in the cache.");
    counter(file, "cache_hits_total", (double)cache->hits, "Look-ups that found an entry.");
    counter(file, "cache_misses_total", (double)cache->misses, "Look-ups that found none.");
    counter(file, "cache_inserts_total", (double)cache->inserts, "Entries put in.");
    counter(file, "cache_evictions_total", (double)cache->evictions, "Entries pushed out.");
    counter(file, "cache_saved_seconds_total", (double)cache->saved_us / 1e6,
        "What the entries that were found had cost to compute.");
    gauge(file, "memory_used_ratio", stats->governor.memory_used,
        "Share of the memory of the machine or cgroup in use.");
    counter(file, "cache_limit_shrinks_total", (double)stats->governor.n_shrinks,
        "Times the limit was lowered because memory was short.");
    counter(file, "disk_hits_total", (double)stats->disk.hits, "Results read back from disk.");
    counter(file, "disk_writes_total", (double)stats->disk.writes, "Results written to disk.");
    gauge(file, "disk_used_bytes", (double)stats->disk.used_bytes, "Size of the disk tier.");
}

enum stage_figure { DEMANDS, HITS, RUNS, SECONDS, BYTES, N_FIGURES };

static double figure_of(const struct mface_stage_stats *stage, enum stage_figure figure)
{
    switch (figure) {
    case DEMANDS:
        return (double)stage->demands;
    case HITS:
        return (double)stage->hits;
    case RUNS:
        return (double)stage->runs;
    case SECONDS:
        return stage->ms_total / 1000;
    default:
        return (double)stage->bytes;
    }
}

static void add_stages(FILE *file, const struct mface_stats *stats)
{
    static const char *const rows[N_FIGURES][3] = {
        [DEMANDS] = { "stage_demands_total", "counter", "Requests for results of a stage." },
        [HITS] = { "stage_hits_total", "counter", "Those answered from memory or disk." },
        [RUNS] = { "stage_runs_total", "counter", "Those computed." },
        [SECONDS] = { "stage_run_seconds_total", "counter", "Time of the runs." },
        [BYTES] = { "stage_cache_bytes", "gauge", "What the cache keeps of a stage." },
    };
    for (int figure = 0; figure < N_FIGURES; figure++) {
        head(file, rows[figure][0], rows[figure][1], rows[figure][2]);
        for (int i = 0; i < stats->n_stages; i++)
            fprintf(file, "memoface_%s{stage=\"%s\"} %.17g\n", rows[figure][0],
                stats->stages[i].name, figure_of(&stats->stages[i], (enum stage_figure)figure));
    }
}

char *mface_metrics_text(const struct mface_source *source, const struct mface_snapshot *snapshot)
{
    struct mface_control_state state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (!file)
        return NULL;
    source->get_control(source->user, &state);
    head(file, "build_info", "gauge", "The version, as a label; always 1.");
    fprintf(file, "memoface_build_info{version=\"%s\"} 1\n", mface_version());
    gauge(file, "paused", state.is_paused, "1 while the job is paused.");
    gauge(file, "settings_version", (double)state.settings_version,
        "1, and one more for each change of settings.");
    add_job(file, &snapshot->stats);
    add_latency(file, &snapshot->stats);
    add_cache(file, &snapshot->stats);
    add_stages(file, &snapshot->stats);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
