/* Layers hold what was said as text, by row, checked when it is said. */
#include "pipeline/settings_layers.h"

#include "base/log.h"
#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct said *rows_create(void)
{
    return mface_mem_calloc(mface_settings_n_rows, sizeof(struct said));
}

static void rows_free(struct said **rows)
{
    for (size_t i = 0; *rows && i < mface_settings_n_rows; i++)
        mface_mem_free((*rows)[i].text);
    mface_mem_free(*rows);
    *rows = NULL;
}

static void file_clear(struct mface_settings_layers *layers)
{
    for (int i = 0; i < layers->n_sections; i++)
        rows_free(&layers->sections[i].rows);
    mface_mem_free(layers->sections);
    mface_mem_free(layers->path);
    layers->sections = NULL;
    layers->path = NULL;
    layers->n_sections = 0;
}

enum mface_status mface_settings_layers_create(struct mface_settings_layers **out)
{
    struct mface_settings_layers *layers = mface_mem_calloc(1, sizeof *layers);
    *out = layers;
    if (layers) {
        layers->defaults = rows_create();
        layers->command = rows_create();
        layers->origins = mface_mem_calloc(mface_settings_n_rows, sizeof *layers->origins);
        mface_settings_init(&layers->settings);
    }
    if (layers && layers->defaults && layers->command && layers->origins)
        return MFACE_OK;
    mface_settings_layers_free(out);
    return mface_fail_nomem("settings");
}

void mface_settings_layers_free(struct mface_settings_layers **layers)
{
    if (!*layers)
        return;
    file_clear(*layers);
    rows_free(&(*layers)->defaults);
    rows_free(&(*layers)->command);
    mface_mem_free((*layers)->origins);
    mface_mem_free(*layers);
    *layers = NULL;
}

static enum mface_status keep(struct said *said, const char *text, int line)
{
    char *copy = mface_mem_strdup(text);
    if (!copy)
        return mface_fail_nomem("settings");
    mface_mem_free(said->text);
    *said = (struct said) { .text = copy, .line = line };
    return MFACE_OK;
}

static enum mface_status say(struct said *rows, const char *key, const char *text)
{
    struct mface_settings scratch;
    const struct mface_option *row =
        mface_option_find(mface_settings_rows, mface_settings_n_rows, key);
    if (!row)
        return mface_fail(MFACE_ERR_NOENT, "%s: no such setting", key);
    MFACE_TRY(mface_option_set(row, &scratch, text));
    return keep(&rows[row - mface_settings_rows], text, 0);
}

enum mface_status mface_settings_layers_set_default(
    struct mface_settings_layers *layers, const char *key, const char *text)
{
    return say(layers->defaults, key, text);
}

enum mface_status mface_settings_layers_set(
    struct mface_settings_layers *layers, const char *key, const char *text)
{
    return say(layers->command, key, text);
}

void mface_settings_layers_set_memory(struct mface_settings_layers *layers, int64_t memory_bytes)
{
    layers->memory_bytes = memory_bytes;
}

/* The file */

struct section *mface_settings_layers_find_section(
    const struct mface_settings_layers *layers, const char *name)
{
    for (int i = 0; i < layers->n_sections; i++)
        if (strcmp(layers->sections[i].name, name) == 0)
            return &layers->sections[i];
    return NULL;
}

static enum mface_status add_section(
    struct mface_settings_layers *layers, int line, const char *name)
{
    const struct section *twin = mface_settings_layers_find_section(layers, name);
    if (twin)
        return mface_fail(MFACE_ERR_ARG, "%s:%d: [%s] began in line %d already", layers->path, line,
            name, twin->line);
    struct section *sections = mface_mem_calloc((size_t)layers->n_sections + 1, sizeof *sections);
    struct said *rows = rows_create();
    if (!sections || !rows) {
        mface_mem_free(sections);
        mface_mem_free(rows);
        return mface_fail_nomem(layers->path);
    }
    if (layers->n_sections)
        memcpy(sections, layers->sections, (size_t)layers->n_sections * sizeof *sections);
    mface_mem_free(layers->sections);
    layers->sections = sections;
    struct section *section = &sections[layers->n_sections++];
    *section = (struct section) { .line = line, .rows = rows };
    memcpy(section->name, name, strlen(name) + 1); // the parser has limited it
    return MFACE_OK;
}

static enum mface_status fail_key(
    const struct mface_settings_layers *layers, int line, const char *key)
{
    const char *near = mface_settings_nearest(key);
    return mface_fail(MFACE_ERR_ARG, "%s:%d: there is no setting '%.60s'%s%s%s", layers->path, line,
        key, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* The beginning of a value, fit for an error of one line: escapes may have put lines into it. */
static void print_shown(const char *text, char *shown, size_t shown_bytes)
{
    snprintf(shown, shown_bytes, "%s", text);
    for (; *shown; shown++)
        if ((unsigned char)*shown < ' ')
            *shown = '?';
}

static enum mface_status add_value(
    struct mface_settings_layers *layers, int line, const char *key, const char *text)
{
    struct mface_settings scratch;
    const struct section *section = &layers->sections[layers->n_sections - 1];
    const struct mface_option *row =
        mface_option_find(mface_settings_rows, mface_settings_n_rows, key);
    if (!row)
        return fail_key(layers, line, key);
    struct said *said = &section->rows[row - mface_settings_rows];
    if (said->text)
        return mface_fail(MFACE_ERR_ARG, "%s:%d: %s was said in line %d already", layers->path,
            line, key, said->line);
    if (section->name[0] && strcmp(key, "profile") == 0)
        return mface_fail(MFACE_ERR_ARG,
            "%s:%d: profile: a section is a profile and names no other", layers->path, line);
    if (mface_option_parse(row, &scratch, text))
        return keep(said, text, line);
    char range[256], shown[64];
    print_shown(text, shown, sizeof shown);
    mface_option_print_range(row, range, sizeof range);
    return mface_fail(MFACE_ERR_ARG, "%s:%d: %s: '%s' is not accepted; give %s", layers->path, line,
        key, shown, range);
}

static enum mface_status take_line(void *user, int line, const char *key, const char *value)
{
    return key ? add_value(user, line, key, value) : add_section(user, line, value);
}

enum mface_status mface_settings_layers_read_file(
    struct mface_settings_layers *layers, const char *path)
{
    char own[PATH_MAX];
    file_clear(layers);
    if (!path) {
        const int n = mface_settings_file_path(own, sizeof own);
        if (n == 0 || n >= (int)sizeof own || access(own, F_OK) != 0)
            return MFACE_OK;
        path = own;
    }
    layers->path = mface_mem_strdup(path);
    if (!layers->path)
        return mface_fail_nomem(path);
    enum mface_status status = add_section(layers, 0, "");
    if (status == MFACE_OK)
        status = mface_config_read(path, take_line, layers);
    if (status != MFACE_OK)
        file_clear(layers);
    return status;
}

int mface_settings_file_path(char *path, size_t path_bytes)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (path_bytes)
        path[0] = '\0';
    if (config && config[0] == '/') // as the specification has it, others are ignored
        return snprintf(path, path_bytes, "%s/memoface/memoface.conf", config);
    return home && *home ? snprintf(path, path_bytes, "%s/.config/memoface/memoface.conf", home)
                         : 0;
}
