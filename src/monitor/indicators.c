/* The five signs of success, each with its number. What was not measured is not met. */
#include "monitor/advice.h"

enum { LEAST_FRAMES = 30 }; // for percentiles to mean anything

static void add(struct mface_insight *insight, const char *name, const char *what, const char *unit,
    bool is_measured, double value, double bound, bool is_met)
{
    insight->indicators[insight->n_indicators++] = (struct mface_indicator) {
        .name = name,
        .what = what,
        .unit = unit,
        .is_measured = is_measured,
        .is_met = is_measured && is_met,
        .value = is_measured ? value : 0,
        .bound = bound,
    };
}

/* Stable: 95 of 100 frames take no longer than twice what the middle one takes, from decoded to
 * encoded. */
static void add_stable(const struct mface_stats *stats, struct mface_insight *insight)
{
    const double p50 = stats->latency_p50_ms, p95 = stats->latency_p95_ms, bound = 2;
    const bool is_measured = stats->frames >= LEAST_FRAMES && p50 > 0;
    const double ratio = is_measured ? p95 / p50 : 0;
    add(insight, "stable", "stable: 95% of frames within twice the median time", "x", is_measured,
        ratio, bound, ratio <= bound);
}

void mface_indicators_fill(const struct mface_stats *stats, struct mface_insight *insight)
{
    struct mface_rates total;
    mface_monitor_total(stats, &total);
    const bool ran = stats->frames > 0 && total.seconds > 0;
    const int64_t errors =
        stats->alloc_failures + stats->cache.rejected + stats->governor.n_emergencies;
    insight->n_indicators = 0;
    add(insight, "cpu", "CPU below 60%", "%", ran, total.cpu_percent, 60, total.cpu_percent < 60);
    add(insight, "fps", "more than 25 FPS", "FPS", ran, total.fps, 25, total.fps > 25);
    add(insight, "hit_rate", "hit rate above 70%", "%", stats->face_demands > 0,
        100 * stats->hit_rate, 70, stats->hit_rate > 0.70);
    add_stable(stats, insight);
    add(insight, "memory_errors", "no memory errors", "", ran, (double)errors, 0, errors == 0);
}
