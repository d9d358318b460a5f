#include "cache/governor.h"

#include "base/log.h"

static const double upper_mark = 0.80, acute_mark = 0.90, lower_mark = 0.60;
static const double stall_mark_percent = 10;

enum {
    STEPS_PER_LIMIT = 20, // a step is 5 % of the user's limit
    MIN_LIMIT_BYTES = 1 << 20,
    GROW_INTERVAL_US = 2000000,
    CALM_US = 5000000, // no growth this soon after a shrink
};

void mface_governor_init(struct mface_governor *governor, struct mface_cache *cache,
    int64_t user_limit_bytes, mface_pressure_fn read, void *user)
{
    *governor = (struct mface_governor) {
        .cache = cache,
        .read = read,
        .user = user,
        .user_limit_bytes = user_limit_bytes,
        .limit_bytes = user_limit_bytes,
        .stats = { .user_limit_bytes = user_limit_bytes, .reason = "" },
    };
}

enum mface_status mface_governor_set_limit(
    struct mface_governor *governor, int64_t user_limit_bytes)
{
    MFACE_TRY(mface_cache_resize(governor->cache, user_limit_bytes));
    governor->user_limit_bytes = governor->limit_bytes = user_limit_bytes;
    governor->stats.user_limit_bytes = user_limit_bytes;
    return MFACE_OK;
}

static double fullness(const struct mface_pressure *pressure)
{
    return (double)pressure->used_bytes / (double)pressure->limit_bytes;
}

static int64_t step_bytes(const struct mface_governor *governor)
{
    return governor->user_limit_bytes / STEPS_PER_LIMIT;
}

/* Even a starved cache keeps the small records, which cost most per byte to compute. */
static int64_t floor_bytes(const struct mface_governor *governor)
{
    const int64_t step = step_bytes(governor);
    return step > MIN_LIMIT_BYTES ? step : MIN_LIMIT_BYTES;
}

static bool resize(struct mface_governor *governor, const struct mface_pressure *pressure,
    const char *reason, int64_t limit_bytes)
{
    if (mface_cache_resize(governor->cache, limit_bytes) != MFACE_OK)
        return false;
    mface_log(MFACE_LOG_INFO,
        "cache: %s (%s memory %.0f%% used, stall %.0f%%): limit %lld -> %lld MB of %lld", reason,
        pressure->source, 100 * fullness(pressure), pressure->stall_percent,
        (long long)(governor->limit_bytes >> 20), (long long)(limit_bytes >> 20),
        (long long)(governor->user_limit_bytes >> 20));
    governor->limit_bytes = limit_bytes;
    governor->stats.reason = reason;
    return true;
}

static void shrink(
    struct mface_governor *governor, const struct mface_pressure *pressure, const char *reason)
{
    struct mface_cache_stats stats;
    mface_cache_get_stats(governor->cache, &stats);
    const int64_t held =
        stats.used_bytes < governor->limit_bytes ? stats.used_bytes : governor->limit_bytes;
    const int n_steps = fullness(pressure) > acute_mark ? 2 : 1;
    int64_t limit = held - n_steps * step_bytes(governor);
    if (limit < floor_bytes(governor))
        limit = floor_bytes(governor);
    if (limit >= governor->limit_bytes || !resize(governor, pressure, reason, limit))
        return;
    governor->stats.n_shrinks++;
    governor->stats.n_emergencies += n_steps > 1;
}

/* A step that would lead above the upper mark by itself is not taken. */
static void grow(
    struct mface_governor *governor, const struct mface_pressure *pressure, int64_t now_us)
{
    const int64_t step = step_bytes(governor),
                  room = governor->user_limit_bytes - governor->limit_bytes;
    const bool is_calm = !governor->shrink_us || now_us - governor->shrink_us >= CALM_US;
    const bool is_due = !governor->grow_us || now_us - governor->grow_us >= GROW_INTERVAL_US;
    const double then = (double)(pressure->used_bytes + step) / (double)pressure->limit_bytes;
    if (room <= 0 || !is_calm || !is_due || then >= upper_mark)
        return;
    governor->grow_us = now_us;
    if (resize(governor, pressure, "memory is free again",
            governor->limit_bytes + (room < step ? room : step)))
        governor->stats.n_grows++;
}

void mface_governor_tick(struct mface_governor *governor, int64_t now_us)
{
    struct mface_pressure pressure;
    if (!governor->read ||
        (governor->tick_us && now_us - governor->tick_us < MFACE_GOVERNOR_INTERVAL_US))
        return;
    governor->tick_us = now_us;
    if (!governor->read(governor->user, &pressure))
        return;
    const double full = fullness(&pressure);
    const bool stalls = pressure.stall_percent >= stall_mark_percent;
    governor->stats.memory_used = full;
    governor->stats.memory_bytes = pressure.limit_bytes;
    if (!governor->cache)
        return; // nothing to govern; the reading is for whoever watches
    if (full > upper_mark || (full >= lower_mark && stalls)) {
        governor->shrink_us = now_us;
        shrink(governor, &pressure, full > upper_mark ? "memory is short" : "memory stalls");
    } else if (full < lower_mark && !stalls) {
        grow(governor, &pressure, now_us);
    }
}
