/* The words of advice: what a trouble comes from in this job, what would help, and the very option
 * to set. One function a trouble; each takes the first of its causes that the figures bear out. */
#include "monitor/advice.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT(field_) (field_), sizeof(field_)

static void MFACE_PRINTF(2, 3) action(struct mface_advice *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(TEXT(advice->action), format, args);
    va_end(args);
}

static void MFACE_PRINTF(2, 3) solution(struct mface_advice *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(TEXT(advice->solution), format, args);
    va_end(args);
}

static void MFACE_PRINTF(2, 3) cause(struct mface_advice *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(TEXT(advice->cause), format, args);
    va_end(args);
}

static double percent(double share)
{
    return 100 * share;
}

/* High memory use */

static void write_memory(const struct mface_case *about, struct mface_advice *advice)
{
    const int64_t smaller = mface_remedy_smaller_cache(about);
    char used[16], size[MFACE_VALUE_BYTES];
    mface_monitor_print_bytes(about->stats->cache.used_bytes, TEXT(used));
    if (smaller) {
        mface_size_print(smaller, size);
        cause(advice, "%.0f%% of the memory is in use, %s of it by the cache",
            percent(about->memory_used), used);
        solution(advice,
            "a smaller cache leaves memory to the rest (the governor lowered its limit "
            "%lld times)",
            (long long)about->stats->governor.n_shrinks);
        action(advice, "set --cache-size %s", size);
        return;
    }
    cause(advice, "%.0f%% of the memory is in use, and little of it by the cache (%s)",
        percent(about->memory_used), used);
    solution(advice, "the models, frames in flight and other programs take it");
    if (mface_case_is(about, "parallel", "on"))
        action(advice, "close other programs, or set --parallel off: fewer frames in flight");
    else
        action(advice, "close other programs");
}

/* Low hit rate */

static void write_cache_off(const struct mface_case *about, struct mface_advice *advice)
{
    cause(advice, "the cache is off, though %.0f%% of the frames had been seen before",
        percent(about->rates.repeat_rate));
    solution(advice, "a cache finds them again and saves their inference");
    action(advice, "set --cache-size 2G, or --preset auto to go by the memory");
}

static void write_smoothing(const struct mface_case *about, struct mface_advice *advice)
{
    cause(advice,
        "landmarks are smoothed over %d frames: a frame that comes again gives another crop",
        mface_case_int(about, "smooth"));
    solution(advice, "without smoothing equal frames have equal faces, and hit");
    action(advice, "set --smooth 1");
}

static void write_following(const struct mface_case *about, struct mface_advice *advice)
{
    cause(advice,
        "%.0f%% of the frames had been seen before, but faces are followed from frame to frame and "
        "lay "
        "elsewhere",
        percent(about->rates.repeat_rate));
    solution(advice, "looked for in every frame, equal frames have equal faces, and hit");
    action(advice, "set --detect-every 1");
}

static void write_changes(struct mface_advice *advice)
{
    cause(advice, "settings were changed meanwhile: faces made with other ones do not count");
    solution(advice, "the next pass over these frames finds what this one made");
    action(advice,
        "leave the settings before and of the swap as they are for one pass; --post-gamma "
        "and what follows may change");
}

static void write_lost(const struct mface_case *about, struct mface_advice *advice)
{
    const int64_t larger = mface_remedy_larger_cache(about);
    char size[MFACE_VALUE_BYTES];
    cause(advice,
        "%.0f%% of the frames had been seen before, but what was made of them is gone "
        "(%lld results found no room)",
        percent(about->rates.repeat_rate), (long long)about->stats->cache.rejected);
    mface_size_print(larger, size);
    solution(advice, "more room keeps it");
    if (larger)
        action(advice, "set --cache-size %s", size);
    else
        action(advice, "set --disk-cache-size 8G: memory allows no larger cache");
}

static void write_hit_rate(const struct mface_case *about, struct mface_advice *advice)
{
    if (about->stats->cache.limit_bytes == 0)
        write_cache_off(about, advice);
    else if (about->settings_changed)
        write_changes(advice);
    else if (mface_case_has_lost(about))
        write_lost(about, advice);
    else if (mface_case_int(about, "smooth") > 1)
        write_smoothing(about, advice);
    else
        write_following(about, advice);
}

/* High eviction rate */

static void write_evictions(const struct mface_case *about, struct mface_advice *advice)
{
    const int64_t larger = mface_remedy_larger_cache(about);
    char limit[16], size[MFACE_VALUE_BYTES];
    mface_monitor_print_bytes(about->stats->cache.limit_bytes, TEXT(limit));
    cause(advice,
        "%.0f%% of what went into the cache (%s) was pushed out again, while %.0f%% of the frames "
        "had been seen before",
        percent(about->rates.eviction_rate), limit, percent(about->rates.repeat_rate));
    if (mface_remedy_pre_is_worthless(about)) {
        solution(advice, "pre-processed faces take room there and are hardly ever found");
        action(advice, "set --pre-cache off");
    } else if (larger) {
        mface_size_print(larger, size);
        solution(advice, "the frames that come again need a larger cache");
        action(advice, "set --cache-size %s", size);
    } else {
        solution(advice, "memory allows no larger cache; a disk keeps what is dear to compute");
        action(advice, "set --disk-cache-size 8G");
    }
}

/* CPU still high */

static bool advise_swap(const struct mface_case *about, struct mface_advice *advice)
{
    const double share = mface_case_share(about, "swap");
    if (share < 0.5)
        return false;
    solution(advice, "inference is %.0f%% of the computing; make it cheaper", percent(share));
    if (mface_case_is(about, "two-pass", "on"))
        action(advice, "set --two-pass off: half the inferences");
    else if (mface_case_is(about, "precision", "f32"))
        action(advice, "set --precision auto: bf16 where this machine runs it faster");
    else if (!mface_case_is(about, "precision", "int8"))
        action(advice,
            "set --precision int8 where 'memoface doctor' says fast int8: less work, and "
            "faces a little coarser; else use a model of lower resolution");
    else
        action(advice, "use a model of lower resolution, or set --latency on to drop frames rather "
                       "than fall behind");
    return true;
}

static bool advise_detect(const struct mface_case *about, struct mface_advice *advice)
{
    const double share = mface_case_share(about, "detect");
    if (share < 0.25)
        return false;
    const int every = mface_case_int(about, "detect-every");
    solution(
        advice, "looking for faces is %.0f%% of the computing; look less often", percent(share));
    action(advice, "set --detect-every %d", every < 30 ? 30 : 2 * every);
    return true;
}

static bool advise_merge(const struct mface_case *about, struct mface_advice *advice)
{
    const double share = mface_case_share(about, "merge");
    const bool has_effects =
        mface_case_int(about, "median") > 0 || mface_case_int(about, "degrade") > 0;
    if (share < 0.25 || (!has_effects && mface_case_is(about, "interpolation", "bilinear")))
        return false;
    solution(advice, "putting the face back is %.0f%% of the computing", percent(share));
    action(advice, has_effects ? "set --median 0 --degrade 0" : "set --interpolation bilinear");
    return true;
}

static bool advise_encode(const struct mface_case *about, struct mface_advice *advice)
{
    const double share = mface_case_share(about, "encode");
    if (share < 0.4 || mface_case_is(about, "speed", "ultrafast"))
        return false;
    solution(advice, "encoding is %.0f%% of the computing", percent(share));
    action(advice, "set --speed %s",
        mface_case_is(about, "speed", "veryfast") ? "ultrafast" : "veryfast");
    return true;
}

static void write_cpu(const struct mface_case *about, struct mface_advice *advice)
{
    cause(advice, "%.0f%% of the processors' time goes into %.1f FPS; %.0f%% of the faces were new",
        about->rates.cpu_percent, about->rates.fps, percent(1 - about->rates.hit_rate));
    if (mface_case_is(about, "parallel", "off")) {
        solution(advice, "frames are worked on one at a time, and threads wait for one another");
        action(advice, "set --parallel on");
    } else if (!advise_swap(about, advice) && !advise_detect(about, advice) &&
               !advise_merge(about, advice) && !advise_encode(about, advice)) {
        solution(advice, "all stages share in it; fewer threads leave processors to others");
        action(advice, "set --threads 1, or --latency on to drop frames rather than fall behind");
    }
}

void mface_advice_write(
    enum mface_trouble trouble, const struct mface_case *about, struct mface_advice *advice)
{
    static const struct {
        const char *trouble;
        void (*write)(const struct mface_case *about, struct mface_advice *advice);
    } rows[MFACE_N_TROUBLES] = {
        [MFACE_TROUBLE_MEMORY] = { "memory use is high", write_memory },
        [MFACE_TROUBLE_HIT_RATE] = { "the hit rate is low", write_hit_rate },
        [MFACE_TROUBLE_EVICTIONS] = { "the eviction rate is high", write_evictions },
        [MFACE_TROUBLE_CPU] = { "CPU use is still high", write_cpu },
    };
    *advice = (struct mface_advice) {
        .name = mface_trouble_name(trouble),
        .trouble = rows[trouble].trouble,
    };
    rows[trouble].write(about, advice);
}

/* What was not there before cannot be found: no trouble, and nothing to be done about. */
void mface_advice_note(const struct mface_case *about, char *text, size_t text_bytes)
{
    enum { LEAST = 30 };
    const struct mface_rates *rates = &about->rates;
    text[0] = '\0';
    if (rates->face_demands < LEAST || rates->hit_rate >= 0.7 || mface_case_served(about) < 0.7)
        return;
    if (about->stats->cache.evictions > 0)
        snprintf(text, text_bytes,
            "%.0f%% of the frames were new, so no cache could have hit more than it did; what was "
            "pushed out (%.0f%%) was hardly missed",
            percent(1 - rates->repeat_rate), percent(rates->eviction_rate));
    else
        snprintf(text, text_bytes,
            "%.0f%% of the frames were new, so no cache could have hit more than it did",
            percent(1 - rates->repeat_rate));
}
