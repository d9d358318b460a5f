#include "pipeline/collect.h"

#include "base/cpu.h"
#include "base/mem.h"

#include <string.h>

_Static_assert((int)MFACE_N_STAGES <= (int)MFACE_STAGES_MAX, "stages fit the public statistics");
_Static_assert((int)MFACE_N_STAGES <= (int)MFACE_CACHE_CLASSES_MAX, "stages fit cache classes");

void mface_job_start_init(struct mface_job_start *start, const struct mface_cache *cache)
{
    *start = (struct mface_job_start) {
        .time_us = mface_time_us(),
        .cpu_us = mface_cpu_time_us(),
        .alloc_failures = mface_mem_n_failures(),
    };
    if (cache)
        mface_cache_get_stats(cache, &start->cache);
}

void mface_job_start_mark_open(struct mface_job_start *start)
{
    start->open_us = mface_time_us() - start->time_us;
    start->open_cpu_us = mface_cpu_time_us() - start->cpu_us;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

void mface_tally_reset(struct mface_tally *tally)
{
    struct mface_stage_cost cost[MFACE_N_STAGES];
    memcpy(cost, tally->cost, sizeof cost);
    memset(tally, 0, sizeof *tally);
    memcpy(tally->cost, cost, sizeof cost);
}

/* Counts become the job's own; sizes stay what they are now. */
static void collect_cache(const struct mface_cache_stats *before, struct mface_cache_stats *now)
{
    now->hits -= before->hits;
    now->misses -= before->misses;
    now->inserts -= before->inserts;
    now->evictions -= before->evictions;
    now->rejected -= before->rejected;
    now->saved_us -= before->saved_us;
    for (int i = 0; i < MFACE_CACHE_CLASSES_MAX; i++) {
        now->classes[i].hits -= before->classes[i].hits;
        now->classes[i].misses -= before->classes[i].misses;
        now->classes[i].inserts -= before->classes[i].inserts;
        now->classes[i].evictions -= before->classes[i].evictions;
        now->classes[i].saved_us -= before->classes[i].saved_us;
    }
}

static struct mface_stage_stats collect_stage(
    enum mface_stage stage, const struct mface_stage_tally *tally, int64_t bytes)
{
    return (struct mface_stage_stats) {
        .name = mface_stage_get(stage)->name,
        .demands = mface_counter_get(&tally->demands),
        .hits = mface_counter_get(&tally->hits),
        .runs = mface_counter_get(&tally->runs.n),
        .ms_total = (double)mface_counter_get(&tally->runs.sum_us) / 1000,
        .ms_p50 = mface_hist_quantile_us(&tally->runs, 0.5) / 1000,
        .ms_p95 = mface_hist_quantile_us(&tally->runs, 0.95) / 1000,
        .bytes = bytes,
        .bypassed = atomic_load_explicit(&tally->value.is_bypassed, memory_order_relaxed),
        .n_bypassed = mface_counter_get(&tally->value.n_bypassed),
    };
}

static void collect_time(
    const struct mface_job_start *start, const struct mface_tally *tally, struct mface_stats *stats)
{
    const double frames = (double)stats->frames;
    stats->wall_s = (double)(mface_time_us() - start->time_us) / 1e6;
    stats->cpu_s = (double)(mface_cpu_time_us() - start->cpu_us) / 1e6;
    stats->open_s = (double)start->open_us / 1e6;
    stats->open_cpu_s = (double)start->open_cpu_us / 1e6;
    stats->fps = ratio(frames, stats->wall_s);
    stats->cpu_percent = 100 * ratio(stats->cpu_s, stats->wall_s * mface_cpu_count());
    stats->cpu_ms_per_frame = ratio(1000 * stats->cpu_s, frames);
    stats->peak_rss_bytes = mface_rss_peak_bytes();
    stats->latency_p50_ms = mface_hist_quantile_us(&tally->latency, 0.5) / 1000;
    stats->latency_p95_ms = mface_hist_quantile_us(&tally->latency, 0.95) / 1000;
    stats->latency_p99_ms = mface_hist_quantile_us(&tally->latency, 0.99) / 1000;
}

void mface_stats_collect(const struct mface_job_start *start, const struct mface_tally *tally,
    const struct mface_cache *cache, struct mface_stats *stats)
{
    *stats = (struct mface_stats) {
        .frames = mface_counter_get(&tally->frames),
        .faces = mface_counter_get(&tally->faces),
        .faces_hidden = mface_counter_get(&tally->faces_hidden),
        .frames_without_face = mface_counter_get(&tally->frames_without_face),
        .frames_failed = mface_counter_get(&tally->frames_failed),
        .frames_dropped = mface_counter_get(&tally->frames_dropped),
        .frames_repeated = mface_counter_get(&tally->frames_repeated),
        .alloc_failures = mface_mem_n_failures() - start->alloc_failures,
        .face_demands = mface_counter_get(&tally->face_demands),
        .face_hits = mface_counter_get(&tally->face_hits),
        .n_stages = MFACE_N_STAGES,
    };
    if (cache) {
        mface_cache_get_stats(cache, &stats->cache);
        collect_cache(&start->cache, &stats->cache);
    }
    stats->cache.saved_us += mface_counter_get(&tally->hidden_us);
    stats->hit_rate = ratio((double)stats->face_hits, (double)stats->face_demands);
    stats->eviction_rate = ratio((double)stats->cache.evictions, (double)stats->cache.inserts);
    for (int i = 0; i < MFACE_N_STAGES; i++)
        stats->stages[i] =
            collect_stage((enum mface_stage)i, &tally->stage[i], stats->cache.classes[i].bytes);
    collect_time(start, tally, stats);
}

void mface_stats_collect_disk(
    const struct mface_disk_stats *before, struct mface_disk *disk, struct mface_disk_stats *now)
{
    mface_disk_get_stats(disk, now);
    now->hits -= before->hits;
    now->misses -= before->misses;
    now->read_bytes -= before->read_bytes;
    now->saved_us -= before->saved_us;
    now->writes -= before->writes;
    now->write_bytes -= before->write_bytes;
    now->drops -= before->drops;
    now->damaged -= before->damaged;
    now->segments_evicted -= before->segments_evicted;
}
