#include "pipeline/report.h"

#include "pipeline/json.h"
#include "pipeline/report_insight.h"
#include <memoface/forecast.h>

static void add_governor(struct mface_json *json, const struct mface_governor_stats *governor)
{
    mface_json_open_object(json, "governor");
    mface_json_add_int(json, "user_limit_bytes", governor->user_limit_bytes);
    mface_json_add_int(json, "shrinks", governor->n_shrinks);
    mface_json_add_int(json, "grows", governor->n_grows);
    mface_json_add_int(json, "emergencies", governor->n_emergencies);
    mface_json_add_str(json, "reason", governor->reason ? governor->reason : "");
    mface_json_add_float(json, "memory_used", governor->memory_used);
    mface_json_add_int(json, "memory_bytes", governor->memory_bytes);
    mface_json_close_object(json);
}

static void add_cache(struct mface_json *json, const struct mface_stats *stats)
{
    const struct mface_cache_stats *cache = &stats->cache;
    mface_json_open_object(json, "cache");
    mface_json_add_int(json, "limit_bytes", cache->limit_bytes);
    mface_json_add_int(json, "used_bytes", cache->used_bytes);
    mface_json_add_int(json, "peak_bytes", cache->peak_bytes);
    mface_json_add_int(json, "entries", cache->n_entries);
    mface_json_add_int(json, "hits", cache->hits);
    mface_json_add_int(json, "misses", cache->misses);
    mface_json_add_float(json, "hit_rate", stats->hit_rate);
    mface_json_add_int(json, "face_demands", stats->face_demands);
    mface_json_add_int(json, "face_hits", stats->face_hits);
    mface_json_add_int(json, "inserts", cache->inserts);
    mface_json_add_int(json, "evictions", cache->evictions);
    mface_json_add_float(json, "eviction_rate", stats->eviction_rate);
    mface_json_add_int(json, "rejected", cache->rejected);
    mface_json_add_float(json, "saved_ms", (double)cache->saved_us / 1000);
    add_governor(json, &stats->governor);
    mface_json_close_object(json);
}

static void add_disk(struct mface_json *json, const struct mface_disk_stats *disk)
{
    mface_json_open_object(json, "disk");
    mface_json_add_int(json, "limit_bytes", disk->limit_bytes);
    mface_json_add_int(json, "used_bytes", disk->used_bytes);
    mface_json_add_int(json, "memory_bytes", disk->memory_bytes);
    mface_json_add_int(json, "entries", disk->n_entries);
    mface_json_add_int(json, "hits", disk->hits);
    mface_json_add_int(json, "misses", disk->misses);
    mface_json_add_int(json, "read_bytes", disk->read_bytes);
    mface_json_add_float(json, "saved_ms", (double)disk->saved_us / 1000);
    mface_json_add_int(json, "writes", disk->writes);
    mface_json_add_int(json, "write_bytes", disk->write_bytes);
    mface_json_add_int(json, "drops", disk->drops);
    mface_json_add_int(json, "damaged", disk->damaged);
    mface_json_add_int(json, "segments_evicted", disk->segments_evicted);
    mface_json_close_object(json);
}

static void add_latency(struct mface_json *json, const struct mface_stats *stats)
{
    mface_json_open_object(json, "latency_ms");
    mface_json_add_float(json, "p50", stats->latency_p50_ms);
    mface_json_add_float(json, "p95", stats->latency_p95_ms);
    mface_json_add_float(json, "p99", stats->latency_p99_ms);
    mface_json_close_object(json);
}

static void add_stages(struct mface_json *json, const struct mface_stats *stats)
{
    mface_json_open_object(json, "stages");
    for (int i = 0; i < stats->n_stages; i++) {
        const struct mface_stage_stats *stage = &stats->stages[i];
        mface_json_open_object(json, stage->name);
        mface_json_add_int(json, "demands", stage->demands);
        mface_json_add_int(json, "hits", stage->hits);
        mface_json_add_int(json, "runs", stage->runs);
        mface_json_add_float(json, "ms_total", stage->ms_total);
        mface_json_add_float(json, "ms_p50", stage->ms_p50);
        mface_json_add_float(json, "ms_p95", stage->ms_p95);
        mface_json_add_int(json, "bytes", stage->bytes);
        mface_json_add_bool(json, "bypassed", stage->bypassed);
        mface_json_add_int(json, "bypassed_demands", stage->n_bypassed);
        mface_json_close_object(json);
    }
    mface_json_close_object(json);
}

static void add_setting(struct mface_json *json, const struct mface_option *row, const void *base)
{
    const void *field = (const char *)base + row->offset;
    char text[MFACE_OPTION_STRING_BYTES];
    switch (row->type) {
    case MFACE_OPTION_BOOL:
        mface_json_add_bool(json, row->key, *(const bool *)field);
        break;
    case MFACE_OPTION_INT:
        mface_json_add_int(json, row->key, *(const int *)field);
        break;
    case MFACE_OPTION_SIZE:
        mface_json_add_int(json, row->key, *(const int64_t *)field);
        break;
    case MFACE_OPTION_FLOAT:
        mface_json_add_float(json, row->key, *(const double *)field);
        break;
    case MFACE_OPTION_CHOICE:
    case MFACE_OPTION_STRING:
        mface_option_print(row, base, text, sizeof text);
        mface_json_add_str(json, row->key, text);
        break;
    }
}

static void add_settings(struct mface_json *json, const struct mface_settings *settings)
{
    mface_json_open_object(json, "settings");
    for (size_t i = 0; i < mface_settings_n_rows; i++)
        add_setting(json, &mface_settings_rows[i], settings);
    mface_json_close_object(json);
}

static void add_model(struct mface_json *json, const struct mface_report_model *model)
{
    mface_json_open_object(json, "model");
    mface_json_add_str(json, "path", model->path);
    mface_json_add_str(json, "sha256", model->info->sha256);
    mface_json_add_int(json, "resolution", model->info->w);
    mface_json_add_str(json, "precision", model->info->precision);
    mface_json_close_object(json);
}

static void add_plan(struct mface_json *json, const struct mface_stats *stats)
{
    if (stats->predicted_fps <= 0)
        return;
    mface_json_open_object(json, "plan");
    mface_json_add_float(json, "predicted_fps", stats->predicted_fps);
    mface_json_add_float(json, "measured_fps", stats->fps);
    mface_json_add_float(json, "error_percent", mface_forecast_error_percent(stats));
    mface_json_close_object(json);
}

static void add_totals(struct mface_json *json, const struct mface_stats *stats)
{
    mface_json_add_int(json, "frames", stats->frames);
    mface_json_add_int(json, "faces", stats->faces);
    mface_json_add_int(json, "faces_hidden", stats->faces_hidden);
    mface_json_add_int(json, "frames_without_face", stats->frames_without_face);
    mface_json_add_int(json, "frames_failed", stats->frames_failed);
    mface_json_add_int(json, "frames_damaged", stats->frames_damaged);
    mface_json_add_int(json, "frames_dropped", stats->frames_dropped);
    mface_json_add_int(json, "frames_repeated", stats->frames_repeated);
    mface_json_add_float(json, "wall_s", stats->wall_s);
    mface_json_add_float(json, "paused_s", stats->paused_s);
    mface_json_add_float(json, "fps", stats->fps);
    mface_json_add_float(json, "open_s", stats->open_s);
    mface_json_add_float(json, "cpu_s", stats->cpu_s);
    mface_json_add_float(json, "open_cpu_s", stats->open_cpu_s);
    mface_json_add_float(json, "cpu_percent", stats->cpu_percent);
    mface_json_add_float(json, "cpu_ms_per_frame", stats->cpu_ms_per_frame);
    mface_json_add_int(json, "peak_rss_bytes", stats->peak_rss_bytes);
    mface_json_add_int(json, "alloc_failures", stats->alloc_failures);
    mface_json_add_int(json, "settings_version", stats->settings_version);
    mface_json_add_piece(json, stats->start_s, stats->end_s);
}

enum mface_status mface_report_write(const struct mface_stats *stats,
    const struct mface_settings *settings, const struct mface_report_model *model, FILE *file)
{
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    add_totals(&json, stats);
    add_latency(&json, stats);
    add_plan(&json, stats);
    add_cache(&json, stats);
    add_disk(&json, &stats->disk);
    add_stages(&json, stats);
    mface_report_add_insight(&json, &stats->insight);
    add_settings(&json, settings);
    add_model(&json, model);
    mface_json_add_str(&json, "version", mface_version());
    mface_json_close_object(&json);
    return fflush(file) == 0 && !ferror(file) ? MFACE_OK : MFACE_ERR_IO;
}
