/* A plan as text and as JSON, and what a saved one says. */
#include "study/forecast.h"

#include "base/log.h"
#include "pipeline/json.h"
#include <memoface/monitor.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

const char *mface_forecast_bottleneck(const struct mface_forecast *plan)
{
    static const char *const names[] = { "processor time", "the decoder", "the encoder" };
    return names[plan->prediction.bottleneck];
}

/* Text */

static void print_stages(const struct mface_forecast *plan, FILE *file)
{
    const struct mface_pass *cold = &plan->probe.cold;
    fprintf(file, "  %-10s%12s%14s%18s\n", "stage", "ms a run", "runs/frame", "saved ms/frame");
    for (int i = 0; i < cold->n_stages; i++) {
        const struct mface_stage_stats *stage = &cold->stages[i];
        if (stage->runs == 0)
            continue;
        const double ms = stage->ms_total / (double)stage->runs;
        fprintf(file, "  %-10s%12.2f%14.2f%18.2f\n", stage->name, ms,
            (double)stage->runs / (double)cold->frames,
            ms * (double)stage->hits / (double)cold->frames);
    }
}

static void print_text(const struct mface_forecast *plan, FILE *file)
{
    const struct mface_probe *probe = &plan->probe;
    const struct mface_prediction *p = &plan->prediction;
    char memory[32], cache[32], need[32];
    mface_monitor_print_bytes(plan->memory_bytes, memory, sizeof memory);
    mface_monitor_print_bytes(plan->cache_bytes, cache, sizeof cache);
    mface_monitor_print_bytes(plan->need_bytes, need, sizeof need);
    fprintf(file, "%s", plan->input);
    if (plan->start_s > 0)
        fprintf(file, " from %.9g s", plan->start_s);
    if (plan->end_s > 0)
        fprintf(file, " to %.9g s", plan->end_s);
    fprintf(file,
        ": %.0f %s of %dx%d, %s; %s; model %d in %s\n"
        "Looked at %d%s, swapped %lld at %d %s\n\n"
        "Predicted  %.1f FPS, CPU %.0f%%, %.1f ms of CPU a frame, limited by %s\n"
        "  memory   %s, of it %s cached; all results of the clip: %s\n"
        "  repeats  %.0f%% of the frames are exact repeats; %.0f%% of the faces in new ones hold "
        "still\n"
        "  again    the same settings once more: %.1f FPS; another post-gamma: %.1f FPS\n\n",
        plan->frames, plan->frames == 1 ? "frame" : "frames", probe->facts.w, probe->facts.h,
        probe->facts.codec, probe->facts.encoder, probe->facts.model_w,
        probe->facts.model_precision, probe->n_looked, probe->looked_through ? " (all)" : "",
        (long long)probe->cold.frames, probe->n_places, probe->n_places == 1 ? "place" : "places",
        p->fps, p->cpu_percent, p->cpu_ms, mface_forecast_bottleneck(plan), memory, cache, need,
        100 * plan->repeats, 100 * plan->static_faces, mface_pass_fps(&probe->again),
        mface_pass_fps(&probe->rerender));
    if (mface_pass_others_share(&probe->cold) > MFACE_OTHERS_SHARE_SHOWS)
        fprintf(file,
            "  note     other work had %.0f%% of the machine meanwhile; without it a swap is "
            "faster\n\n",
            100 * mface_pass_others_share(&probe->cold));
    if (probe->cold.faces == 0)
        fprintf(file, "  note     no face was found where it was tried\n\n");
    print_stages(plan, file);
    fprintf(file, "\nAdvice for this clip\n");
    for (int i = 0; i < plan->n_advice; i++)
        fprintf(file, "  --%s %s\n      %s\n", plan->advice[i].key, plan->advice[i].value,
            plan->advice[i].reason);
}

/* JSON */

static void add_stages(struct mface_json *json, const struct mface_pass *cold)
{
    mface_json_open_object(json, "stages");
    for (int i = 0; i < cold->n_stages; i++) {
        const struct mface_stage_stats *stage = &cold->stages[i];
        const double ms = stage->runs > 0 ? stage->ms_total / (double)stage->runs : 0;
        mface_json_open_object(json, stage->name);
        mface_json_add_int(json, "demands", stage->demands);
        mface_json_add_int(json, "hits", stage->hits);
        mface_json_add_int(json, "runs", stage->runs);
        mface_json_add_float(json, "ms_per_run", ms);
        mface_json_add_float(
            json, "saved_ms_per_frame", ms * (double)stage->hits / (double)cold->frames);
        mface_json_add_int(json, "bytes", stage->bytes);
        mface_json_close_object(json);
    }
    mface_json_close_object(json);
}

static void add_probe(struct mface_json *json, const struct mface_forecast *plan)
{
    const struct mface_probe *probe = &plan->probe;
    mface_json_open_object(json, "probe");
    mface_json_add_int(json, "frames_looked_at", probe->n_looked);
    mface_json_add_bool(json, "looked_through", probe->looked_through);
    mface_json_add_int(json, "frames_swapped", probe->cold.frames);
    mface_json_add_int(json, "faces_swapped", probe->cold.faces);
    mface_json_add_int(json, "places", probe->n_places);
    mface_json_add_float(json, "decode_ms", probe->decode_ms);
    mface_json_add_float(json, "cpu_share", plan->prediction.share);
    mface_json_add_float(json, "others_share", mface_pass_others_share(&probe->cold));
    mface_json_add_float(json, "cpu_ms_new_frame", plan->prediction.new_cpu_ms);
    mface_json_add_float(json, "cpu_ms_repeated_frame", plan->prediction.repeat_cpu_ms);
    mface_json_add_float(json, "repeated_frames", plan->repeats);
    mface_json_add_float(json, "static_faces", plan->static_faces);
    mface_json_add_float(json, "bytes_per_new_frame", plan->bytes_per_new_frame);
    mface_json_close_object(json);
}

static void add_advice(struct mface_json *json, const struct mface_forecast *plan)
{
    mface_json_open_array(json, "advice");
    for (int i = 0; i < plan->n_advice; i++) {
        mface_json_open_object(json, NULL);
        mface_json_add_str(json, "setting", plan->advice[i].key);
        mface_json_add_str(json, "value", plan->advice[i].value);
        mface_json_add_str(json, "reason", plan->advice[i].reason);
        mface_json_close_object(json);
    }
    mface_json_close_array(json);
}

static void print_json(const struct mface_forecast *plan, FILE *file)
{
    const struct mface_job_facts *facts = &plan->probe.facts;
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    mface_json_add_str(&json, "version", mface_version());
    mface_json_add_str(&json, "input", plan->input);
    mface_json_add_piece(&json, plan->start_s, plan->end_s);
    mface_json_add_str(&json, "model", plan->model);
    mface_json_add_str(&json, "model_sha256", facts->model_sha256);
    mface_json_add_str(&json, "precision", facts->model_precision);
    mface_json_add_float(&json, "frames", plan->frames);
    mface_json_add_str(&json, "encoder", facts->encoder);
    mface_json_add_str(&json, "pixel_format", facts->pixel_format);
    mface_json_add_float(&json, "predicted_fps", plan->prediction.fps);
    mface_json_add_float(&json, "predicted_cpu_percent", plan->prediction.cpu_percent);
    mface_json_add_float(&json, "predicted_cpu_ms_per_frame", plan->prediction.cpu_ms);
    mface_json_add_int(&json, "predicted_memory_bytes", plan->memory_bytes);
    mface_json_add_int(&json, "predicted_cache_bytes", plan->cache_bytes);
    mface_json_add_int(&json, "cache_need_bytes", plan->need_bytes);
    mface_json_add_str(&json, "limited_by", mface_forecast_bottleneck(plan));
    mface_json_add_float(&json, "again_fps", mface_pass_fps(&plan->probe.again));
    mface_json_add_float(&json, "rerender_fps", mface_pass_fps(&plan->probe.rerender));
    add_probe(&json, plan);
    add_stages(&json, &plan->probe.cold);
    add_advice(&json, plan);
    mface_json_close_object(&json);
}

enum mface_status mface_forecast_write(const struct mface_forecast *plan, int as_json, FILE *file)
{
    if (as_json)
        print_json(plan, file);
    else
        print_text(plan, file);
    return fflush(file) == 0 && !ferror(file) ? MFACE_OK : MFACE_ERR_IO;
}

/* Reading */

static bool is_about(const json_t *plan, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(plan, key));
    return text && strcmp(text, value) == 0;
}

/* Absent is 0. */
static bool is_at(const json_t *plan, const char *key, double time_s)
{
    return fabs(json_number_value(json_object_get(plan, key)) - time_s) < 1e-6;
}

static enum mface_status check(const char *path, const json_t *plan, const struct mface_job *job,
    const char *model, double *fps)
{
    *fps = json_number_value(json_object_get(plan, "predicted_fps"));
    if (!(*fps > 0))
        return mface_fail(MFACE_ERR_FORMAT, "%s: not a plan that was saved", path);
    if (!is_about(plan, "input", job->input) || !is_about(plan, "model", model))
        return mface_fail(MFACE_ERR_ARG, "%s: a plan for another input or model", path);
    if (!is_at(plan, "start_s", job->start_s) || !is_at(plan, "end_s", job->end_s))
        return mface_fail(MFACE_ERR_ARG, "%s: a plan for another piece of the input", path);
    return MFACE_OK;
}

enum mface_status mface_forecast_read(
    const char *path, const struct mface_job *job, const char *model, double *predicted_fps)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return mface_fail(
            errno == ENOENT ? MFACE_ERR_NOENT : MFACE_ERR_IO, "%s: %s", path, strerror(errno));
    json_t *plan = json_loadf(file, 0, NULL);
    const enum mface_status status = check(path, plan, job, model, predicted_fps);
    json_decref(plan);
    fclose(file);
    return status;
}

double mface_forecast_error_percent(const struct mface_stats *stats)
{
    return stats->fps > 0 ? 100 * (stats->predicted_fps / stats->fps - 1) : 0;
}
