#include "study/expect.h"

#include <math.h>

#define GIB (INT64_C(1) << 30)

static double less_percent(double off, double on)
{
    return off > 0 ? 100 * (1 - on / off) : NAN;
}

static double times(double on, double off)
{
    return off > 0 ? on / off : NAN;
}

static double cpu_less(const struct mface_trio *trio)
{
    return trio->off ? less_percent(mface_pass_cpu_ms(trio->off), mface_pass_cpu_ms(trio->on))
                     : NAN;
}

static double time_less(const struct mface_trio *trio)
{
    return trio->off ? less_percent(mface_pass_stage_ms(trio->off), mface_pass_stage_ms(trio->on))
                     : NAN;
}

static double fps_gain(const struct mface_trio *trio)
{
    return trio->off ? times(mface_pass_fps(trio->on), mface_pass_fps(trio->off)) : NAN;
}

static double fps_gain_over_plain(const struct mface_trio *trio)
{
    return trio->plain ? times(mface_pass_fps(trio->on), mface_pass_fps(trio->plain)) : NAN;
}

static double hit_rate(const struct mface_trio *trio)
{
    return trio->on->face_demands > 0 ? 100 * mface_pass_hit_rate(trio->on) : NAN;
}

static double memory_use(const struct mface_trio *trio)
{
    return trio->on->cache_limit_bytes > 0 ? 100 * mface_pass_memory_use(trio->on) : NAN;
}

static double evictions(const struct mface_trio *trio)
{
    return trio->on->inserts > 0 ? 100 * mface_pass_eviction_rate(trio->on) : NAN;
}

const struct mface_expectation mface_expectations[MFACE_N_EXPECTATIONS] = {
    { "cpu", "CPU a frame, less", "40-60 %", "%", 40, 60, MFACE_MORE_IS_FINE, 0, cpu_less },
    { "fps-2g", "FPS with 2 GB", "2-3x", "x", 2, 3, MFACE_MORE_IS_FINE, 2 * GIB, fps_gain },
    { "fps-4g", "FPS with 4 GB", "3-4x", "x", 3, 4, MFACE_MORE_IS_FINE, 4 * GIB, fps_gain },
    { "fps-full", "FPS fully optimised", "4-5x", "x", 4, 5, MFACE_MORE_IS_FINE, 4 * GIB,
        fps_gain_over_plain },
    { "hit-rate", "hit rate", "70-90 %", "%", 70, 90, MFACE_MORE_IS_FINE, 0, hit_rate },
    { "memory", "memory use of the cache", "60-80 %", "%", 60, 80, MFACE_WITHIN, 0, memory_use },
    { "evictions", "evictions", "5-15 %", "%", 5, 15, MFACE_LESS_IS_FINE, 0, evictions },
    { "time", "processing time a frame, less", "50-70 %", "%", 50, 70, MFACE_MORE_IS_FINE, 0,
        time_less },
};

const char *mface_verdict_name(enum mface_verdict verdict)
{
    static const char *const names[] = { "not measured", "missed", "met" };
    return names[verdict];
}

double mface_expect_value(
    const struct mface_expectation *expectation, const struct mface_trio *trio)
{
    return trio->on && trio->on->frames > 0 ? expectation->value(trio) : NAN;
}

enum mface_verdict mface_expect_judge(const struct mface_expectation *expectation, double value)
{
    if (isnan(value))
        return MFACE_NOT_MEASURED;
    const bool is_low = value < expectation->low && expectation->sense != MFACE_LESS_IS_FINE;
    const bool is_high = value > expectation->high && expectation->sense != MFACE_MORE_IS_FINE;
    return is_low || is_high ? MFACE_MISSED : MFACE_MET;
}
