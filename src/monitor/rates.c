/* Rates over the last few figures, and over a whole job: differences of counts that only grow. */
#include <memoface/monitor.h>

static double ratio(double part, double whole)
{
    return whole > 0 && part > 0 ? part / whole : 0;
}

static struct mface_monitor_mark mark_of(const struct mface_stats *stats)
{
    return (struct mface_monitor_mark) {
        .seconds = stats->wall_s - stats->paused_s,
        .cpu_s = stats->cpu_s,
        .frames = stats->frames,
        .face_demands = stats->face_demands,
        .face_hits = stats->face_hits,
        .inserts = stats->cache.inserts,
        .evictions = stats->cache.evictions,
        .repeats = stats->frames_repeated,
    };
}

/* How many processors the job's own share goes by; every one counts for 100 %. */
static double n_processors(const struct mface_stats *stats)
{
    return ratio(100 * stats->cpu_s, stats->cpu_percent * stats->wall_s);
}

static struct mface_rates rates_between(const struct mface_monitor_mark *then,
    const struct mface_monitor_mark *now, double n_processors)
{
    const double seconds = now->seconds - then->seconds;
    const int64_t frames = now->frames - then->frames;
    const int64_t demands = now->face_demands - then->face_demands;
    const int64_t inserts = now->inserts - then->inserts;
    const int64_t repeats = now->repeats - then->repeats;
    return (struct mface_rates) {
        .seconds = seconds,
        .frames = frames,
        .face_demands = demands,
        .inserts = inserts,
        .repeats = repeats,
        .fps = ratio((double)frames, seconds),
        .cpu_percent = ratio(100 * (now->cpu_s - then->cpu_s), seconds * n_processors),
        .hit_rate = ratio((double)(now->face_hits - then->face_hits), (double)demands),
        .eviction_rate = ratio((double)(now->evictions - then->evictions), (double)inserts),
        .repeat_rate = ratio((double)repeats, (double)frames),
    };
}

void mface_monitor_add(
    struct mface_monitor *monitor, const struct mface_stats *stats, struct mface_rates *recent)
{
    static const struct mface_monitor_mark start = { 0 };
    const struct mface_monitor_mark now = mark_of(stats);
    const int64_t n = monitor->n++;
    struct mface_monitor_mark *slot = &monitor->mark[n % MFACE_MONITOR_MARKS];
    const struct mface_monitor_mark *oldest = n >= MFACE_MONITOR_MARKS ? slot : &start;
    *recent = rates_between(oldest, &now, n_processors(stats));
    *slot = now;
}

void mface_monitor_total(const struct mface_stats *stats, struct mface_rates *total)
{
    static const struct mface_monitor_mark start = { 0 };
    const struct mface_monitor_mark now = mark_of(stats);
    *total = rates_between(&start, &now, n_processors(stats));
}
