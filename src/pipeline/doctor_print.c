/* `memoface doctor`: the findings for people and for programs. */
#include <memoface/doctor.h>

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/doctor.h"
#include "pipeline/json.h"
#include <memoface/monitor.h>
#include <memoface/session.h>

#include <string.h>

static const char *shown_bytes(int64_t bytes, char text[16])
{
    mface_monitor_print_bytes(bytes, text, 16);
    return text;
}

static void print_needs(const struct mface_doctor *doctor, FILE *file)
{
    fprintf(file, "\n%-14s %-18s %-9s %-12s %-9s %s\n", "", "here", "minimum", "recommended",
        "optimal", "so it is");
    for (int i = 0; i < MFACE_DOCTOR_NEEDS; i++) {
        const struct mface_doctor_need *need = &doctor->needs[i];
        fprintf(file, "%-14s %-18s %-9s %-12s %-9s %s\n", need->what, need->here, need->wanted[0],
            need->wanted[1], need->wanted[2], mface_doctor_level_name(need->level));
    }
    for (int i = 0; i < MFACE_DOCTOR_NEEDS; i++)
        if (doctor->needs[i].level < MFACE_DOCTOR_RECOMMENDED)
            fprintf(file, "  %s: %s\n", doctor->needs[i].what, doctor->needs[i].advice);
}

static void print_memory(const struct mface_doctor *doctor, FILE *file)
{
    char all[16], limit[16], free_text[16];
    fprintf(file, "\nMemory: %s in the machine", shown_bytes(doctor->memory_bytes, all));
    if (doctor->memory_limit_bytes)
        fprintf(
            file, ", limited to %s by a cgroup", shown_bytes(doctor->memory_limit_bytes, limit));
    fprintf(file, "; %s free now\n", shown_bytes(doctor->memory_free_bytes, free_text));
}

static void print_models(const struct mface_doctor *doctor, FILE *file)
{
    fprintf(file, "\nFace models:\n");
    for (int i = 0; i < MFACE_DOCTOR_MODELS; i++) {
        const struct mface_doctor_model *model = &doctor->models[i];
        const char *missing = model->is_needed ? "MISSING, and needed: run 'make build'"
                                               : "not found; only needed if you choose it";
        fprintf(file, "  %-9s %-5s %s\n", model->what, model->name,
            model->path[0] ? model->path : missing);
    }
}

static void print_encoders(const struct mface_doctor *doctor, FILE *file)
{
    fprintf(file, "\nEncoders:\n");
    for (int i = 0; i < MFACE_DOCTOR_ENCODERS; i++) {
        const struct mface_doctor_encoder *encoder = &doctor->encoders[i];
        fprintf(file, "  %-11s %-30s %s\n", encoder->name, encoder->what,
            encoder->is_there ? "there" : "not in this FFmpeg");
    }
}

static void print_folders(const struct mface_doctor *doctor, FILE *file)
{
    char results[16], models[16], room[16];
    if (doctor->folder[0] && !doctor->folder_is_writable)
        fprintf(file, "\nKept between runs: nothing, for %s cannot be written; see --cache-dir\n",
            doctor->folder);
    else if (doctor->folder[0])
        fprintf(file, "\nKept between runs: %s (results %s, models %s; %s free there)\n",
            doctor->folder, shown_bytes(doctor->results_bytes, results),
            shown_bytes(doctor->models_bytes, models),
            shown_bytes(doctor->folder_free_bytes, room));
    else
        fprintf(file, "\nKept between runs: nothing\n");
    fprintf(file, "Configuration:     %s%s\n", doctor->config[0] ? doctor->config : "none",
        doctor->config[0] && !doctor->has_config ? " (not there, which is fine)" : "");
}

/* The index of a preset among the starting points. */
static size_t find_preset(const char *name)
{
    size_t i = 0;
    while (strcmp(mface_settings_starting_point(i).name, name) != 0)
        i++;
    return i;
}

static const char *preset_reason(const struct mface_doctor *doctor)
{
    if (strcmp(doctor->preset, "32gb") == 0)
        return "there is memory for a large cache and for all else";
    if (strcmp(doctor->preset, "16gb") == 0)
        return "a cache of 2 GB leaves most of the memory to others, one of 4 GB would not";
    return "memory is small: the cache must be, and frames are worked on one at a time";
}

static void print_verdict(const struct mface_doctor *doctor, FILE *file)
{
    char values[256];
    mface_settings_print_starting_point(find_preset(doctor->preset), values, sizeof values);
    fprintf(file, "\nPreset %s fits (%s).\n  Why: %s.\n  Use: memoface swap --preset auto …\n",
        doctor->preset, values, preset_reason(doctor));
    if (doctor->n_missing)
        fprintf(file, "\nSomething essential is missing: see above.\n");
    else
        fprintf(file, "\nEverything essential is there.\n");
}

static void print_text(const struct mface_doctor *doctor, FILE *file)
{
    fprintf(file, "memoface %s, %s, %s\n%s\n", mface_version(), doctor->ffmpeg, doctor->runtime,
        doctor->cpu[0] ? doctor->cpu : "unknown processor");
    print_needs(doctor, file);
    print_memory(doctor, file);
    print_models(doctor, file);
    print_encoders(doctor, file);
    print_folders(doctor, file);
    print_verdict(doctor, file);
}

static void add_needs(struct mface_json *json, const struct mface_doctor *doctor)
{
    mface_json_open_object(json, "needs");
    for (int i = 0; i < MFACE_DOCTOR_NEEDS; i++) {
        const struct mface_doctor_need *need = &doctor->needs[i];
        mface_json_open_object(json, need->what);
        mface_json_add_str(json, "here", need->here);
        mface_json_add_str(json, "minimum", need->wanted[0]);
        mface_json_add_str(json, "recommended", need->wanted[1]);
        mface_json_add_str(json, "optimal", need->wanted[2]);
        mface_json_add_str(json, "level", mface_doctor_level_name(need->level));
        mface_json_close_object(json);
    }
    mface_json_close_object(json);
}

static void add_models(struct mface_json *json, const struct mface_doctor *doctor)
{
    mface_json_open_array(json, "face_models");
    for (int i = 0; i < MFACE_DOCTOR_MODELS; i++) {
        const struct mface_doctor_model *model = &doctor->models[i];
        mface_json_open_object(json, NULL);
        mface_json_add_str(json, "name", model->name);
        mface_json_add_str(json, "role", model->what);
        mface_json_add_str(json, "path", model->path);
        mface_json_add_bool(json, "found", model->path[0] != '\0');
        mface_json_add_bool(json, "needed", model->is_needed);
        mface_json_close_object(json);
    }
    mface_json_close_array(json);
}

static void add_folders(struct mface_json *json, const struct mface_doctor *doctor)
{
    mface_json_open_object(json, "encoders");
    for (int i = 0; i < MFACE_DOCTOR_ENCODERS; i++)
        mface_json_add_bool(json, doctor->encoders[i].name, doctor->encoders[i].is_there);
    mface_json_close_object(json);
    mface_json_open_object(json, "cache_folder");
    mface_json_add_str(json, "path", doctor->folder);
    mface_json_add_int(json, "results_bytes", doctor->results_bytes);
    mface_json_add_int(json, "models_bytes", doctor->models_bytes);
    mface_json_add_int(json, "free_bytes", doctor->folder_free_bytes);
    mface_json_add_bool(json, "writable", doctor->folder_is_writable);
    mface_json_close_object(json);
    mface_json_open_object(json, "configuration");
    mface_json_add_str(json, "path", doctor->config);
    mface_json_add_bool(json, "found", doctor->has_config);
    mface_json_close_object(json);
}

static void print_json(const struct mface_doctor *doctor, FILE *file)
{
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    mface_json_add_str(&json, "version", mface_version());
    mface_json_add_str(&json, "ffmpeg", doctor->ffmpeg);
    mface_json_add_str(&json, "runtime", doctor->runtime);
    mface_json_add_str(&json, "cpu", doctor->cpu);
    mface_json_add_int(&json, "processors", doctor->n_cpus);
    mface_json_add_str(&json, "isa", doctor->isa);
    mface_json_add_bool(&json, "fast_bf16", doctor->has_fast_bf16);
    mface_json_add_bool(&json, "fast_int8", doctor->has_fast_int8);
    mface_json_add_int(&json, "memory_bytes", doctor->memory_bytes);
    mface_json_add_int(&json, "memory_limit_bytes", doctor->memory_limit_bytes);
    mface_json_add_int(&json, "memory_free_bytes", doctor->memory_free_bytes);
    add_needs(&json, doctor);
    add_models(&json, doctor);
    add_folders(&json, doctor);
    mface_json_add_str(&json, "preset", doctor->preset);
    mface_json_add_str(&json, "preset_reason", preset_reason(doctor));
    mface_json_add_int(&json, "missing", doctor->n_missing);
    mface_json_close_object(&json);
}

enum mface_status mface_doctor_print(
    const struct mface_settings *settings, FILE *file, int as_json, int *n_missing)
{
    struct mface_doctor *doctor = mface_mem_alloc(sizeof *doctor);
    if (!doctor)
        return mface_fail_nomem("doctor");
    mface_doctor_look(settings, doctor);
    if (as_json)
        print_json(doctor, file);
    else
        print_text(doctor, file);
    *n_missing = doctor->n_missing;
    mface_mem_free(doctor);
    if (fflush(file) != 0 || ferror(file))
        return mface_fail(MFACE_ERR_IO, "doctor: could not be printed");
    return MFACE_OK;
}
