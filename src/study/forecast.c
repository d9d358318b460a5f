/* A plan: the probe's figures, the prediction, and what they advise. */
#include "study/forecast.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/settings.h"
#include <memoface/monitor.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static double stage_ms_per_frame(const struct mface_pass *pass, const char *name)
{
    const struct mface_stage_stats *stage = mface_pass_stage(pass, name);
    return stage ? ratio(stage->ms_total, (double)pass->frames) : 0;
}

static void find_sizes(const struct mface_settings *settings, struct mface_forecast *plan)
{
    const struct mface_probe *probe = &plan->probe;
    const double new_share = 1 - probe->repeats;
    plan->frames = probe->looked_through ? probe->n_looked : (double)probe->facts.frames_total;
    plan->bytes_per_new_frame =
        ratio((double)probe->cold.cache_bytes, (double)probe->cold.frames * new_share);
    const double reach = ratio((double)settings->cache_size_bytes, plan->bytes_per_new_frame);
    plan->repeats = mface_predict_repeats(probe->gaps, probe->n_looked, reach);
    const double need = plan->bytes_per_new_frame * plan->frames *
                        (1 - mface_predict_repeats(probe->gaps, probe->n_looked, INFINITY));
    plan->need_bytes = (int64_t)need;
    plan->cache_bytes =
        (int64_t)fmin(plan->frames > 0 ? need : INFINITY, (double)settings->cache_size_bytes);
    plan->memory_bytes = probe->cold.rss_bytes - probe->cold.cache_bytes + plan->cache_bytes;
    const double found = mface_pass_hit_rate(&probe->cold) - probe->repeats;
    plan->static_faces = fmax(0, ratio(found, new_share));
}

static void predict(struct mface_forecast *plan)
{
    const struct mface_probe *probe = &plan->probe;
    const struct mface_probe_figures figures = {
        .n_cpus = probe->n_cpus,
        .frames = (double)probe->cold.frames,
        .wall_s = probe->cold.wall_s - probe->cold.open_s,
        .cpu_s = probe->cold.cpu_s - probe->cold.open_cpu_s,
        .repeats = probe->repeats,
        .again_frames = (double)probe->again.frames,
        .again_wall_s = probe->again.wall_s - probe->again.open_s,
        .again_cpu_s = probe->again.cpu_s - probe->again.open_cpu_s,
        .decode_ms = probe->decode_ms,
        .encode_ms = stage_ms_per_frame(&probe->again, "encode"),
        .open_s = probe->open_s,
    };
    const struct mface_job_shape shape = { .frames = plan->frames, .repeats = plan->repeats };
    plan->prediction = mface_predict(&figures, &shape);
}

/* Advice */

static void advise(struct mface_forecast *plan, const char *key, const char *value,
    const char *format, ...) MFACE_PRINTF(4, 5);

static void advise(
    struct mface_forecast *plan, const char *key, const char *value, const char *format, ...)
{
    struct mface_forecast_advice *advice = &plan->advice[plan->n_advice++];
    va_list args;
    advice->key = key;
    snprintf(advice->value, sizeof advice->value, "%s", value);
    va_start(args, format);
    vsnprintf(advice->reason, sizeof advice->reason, format, args);
    va_end(args);
}

static void advise_cache_size(struct mface_forecast *plan)
{
    static const char *const words[] = { "512M", "1G", "2G", "4G", "8G" };
    char need[32];
    int i = 0;
    while (i < 4 && (double)(INT64_C(512) << (20 + i)) < 1.1 * (double)plan->need_bytes)
        i++;
    mface_monitor_print_bytes(plan->need_bytes, need, sizeof need);
    if (plan->need_bytes == 0)
        advise(
            plan, "cache-size", "2G", "how long the input is cannot be told; this is the default");
    else
        advise(plan, "cache-size", words[i],
            "all results of this clip take %s; %.0f%% of its frames "
            "are exact repeats, and rendering it again finds every frame",
            need, 100 * plan->repeats);
}

static void advise_stage(struct mface_forecast *plan, const char *key, const char *stage)
{
    const struct mface_stage_stats *stats = mface_pass_stage(&plan->probe.cold, stage);
    const double ms = stats ? ratio(stats->ms_total, (double)stats->runs) : 0;
    if (!stats || stats->runs == 0)
        advise(plan, key, "off", "with these settings the stage changes nothing");
    else
        advise(plan, key, ms > 0.05 ? "on" : "off",
            "its result takes %.2f ms to compute and is needed when a later setting changes", ms);
}

static void advise_parallel(struct mface_forecast *plan, const struct mface_settings *settings)
{
    const double here = mface_pass_fps(&plan->probe.first);
    const double other = mface_pass_fps(&plan->probe.toggled);
    const double on = settings->parallel ? here : other, off = settings->parallel ? other : here;
    advise(plan, "parallel", on >= off ? "on" : "off",
        "%.1f FPS with it, %.1f without, at the clip's beginning", on, off);
}

static void advise_threads(struct mface_forecast *plan)
{
    advise(plan, "threads", "0", "one worker for each of %d processors; limited by %s",
        plan->probe.n_cpus, mface_forecast_bottleneck(plan));
}

static void advise_use_case(struct mface_forecast *plan)
{
    const double fps = plan->prediction.fps, clip = plan->probe.facts.fps;
    if (clip > 0 && fps >= clip)
        advise(plan, "use-case", "streaming", "%.1f FPS keep up with the clip's %.1f", fps, clip);
    else if (clip > 0 && fps >= clip / 4)
        advise(plan, "use-case", "recording", "%.1f FPS do not keep up with the clip's %.1f", fps,
            clip);
    else
        advise(plan, "use-case", "batch", "%.1f FPS: work to leave alone", fps);
}

static void advise_detect_every(struct mface_forecast *plan, const struct mface_settings *settings)
{
    char value[32];
    const double detect_ms = stage_ms_per_frame(&plan->probe.cold, "detect");
    const double share = 100 * ratio(detect_ms, plan->prediction.new_cpu_ms);
    const int every = share > 10 && settings->detect_every < 30 ? 30 : settings->detect_every;
    snprintf(value, sizeof value, "%d", every);
    advise(plan, "detect-every", value,
        "looking for faces takes %.1f ms a frame, %.0f%% of the work", detect_ms, share);
}

static void advise_all(struct mface_forecast *plan, const struct mface_settings *settings)
{
    advise_cache_size(plan);
    advise_stage(plan, "pre-cache", "pre");
    advise_stage(plan, "post-cache", "post");
    advise_parallel(plan, settings);
    advise_threads(plan);
    advise_use_case(plan);
    advise_detect_every(plan, settings);
}

static enum mface_status make(
    const struct mface_forecast_params *params, struct mface_forecast *plan)
{
    if (params->seconds != 0 && !(params->seconds >= 0.2 && params->seconds <= 600))
        return mface_fail(
            MFACE_ERR_ARG, "seconds: %g is not accepted; give 0.2..600", params->seconds);
    plan->input = mface_mem_strdup(params->input);
    plan->model = mface_mem_strdup(params->model);
    plan->start_s = params->start_s;
    plan->end_s = params->end_s;
    if (!plan->input || !plan->model)
        return mface_fail_nomem("plan");
    MFACE_TRY(mface_probe_run(params, &plan->probe));
    find_sizes(params->settings, plan);
    predict(plan);
    advise_all(plan, params->settings);
    return MFACE_OK;
}

enum mface_status mface_forecast_make(
    const struct mface_forecast_params *params, struct mface_forecast **out)
{
    *out = mface_mem_calloc(1, sizeof **out);
    if (!*out)
        return mface_fail_nomem("plan");
    mface_log_hold_repeats(true);
    const enum mface_status status = make(params, *out);
    mface_log_hold_repeats(false);
    if (status != MFACE_OK)
        mface_forecast_free(out);
    return status;
}

void mface_forecast_free(struct mface_forecast **plan)
{
    if (!*plan)
        return;
    mface_probe_clear(&(*plan)->probe);
    mface_mem_free((*plan)->input);
    mface_mem_free((*plan)->model);
    mface_mem_free(*plan);
    *plan = NULL;
}
