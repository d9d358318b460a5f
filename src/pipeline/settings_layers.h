/* What settings_layers.c keeps and settings_resolve.c puts together. */
#ifndef MFACE_PIPELINE_SETTINGS_LAYERS_H
#define MFACE_PIPELINE_SETTINGS_LAYERS_H

#include "pipeline/config_file.h"
#include "pipeline/settings.h"
#include <memoface/settings_layers.h>

struct said {
    char *text; // owned; NULL: nothing
    int line;   // in the file; 0: not from a file
};

/* A part of the file: what comes before any section, or a section. */
struct section {
    char name[MFACE_CONFIG_SECTION_BYTES]; // "": the first part
    int line;
    struct said *rows; // owned; one a row
};

struct origin {
    enum mface_settings_layer layer;
    const char *name; // of the preset, use case, profile or section; borrowed
    int line;
};

struct mface_settings_layers {
    struct mface_settings settings; // as resolved
    struct origin *origins;         // of settings, one a row
    struct said *defaults, *command;
    char *path;               // of the file; NULL: none
    struct section *sections; // the file's; [0] is what comes before any
    int n_sections;
    int64_t memory_bytes; // 0: the system's
};

/* The section of that name, or NULL. */
struct section *mface_settings_layers_find_section(
    const struct mface_settings_layers *layers, const char *name);

#endif
