/* What auto-tune does about a trouble: one setting at a time, only such as act on a running job,
 * and never beyond what the user allowed. */
#include "monitor/advice.h"

#include <stdio.h>

enum { DETECT_EVERY_MAX = 60 };

static const double memory_is_free = 0.60; // the governor's mark for growing back

static bool to_size(struct mface_step *step, int64_t bytes)
{
    step->setting = "cache-size";
    mface_size_print(bytes, step->to);
    return true;
}

static bool to_word(struct mface_step *step, const char *setting, const char *word)
{
    step->setting = setting;
    snprintf(step->to, sizeof step->to, "%s", word);
    return true;
}

static bool grow(const struct mface_case *about, struct mface_step *step)
{
    const int64_t now = mface_case_bytes(about, "cache-size");
    int64_t size = mface_remedy_larger_cache(about);
    size = size < about->max_bytes ? size : about->max_bytes;
    return now > 0 && size > now && about->memory_used < memory_is_free && to_size(step, size);
}

static bool relieve_memory(const struct mface_case *about, struct mface_step *step)
{
    const int64_t size = mface_remedy_smaller_cache(about);
    return size > 0 && to_size(step, size);
}

static bool relieve_evictions(const struct mface_case *about, struct mface_step *step)
{
    if (mface_remedy_pre_is_worthless(about))
        return to_word(step, "pre-cache", "off");
    return grow(about, step);
}

/* What else makes faces miss would change the picture: that is the user's business. */
static bool relieve_misses(const struct mface_case *about, struct mface_step *step)
{
    return mface_case_has_lost(about) && !about->settings_changed && grow(about, step);
}

static bool relieve_cpu(const struct mface_case *about, struct mface_step *step)
{
    const int every = mface_case_int(about, "detect-every");
    char text[MFACE_VALUE_BYTES];
    if (mface_case_is(about, "parallel", "off"))
        return to_word(step, "parallel", "on");
    if (mface_case_share(about, "detect") < 0.25 || every >= DETECT_EVERY_MAX)
        return false;
    snprintf(text, sizeof text, "%d", every < 15 ? 30 : DETECT_EVERY_MAX);
    return to_word(step, "detect-every", text);
}

/* A cache that was made smaller gets back what the user gave it once memory is free. */
static bool give_back(const struct mface_case *about, struct mface_step *step)
{
    const int64_t now = mface_case_bytes(about, "cache-size");
    const bool is_smaller = now > 0 && now < about->user_bytes;
    step->why = "memory-is-free";
    if (!is_smaller || about->memory_used >= memory_is_free)
        return false;
    return to_size(step, 2 * now < about->user_bytes ? 2 * now : about->user_bytes);
}

bool mface_step_choose(
    const bool troubles[MFACE_N_TROUBLES], const struct mface_case *about, struct mface_step *step)
{
    static bool (*const reliefs[MFACE_N_TROUBLES])(
        const struct mface_case *about, struct mface_step *step) = {
        [MFACE_TROUBLE_MEMORY] = relieve_memory,
        [MFACE_TROUBLE_HIT_RATE] = relieve_misses,
        [MFACE_TROUBLE_EVICTIONS] = relieve_evictions,
        [MFACE_TROUBLE_CPU] = relieve_cpu,
    };
    for (int i = 0; i < MFACE_N_TROUBLES; i++) {
        step->why = mface_trouble_name((enum mface_trouble)i);
        if (troubles[i] && reliefs[i](about, step))
            return true;
    }
    return give_back(about, step);
}
