/* What memoface finds on a machine, as data; doctor_print.c puts it into words. */
#ifndef MFACE_PIPELINE_DOCTOR_H
#define MFACE_PIPELINE_DOCTOR_H

#include "base/cpu.h"
#include <limits.h>
#include <memoface/settings.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MFACE_DOCTOR_NEEDS = 3, MFACE_DOCTOR_MODELS = 4, MFACE_DOCTOR_ENCODERS = 6 };

/* How far the machine meets a need. */
enum mface_doctor_level {
    MFACE_DOCTOR_BELOW,
    MFACE_DOCTOR_MINIMUM,
    MFACE_DOCTOR_RECOMMENDED,
    MFACE_DOCTOR_OPTIMAL,
};

struct mface_doctor_need {
    const char *what;      // "memory"
    const char *wanted[3]; // minimum, recommended, optimal: "8GB", …
    char here[64];         // "23.4GB"
    enum mface_doctor_level level;
    const char *advice; // what to do below recommended; "" nothing
};

struct mface_doctor_model {
    const char *name, *what; // "ssd", "detector"
    char path[PATH_MAX];     // "" not found
    bool is_needed;          // by the settings
};

struct mface_doctor_encoder {
    const char *name, *what; // "libx264", "H.264: MP4, Matroska, streams"
    bool is_there;
};

struct mface_doctor {
    char cpu[MFACE_CPU_MODEL_BYTES];
    int n_cpus;         // this process may use
    const char *isa;    // "avx512"
    bool has_fast_bf16; // AVX512-BF16 or AMX
    bool has_fast_int8; // VNNI or AMX
    int64_t memory_bytes, memory_limit_bytes,
        memory_free_bytes; // limit: 0 none below the machine's
    char ffmpeg[64], runtime[64];
    struct mface_doctor_need needs[MFACE_DOCTOR_NEEDS];
    struct mface_doctor_model models[MFACE_DOCTOR_MODELS];
    struct mface_doctor_encoder encoders[MFACE_DOCTOR_ENCODERS];
    char folder[PATH_MAX]; // "" none
    int64_t results_bytes, models_bytes, folder_free_bytes;
    bool folder_is_writable; // or can be made
    char config[PATH_MAX];   // the user's own file
    bool has_config;
    const char *preset;
    int n_missing; // of what is essential
};

void mface_doctor_look(const struct mface_settings *settings, struct mface_doctor *doctor);

const char *mface_doctor_level_name(enum mface_doctor_level level);

#endif
