/* Presets, use cases and profiles: named sets of values. */
#ifndef MFACE_PIPELINE_PRESETS_H
#define MFACE_PIPELINE_PRESETS_H

#include <stdint.h>

enum { MFACE_PRESET_VALUES_MAX = 6 };

struct mface_preset {
    const char *setting; // "preset", "use-case" or "profile"
    const char *name;    // "16gb"
    const char *help;    // one line, no final full stop
    /* Use cases: the cache is `cache_times` what it would be without them, within this range. */
    int64_t cache_min_bytes, cache_max_bytes; // 0: no say
    int cache_times;
    struct {
        const char *key, *text;
    } values[MFACE_PRESET_VALUES_MAX + 1]; // ends with a NULL key
};

extern const struct mface_preset mface_presets[]; // ends with a NULL name

/* NULL where there is none of that name: "none", "auto", "" and a user's own profile. */
const struct mface_preset *mface_preset_find(const char *setting, const char *name);

/* One value that a choice brings: `preset` is whose it is, for `auto` the one that fits. */
typedef void (*mface_preset_fn)(
    void *user, const struct mface_preset *preset, const char *key, const char *text);

/* Everything that the choice of `name` for `setting` brings; nothing where there is no such name.
 * `cache_bytes`: the cache without it, which a use case scales. `memory_bytes` is the machine's,
 * for preset auto and for a use case beside it, else 0. Preset auto gives an eighth of the memory,
 * as all presets do, but no more than the preset that fits; beside it a use case takes a quarter at
 * most. */
void mface_preset_each(const char *setting, const char *name, int64_t cache_bytes,
    int64_t memory_bytes, mface_preset_fn each, void *user);

/* What preset auto goes by: the machine's memory, or the least limit of a cgroup; 0: unknown. */
int64_t mface_preset_memory_bytes(void);

#endif
