/* What does not fit the one line: memory, evictions, saved time, stages, and how long it will take.
 */
#include <memoface/monitor.h>

#include <stdarg.h>
#include <stdio.h>

/* A text that is put together piece by piece, as snprintf() does it at once. */
struct piece {
    char *text;
    size_t bytes, length;
};

static void MFACE_PRINTF(2, 3) add(struct piece *piece, const char *format, ...)
{
    va_list args;
    const size_t used = piece->length < piece->bytes ? piece->length : piece->bytes;
    va_start(args, format);
    const int n = vsnprintf(piece->text + used, piece->bytes - used, format, args);
    va_end(args);
    piece->length += n > 0 ? (size_t)n : 0;
}

int mface_monitor_print_details(const struct mface_stats *stats, char *text, size_t text_bytes)
{
    struct piece piece = { text, text_bytes, 0 };
    char peak[16];
    mface_monitor_print_bytes(stats->peak_rss_bytes, peak, sizeof peak);
    add(&piece, "Evictions: %.0f%% | Memory: ", stats->eviction_rate * 100);
    if (stats->governor.memory_bytes > 0)
        add(&piece, "%.0f%%", stats->governor.memory_used * 100);
    else
        add(&piece, "-");
    add(&piece, " | Saved: %.1fs | Peak: %s", (double)stats->cache.saved_us / 1e6, peak);
    return (int)piece.length;
}

int mface_monitor_print_stages(const struct mface_stats *stats, char *text, size_t text_bytes)
{
    struct piece piece = { text, text_bytes, 0 };
    const char *separator = "ms:";
    add(&piece, "%s", ""); // terminated, whatever follows
    for (int i = 0; i < stats->n_stages; i++) {
        const struct mface_stage_stats *stage = &stats->stages[i];
        if (stage->runs == 0 || stage->ms_p50 < 0.05)
            continue;
        add(&piece, "%s %s %.*f", separator, stage->name, stage->ms_p50 < 99.95, stage->ms_p50);
        separator = ",";
    }
    return (int)piece.length;
}

double mface_monitor_eta_s(const struct mface_stats *stats, const struct mface_rates *recent)
{
    const double left = (double)(stats->frames_total - stats->frames);
    if (stats->frames_total <= 0 || recent->fps <= 0)
        return -1;
    return left > 0 ? left / recent->fps : 0;
}

static void add_stages(struct piece *piece, const struct mface_stats *stats)
{
    add(piece, ", \"stages\": {");
    for (int i = 0; i < stats->n_stages; i++) {
        const struct mface_stage_stats *stage = &stats->stages[i];
        add(piece,
            "%s\"%s\": {\"demands\": %lld, \"hits\": %lld, \"runs\": %lld, \"ms_total\": %.6g, "
            "\"ms_p50\": %.6g}",
            i ? ", " : "", stage->name, (long long)stage->demands, (long long)stage->hits,
            (long long)stage->runs, stage->ms_total, stage->ms_p50);
    }
    add(piece, "}");
}

static void add_cache(struct piece *piece, const struct mface_stats *stats)
{
    const struct mface_cache_stats *cache = &stats->cache;
    add(piece,
        ", \"cache\": {\"limit_bytes\": %lld, \"used_bytes\": %lld, \"hit_rate\": %.6g, "
        "\"evictions\": %lld, \"eviction_rate\": %.6g, \"rejected\": %lld, \"saved_ms\": %.9g}",
        (long long)cache->limit_bytes, (long long)cache->used_bytes, stats->hit_rate,
        (long long)cache->evictions, stats->eviction_rate, (long long)cache->rejected,
        (double)cache->saved_us / 1000);
    add(piece, ", \"memory_used\": %.6g, \"peak_rss_bytes\": %lld", stats->governor.memory_used,
        (long long)stats->peak_rss_bytes);
}

static void add_job(
    struct piece *piece, const struct mface_stats *stats, const struct mface_rates *recent)
{
    const double eta_s = mface_monitor_eta_s(stats, recent);
    add(piece,
        ", \"frames\": %lld, \"frames_total\": %lld, \"faces\": %lld, \"wall_s\": %.6f, "
        "\"paused_s\": %.6f, ",
        (long long)stats->frames, (long long)stats->frames_total, (long long)stats->faces,
        stats->wall_s, stats->paused_s);
    if (eta_s >= 0)
        add(piece, "\"eta_s\": %.6g", eta_s);
    else
        add(piece, "\"eta_s\": null");
    add(piece, ", \"fps\": %.6g, \"cpu_percent\": %.6g", stats->fps, stats->cpu_percent);
    add(piece,
        ", \"recent\": {\"seconds\": %.6g, \"fps\": %.6g, \"cpu_percent\": %.6g, \"hit_rate\": "
        "%.6g, \"eviction_rate\": %.6g}",
        recent->seconds, recent->fps, recent->cpu_percent, recent->hit_rate, recent->eviction_rate);
}

/* Every text in it is a word of ours without quotes. */
int mface_monitor_print_json(const struct mface_stats *stats, const struct mface_rates *recent,
    int done, char *text, size_t text_bytes)
{
    struct piece piece = { text, text_bytes, 0 };
    const struct mface_insight *insight = &stats->insight;
    add(&piece, "{\"done\": %s", done ? "true" : "false");
    add_job(&piece, stats, recent);
    add_cache(&piece, stats);
    add_stages(&piece, stats);
    add(&piece, ", \"advice\": [");
    for (int i = 0; i < insight->n_advice; i++)
        add(&piece, "%s\"%s\"", i ? ", " : "", insight->advice[i].name);
    add(&piece, "], \"tuned\": %lld}", (long long)insight->n_tuned);
    return (int)piece.length;
}
