/* The named sets of values, as data. Cache sizes and switches are those the guide promises by
 * memory, by use and by temper; the other values are what these words imply in this program:
 * docs/settings.md says why. A preset's cache is an eighth of the memory it is named after, so auto
 * needs no table of its own. */
#include "pipeline/presets.h"

#include "cache/pressure.h"

#include <memoface/settings_layers.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define GIB (INT64_C(1) << 30)
#define MIB (INT64_C(1) << 20)

/* A machine sold with 16 GB tells the system of 15.2 to 15.9: firmware and graphics take theirs. */
#define LEAST_8GB  (7 * GIB)
#define LEAST_16GB (14 * GIB)
#define LEAST_32GB (28 * GIB)

#define CACHE_RANGE(min_, max_, times_)                                                            \
    .cache_min_bytes = (min_), .cache_max_bytes = (max_), .cache_times = (times_)

// clang-format off
const struct mface_preset mface_presets[] = {
    { "preset", "8gb", "for 8 GB of memory: a small cache, one frame at a time",
      .values = { { "cache-size", "1G" }, { "parallel", "off" } } },
    { "preset", "16gb", "for 16 GB of memory: everything on",
      .values = { { "cache-size", "2G" }, { "pre-cache", "on" }, { "post-cache", "on" }, { "parallel", "on" } } },
    { "preset", "32gb", "for 32 GB of memory and more: a large cache, everything on",
      .values = { { "cache-size", "4G" }, { "pre-cache", "on" }, { "post-cache", "on" }, { "parallel", "on" } } },

    { "use-case", "streaming", "speed over quality", CACHE_RANGE(1 * GIB, 2 * GIB, 1),
      .values = { { "precision", "auto" }, { "encode-for", "speed" } } },
    { "use-case", "recording", "quality over speed", CACHE_RANGE(2 * GIB, 4 * GIB, 1),
      .values = { { "precision", "f32" }, { "latency", "off" }, { "encode-for", "quality" } } },
    { "use-case", "batch", "most frames for the machine's time; keeps results on disk", CACHE_RANGE(4 * GIB, 8 * GIB, 2),
      .values = { { "precision", "auto" }, { "pre-cache", "on" }, { "post-cache", "on" }, { "parallel", "on" }, { "latency", "off" }, { "disk-cache-size", "8G" } } },

    { "profile", "conservative", "little memory: finished faces are not kept",
      .values = { { "cache-size", "1G" }, { "post-cache", "off" } } },
    { "profile", "balanced", "the default values, whatever a preset says",
      .values = { { "cache-size", "2G" }, { "pre-cache", "on" }, { "post-cache", "on" }, { "parallel", "on" } } },
    { "profile", "aggressive", "much memory, all processors",
      .values = { { "cache-size", "4G" }, { "pre-cache", "on" }, { "post-cache", "on" }, { "parallel", "on" } } },
    { 0 },
};
// clang-format on

const struct mface_preset *mface_preset_find(const char *setting, const char *name)
{
    for (const struct mface_preset *preset = mface_presets; preset->name; preset++)
        if (strcmp(preset->setting, setting) == 0 && strcasecmp(preset->name, name) == 0)
            return preset;
    return NULL;
}

const char *mface_settings_preset_for(int64_t memory_bytes)
{
    if (memory_bytes >= LEAST_32GB)
        return "32gb";
    return memory_bytes >= LEAST_16GB ? "16gb" : "8gb";
}

int64_t mface_preset_memory_bytes(void)
{
    struct mface_pressure pressure;
    const bool known = mface_pressure_read((void *)&mface_pressure_system, &pressure);
    return known ? pressure.smallest_bytes : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t share_bytes(int64_t memory_bytes, int parts)
{
    return memory_bytes / parts / MIB * MIB;
}

static void give_cache(
    const struct mface_preset *preset, int64_t bytes, mface_preset_fn each, void *user)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    each(user, preset, "cache-size", text);
}

static int64_t use_case_cache_bytes(
    const struct mface_preset *use_case, int64_t cache_bytes, int64_t memory_bytes)
{
    const int64_t bytes =
        least(most(cache_bytes * use_case->cache_times, use_case->cache_min_bytes),
            use_case->cache_max_bytes);
    return memory_bytes > 0 ? least(bytes, share_bytes(memory_bytes, 4)) : bytes;
}

void mface_preset_each(const char *setting, const char *name, int64_t cache_bytes,
    int64_t memory_bytes, mface_preset_fn each, void *user)
{
    const bool is_auto = strcmp(setting, "preset") == 0 && strcasecmp(name, "auto") == 0;
    const struct mface_preset *preset =
        mface_preset_find(setting, is_auto ? mface_settings_preset_for(memory_bytes) : name);
    for (int k = 0; preset && preset->values[k].key; k++)
        each(user, preset, preset->values[k].key, preset->values[k].text);
    if (preset && is_auto && memory_bytes > 0 && memory_bytes < LEAST_8GB)
        give_cache(preset, share_bytes(memory_bytes, 8), each, user);
    if (preset && preset->cache_times)
        give_cache(preset, use_case_cache_bytes(preset, cache_bytes, memory_bytes), each, user);
}
