/* From what was counted to the figures of a job. */
#ifndef MFACE_PIPELINE_COLLECT_H
#define MFACE_PIPELINE_COLLECT_H

#include "pipeline/tally.h"
#include <memoface/cache.h>
#include <memoface/disk.h>
#include <memoface/session.h>

/* What was so when the job began; counts of the cache go on from job to job. */
struct mface_job_start {
    int64_t time_us, cpu_us, alloc_failures;
    int64_t open_us, open_cpu_us; // from there until input and output were open
    struct mface_cache_stats cache;
};

/* `cache` may be NULL. */
void mface_job_start_init(struct mface_job_start *start, const struct mface_cache *cache);
void mface_job_start_mark_open(struct mface_job_start *start);

/* Fills what tally, cache and clocks know; the rest of *stats (frames_total, frames_damaged) is
 * set to 0. May run while workers count. */
void mface_stats_collect(const struct mface_job_start *start, const struct mface_tally *tally,
    const struct mface_cache *cache, struct mface_stats *stats);

/* The disk tier's figures: counts since `before`, sizes now. */
void mface_stats_collect_disk(
    const struct mface_disk_stats *before, struct mface_disk *disk, struct mface_disk_stats *now);

#endif
