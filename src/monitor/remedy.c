/* Settings as the advisor reads them, and sizes of a cache that would help. */
#include "monitor/advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MIB INT64_C(1048576)

static const double memory_goal = 0.70, memory_most = 0.75;

void mface_case_value(const struct mface_case *about, const char *key, char text[MFACE_VALUE_BYTES])
{
    if (mface_settings_print(about->settings, key, text, MFACE_VALUE_BYTES) < 0)
        text[0] = '\0';
}

bool mface_case_is(const struct mface_case *about, const char *key, const char *text)
{
    char value[MFACE_VALUE_BYTES];
    mface_case_value(about, key, value);
    return strcmp(value, text) == 0;
}

int mface_case_int(const struct mface_case *about, const char *key)
{
    char value[MFACE_VALUE_BYTES];
    mface_case_value(about, key, value);
    return atoi(value);
}

int64_t mface_case_bytes(const struct mface_case *about, const char *key)
{
    static const char units[] = "KMGT";
    char value[MFACE_VALUE_BYTES], *end;
    mface_case_value(about, key, value);
    const long long number = strtoll(value, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    return unit ? (int64_t)number << (10 * (unit - units + 1)) : (int64_t)number;
}

void mface_size_print(int64_t bytes, char text[MFACE_VALUE_BYTES])
{
    int64_t number = bytes / MIB;
    int unit = 0;
    while (number > 0 && number % 1024 == 0 && unit < 2) {
        number /= 1024;
        unit++;
    }
    snprintf(text, MFACE_VALUE_BYTES, "%lld%c", (long long)number, "MGT"[unit]);
}

bool mface_case_has_lost(const struct mface_case *about)
{
    return about->stats->cache.evictions > 0 || about->stats->cache.rejected > 0;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Down to whole steps of an eighth of itself or less, so that the figure is easy to say. */
static int64_t round_size(int64_t bytes)
{
    int64_t step = MIB;
    while (step * 16 <= bytes)
        step *= 2;
    return bytes / step * step;
}

int64_t mface_remedy_smaller_cache(const struct mface_case *about)
{
    const struct mface_stats *stats = about->stats;
    const int64_t used = stats->cache.used_bytes, memory = stats->governor.memory_bytes;
    const int64_t surplus = (int64_t)((about->memory_used - memory_goal) * (double)memory);
    if (memory <= 0 || used < memory / 20 || stats->cache.limit_bytes == 0)
        return 0;
    const int64_t floor = most(about->user_bytes / 20, 64 * MIB);
    const int64_t size = round_size(most(used - surplus, floor));
    return size < mface_case_bytes(about, "cache-size") ? size : 0;
}

/* With a share e of what went in pushed out again, 1 - e of it is there: 1 / (1 - e) times as much
 * would have held all; between half as much again and four times. */
int64_t mface_remedy_larger_cache(const struct mface_case *about)
{
    const struct mface_governor_stats *governor = &about->stats->governor;
    const int64_t size = mface_case_bytes(about, "cache-size");
    const double kept = 1 - about->rates.eviction_rate;
    const double times = kept < 0.25 ? 4 : kept > 0.66 ? 1.5 : 1 / kept;
    int64_t wanted = (int64_t)(times * (double)size);
    const double room = (memory_most - about->memory_used) * (double)governor->memory_bytes;
    if (governor->memory_bytes > 0 && (double)(wanted - size) > room)
        wanted = size + (room > 0 ? (int64_t)room : 0);
    wanted = round_size(wanted);
    return wanted > size ? wanted : 0;
}

static const struct mface_stage_stats *stage_of(const struct mface_case *about, const char *name)
{
    for (int i = 0; i < about->stats->n_stages; i++)
        if (strcmp(about->stats->stages[i].name, name) == 0)
            return &about->stats->stages[i];
    return NULL;
}

bool mface_remedy_pre_is_worthless(const struct mface_case *about)
{
    enum { MIN_DEMANDS = 100 };
    const struct mface_stage_stats *pre = stage_of(about, "pre");
    return pre && mface_case_is(about, "pre-cache", "on") && pre->demands >= MIN_DEMANDS &&
           pre->hits * 50 < pre->demands && pre->bytes * 10 > about->stats->cache.used_bytes;
}

double mface_case_share(const struct mface_case *about, const char *stage)
{
    const struct mface_stage_stats *one = stage_of(about, stage);
    double all_ms = 0;
    for (int i = 0; i < about->stats->n_stages; i++)
        all_ms += about->stats->stages[i].ms_total;
    return one && all_ms > 0 ? one->ms_total / all_ms : 0;
}
