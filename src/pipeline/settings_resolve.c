/* Resolving parses what was said in order, lowest layer first, so what a preset means and what a
 * user wrote go the same way; and remembers for each row which of them was the last. */
#include "pipeline/settings_layers.h"

#include "base/log.h"
#include "pipeline/presets.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

static size_t row_index(const char *key)
{
    const struct mface_option *row =
        mface_option_find(mface_settings_rows, mface_settings_n_rows, key);
    assert(row && "a preset names no setting");
    return (size_t)(row - mface_settings_rows);
}

static void put(
    struct mface_settings_layers *layers, size_t i, const char *text, struct origin origin)
{
    const bool ok = mface_option_parse(&mface_settings_rows[i], &layers->settings, text);
    assert(ok && "what was said, or what a preset says, is not accepted");
    (void)ok;
    layers->origins[i] = origin;
}

static void put_rows(
    struct mface_settings_layers *layers, const struct said *rows, struct origin origin)
{
    for (size_t i = 0; rows && i < mface_settings_n_rows; i++) {
        origin.line = rows[i].line;
        if (rows[i].text)
            put(layers, i, rows[i].text, origin);
    }
}

/* What is said of a key outside the table, the highest layer first; "" nothing. */
static const char *find_said(
    const struct mface_settings_layers *layers, const struct section *section, const char *key)
{
    const size_t i = row_index(key);
    const struct said *rows[] = { layers->command, section ? section->rows : NULL,
        layers->n_sections ? layers->sections[0].rows : NULL, layers->defaults };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        if (rows[k] && rows[k][i].text)
            return rows[k][i].text;
    return "";
}

static int64_t memory_of(const struct mface_settings_layers *layers)
{
    return layers->memory_bytes > 0 ? layers->memory_bytes : mface_preset_memory_bytes();
}

struct bringing {
    struct mface_settings_layers *layers;
    enum mface_settings_layer layer;
};

static void put_brought(
    void *user, const struct mface_preset *preset, const char *key, const char *text)
{
    const struct bringing *bringing = user;
    put(bringing->layers, row_index(key), text,
        (struct origin) { .layer = bringing->layer, .name = preset->name });
}

static void put_choice(struct mface_settings_layers *layers, enum mface_settings_layer layer,
    const char *setting, const char *name, int64_t memory_bytes)
{
    struct bringing bringing = { layers, layer };
    mface_preset_each(
        setting, name, layers->settings.cache_size_bytes, memory_bytes, put_brought, &bringing);
}

static enum mface_status find_profile(
    const struct mface_settings_layers *layers, const char *name, const struct section **section)
{
    *section = *name ? mface_settings_layers_find_section(layers, name) : NULL;
    if (!*name || *section || mface_preset_find("profile", name))
        return MFACE_OK;
    return mface_fail(MFACE_ERR_ARG, "there is no profile '%.60s': %s%s[%.60s], and %s", name,
        layers->path ? layers->path : "no configuration file", layers->path ? " has no " : " has ",
        name, "conservative, balanced and aggressive are built in");
}

enum mface_status mface_settings_layers_resolve(
    struct mface_settings_layers *layers, const struct mface_settings **out)
{
    const struct section *section;
    const char *profile = find_said(layers, NULL, "profile");
    MFACE_TRY(find_profile(layers, profile, &section));
    const char *preset = find_said(layers, section, "preset");
    const char *use_case = find_said(layers, section, "use-case");
    const int64_t memory_bytes = strcasecmp(preset, "auto") == 0 ? memory_of(layers) : 0;
    mface_settings_init(&layers->settings);
    memset(layers->origins, 0, mface_settings_n_rows * sizeof *layers->origins);
    put_rows(layers, layers->defaults, (struct origin) { MFACE_LAYER_DEFAULT, NULL, 0 });
    put_choice(layers, MFACE_LAYER_PRESET, "preset", preset, memory_bytes);
    put_choice(layers, MFACE_LAYER_USE_CASE, "use-case", use_case, memory_bytes);
    put_choice(layers, MFACE_LAYER_PROFILE, "profile", profile, 0);
    if (layers->n_sections)
        put_rows(layers, layers->sections[0].rows, (struct origin) { MFACE_LAYER_FILE, NULL, 0 });
    if (section)
        put_rows(layers, section->rows,
            (struct origin) { .layer = MFACE_LAYER_SECTION, .name = section->name });
    put_rows(layers, layers->command, (struct origin) { MFACE_LAYER_COMMAND_LINE, NULL, 0 });
    *out = &layers->settings;
    return MFACE_OK;
}

/* Telling */

enum mface_settings_layer mface_settings_layers_origin(
    const struct mface_settings_layers *layers, size_t i, char *text, size_t text_bytes)
{
    assert(i < mface_settings_n_rows);
    const struct origin *origin = &layers->origins[i];
    const char *name = origin->name ? origin->name : "";
    const char *path = layers->path ? layers->path : "";
    const bool is_auto =
        strcmp(mface_settings_rows[row_index("preset")].choices[layers->settings.preset], "auto") ==
        0;
    switch (origin->layer) {
    case MFACE_LAYER_DEFAULT:
        snprintf(text, text_bytes, "default");
        break;
    case MFACE_LAYER_PRESET:
        snprintf(text, text_bytes, is_auto ? "preset auto (%s)" : "preset %s", name);
        break;
    case MFACE_LAYER_USE_CASE:
        snprintf(text, text_bytes, "use-case %s", name);
        break;
    case MFACE_LAYER_PROFILE:
        snprintf(text, text_bytes, "profile %s", name);
        break;
    case MFACE_LAYER_FILE:
        snprintf(text, text_bytes, "%s:%d", path, origin->line);
        break;
    case MFACE_LAYER_SECTION:
        snprintf(text, text_bytes, "%s:%d [%s]", path, origin->line, name);
        break;
    case MFACE_LAYER_COMMAND_LINE:
        snprintf(text, text_bytes, "command line");
        break;
    }
    return origin->layer;
}

/* A profile of the user's own is a section of a file that need not be there when this is read. Its
 * values are all written out, so its name may stay a comment. */
static void print_row(const struct mface_settings_layers *layers, size_t i, FILE *file)
{
    char text[MFACE_OPTION_STRING_BYTES], origin[PATH_MAX + 128];
    const struct mface_option *row = &mface_settings_rows[i];
    mface_option_print(row, &layers->settings, text, sizeof text);
    mface_settings_layers_origin(layers, i, origin, sizeof origin);
    if (strcmp(row->key, "profile") == 0 && *text && !mface_preset_find("profile", text))
        fputc('#', file);
    mface_config_write(file, row->key, text, origin);
}

enum mface_status mface_settings_layers_print(
    const struct mface_settings_layers *layers, FILE *file)
{
    const char *group = "";
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        const char *own = mface_settings_group_name(&mface_settings_rows[i]);
        if (strcmp(own, group) != 0)
            fprintf(file, "%s# %s\n", i ? "\n" : "", own);
        group = own;
        print_row(layers, i, file);
    }
    return fflush(file) == 0 && !ferror(file) ? MFACE_OK : MFACE_ERR_IO;
}
