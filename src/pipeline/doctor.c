#include "pipeline/doctor.h"

#include "cache/pressure.h"
#include "media/abilities.h"
#include "onnx/int8.h"
#include "onnx/onnx.h"
#include "pipeline/folder.h"
#include "pipeline/locate.h"
#include "pipeline/settings.h"
#include <memoface/monitor.h>
#include <memoface/settings_layers.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GIB (INT64_C(1) << 30)

static const struct mface_doctor_model model_rows[MFACE_DOCTOR_MODELS] = {
    { .name = "ssd", .what = "detector" },
    { .name = "tiny", .what = "detector" },
    { .name = "68", .what = "marker" },
    { .name = "468", .what = "marker" },
};

static const struct mface_doctor_encoder encoder_rows[MFACE_DOCTOR_ENCODERS] = {
    { .name = "libx264", .what = "H.264: MP4, Matroska, streams" },
    { .name = "libx265", .what = "H.265" },
    { .name = "libvpx-vp9", .what = "VP9: WebM" },
    { .name = "libsvtav1", .what = "AV1" },
    { .name = "ffv1", .what = "lossless" },
    { .name = "png", .what = "images" },
};

/* Memory as the guide asks for it; a machine sold with 16 GB tells of a little less. */
static enum mface_doctor_level level_of(int64_t have, const int64_t at_least[3])
{
    int level = 0;
    while (level < 3 && have >= at_least[level])
        level++;
    return (enum mface_doctor_level)level;
}

static struct mface_doctor_need need_processors(const struct mface_doctor *doctor)
{
    static const int64_t steps[] = { 2, 4, 8 };
    struct mface_doctor_need need = {
        .what = "processors",
        .wanted = { "2", "4", "8" },
        .level = level_of(doctor->n_cpus, steps),
        .advice = "inference takes most of the time and grows faster with each processor",
    };
    snprintf(need.here, sizeof need.here, "%d", doctor->n_cpus);
    return need;
}

static struct mface_doctor_need need_memory(const struct mface_doctor *doctor)
{
    static const int64_t steps[] = { 7 * GIB, 14 * GIB, 28 * GIB };
    const int64_t limit = doctor->memory_limit_bytes;
    const int64_t bytes = limit ? limit : doctor->memory_bytes;
    struct mface_doctor_need need = {
        .what = "memory",
        .wanted = { "8GB", "16GB", "32GB" },
        .level = level_of(bytes, steps),
        .advice = "a small cache forgets sooner; --preset auto keeps it within the memory",
    };
    mface_monitor_print_bytes(bytes, need.here, sizeof need.here);
    return need;
}

static struct mface_doctor_need need_instructions(const struct mface_doctor *doctor)
{
    static const char *const words[] = { "avx2", "avx512", "amx" };
    struct mface_doctor_need need = {
        .what = "instructions",
        .wanted = { words[0], words[1], words[2] },
        .advice = "AVX-512 computes f32 faster; AMX and AVX512-BF16 make bf16 worth it",
    };
    for (int i = 0; i < 3; i++)
        if (strcmp(doctor->isa, words[i]) == 0)
            need.level = (enum mface_doctor_level)(i + 1);
    snprintf(need.here, sizeof need.here, "%s%s%s", doctor->isa,
        doctor->has_fast_bf16 ? ", fast bf16" : "", doctor->has_fast_int8 ? ", fast int8" : "");
    return need;
}

static void look_at_machine(struct mface_doctor *doctor)
{
    struct mface_pressure pressure;
    const unsigned flags = mface_cpu_flags();
    mface_cpu_model(doctor->cpu);
    doctor->n_cpus = mface_cpu_count();
    doctor->isa = mface_cpu_isa_name();
    doctor->has_fast_bf16 = flags & (MFACE_CPU_AVX512_BF16 | MFACE_CPU_AMX_BF16);
    doctor->has_fast_int8 = mface_int8_is_fast();
    doctor->memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (mface_pressure_read((void *)&mface_pressure_system, &pressure)) {
        doctor->memory_free_bytes = pressure.limit_bytes - pressure.used_bytes;
        if (strcmp(pressure.smallest_source, "cgroup") == 0)
            doctor->memory_limit_bytes = pressure.smallest_bytes;
    }
}

static void look_for_models(const struct mface_settings *settings, struct mface_doctor *doctor)
{
    for (int i = 0; i < MFACE_DOCTOR_MODELS; i++) {
        struct mface_doctor_model *model = &doctor->models[i];
        *model = model_rows[i];
        model->is_needed = strcmp(settings->detector, model->name) == 0 ||
                           strcmp(settings->marker, model->name) == 0;
        if (!mface_model_find(model->name, model->path, sizeof model->path))
            model->path[0] = '\0';
        doctor->n_missing += model->is_needed && !model->path[0];
    }
}

static void look_for_encoders(struct mface_doctor *doctor)
{
    for (int i = 0; i < MFACE_DOCTOR_ENCODERS; i++) {
        doctor->encoders[i] = encoder_rows[i];
        doctor->encoders[i].is_there = mface_media_has_encoder(encoder_rows[i].name);
    }
}

static int64_t folder_bytes(const char *parent, const char *name)
{
    char path[PATH_MAX + 16];
    int64_t bytes = 0;
    snprintf(path, sizeof path, "%s/%s", parent, name);
    DIR *dir = opendir(path);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat info;
        if (fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode))
            bytes += info.st_size;
    }
    if (dir)
        closedir(dir);
    return bytes;
}

/* Room where the folder is, or will be, and whether it can be made and written there. */
static void look_at_place(struct mface_doctor *doctor)
{
    char path[PATH_MAX];
    struct statvfs info;
    snprintf(path, sizeof path, "%s", doctor->folder);
    while (statvfs(path, &info) != 0) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path)
            return;
        *slash = '\0';
    }
    doctor->folder_free_bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
    doctor->folder_is_writable = access(path, W_OK | X_OK) == 0;
}

static void look_at_folders(const struct mface_settings *settings, struct mface_doctor *doctor)
{
    mface_folder_find(settings->cache_dir, doctor->folder);
    if (doctor->folder[0]) {
        doctor->results_bytes = folder_bytes(doctor->folder, "results");
        doctor->models_bytes = folder_bytes(doctor->folder, "models");
        look_at_place(doctor);
    }
    mface_settings_file_path(doctor->config, sizeof doctor->config);
    doctor->has_config = doctor->config[0] && access(doctor->config, R_OK) == 0;
}

void mface_doctor_look(const struct mface_settings *settings, struct mface_doctor *doctor)
{
    memset(doctor, 0, sizeof *doctor);
    look_at_machine(doctor);
    look_for_models(settings, doctor);
    look_for_encoders(doctor);
    look_at_folders(settings, doctor);
    mface_media_print_version(doctor->ffmpeg, sizeof doctor->ffmpeg);
    mface_onnx_print_runtime(doctor->runtime, sizeof doctor->runtime);
    doctor->needs[0] = need_processors(doctor);
    doctor->needs[1] = need_memory(doctor);
    doctor->needs[2] = need_instructions(doctor);
    doctor->preset = mface_settings_preset_for(
        doctor->memory_limit_bytes ? doctor->memory_limit_bytes : doctor->memory_bytes);
}

const char *mface_doctor_level_name(enum mface_doctor_level level)
{
    static const char *const names[] = { "below minimum", "minimum", "recommended", "optimal" };
    return names[level];
}
