/* The public face of the settings table (memoface/settings.h). */
#include "pipeline/settings.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/presets.h"
#include "pipeline/stages.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum mface_status mface_settings_create(struct mface_settings **out)
{
    struct mface_settings *settings = mface_mem_calloc(1, sizeof *settings);
    if (!settings)
        return mface_fail_nomem("settings");
    mface_settings_init(settings);
    *out = settings;
    return MFACE_OK;
}

enum mface_status mface_settings_copy(
    const struct mface_settings *from, struct mface_settings **out)
{
    struct mface_settings *copy = mface_mem_alloc(sizeof *copy);
    if (!copy)
        return mface_fail_nomem("settings");
    memcpy(copy, from, sizeof *copy);
    *out = copy;
    return MFACE_OK;
}

void mface_settings_free(struct mface_settings **settings)
{
    mface_mem_free(*settings);
    *settings = NULL;
}

static const struct mface_option *find(const char *key)
{
    return mface_option_find(mface_settings_rows, mface_settings_n_rows, key);
}

static void put_brought(
    void *user, const struct mface_preset *preset, const char *key, const char *text)
{
    (void)preset;
    const bool ok = mface_option_parse(find(key), user, text);
    assert(ok && "a preset says what its setting does not accept");
    (void)ok;
}

/* A choice among the starting points writes its values over what is there. */
static enum mface_status apply(
    struct mface_settings *settings, const struct mface_option *row, const char *text)
{
    const char *preset = find("preset")->choices[settings->preset];
    const int64_t memory_bytes = strcmp(preset, "auto") == 0 ? mface_preset_memory_bytes() : 0;
    mface_preset_each(
        row->key, text, settings->cache_size_bytes, memory_bytes, put_brought, settings);
    return MFACE_OK;
}

enum mface_status mface_settings_set(
    struct mface_settings *settings, const char *key, const char *text)
{
    const struct mface_option *row = find(key);
    if (!row)
        return mface_fail(MFACE_ERR_NOENT, "%s: no such setting", key);
    if (strcmp(key, "profile") == 0 && *text && !mface_preset_find("profile", text))
        return mface_fail(MFACE_ERR_ARG, "profile: '%s' is none that is built in", text);
    MFACE_TRY(mface_option_set(row, settings, text));
    return apply(settings, row, text);
}

const char *mface_settings_nearest(const char *word)
{
    enum { FAR = 3 };
    const char *nearest = NULL;
    int least = FAR + 1;
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        const int distance = mface_word_distance(word, mface_settings_rows[i].key);
        if (distance < least && distance < (int)strlen(word)) {
            least = distance;
            nearest = mface_settings_rows[i].key;
        }
    }
    return nearest;
}

int mface_settings_print(
    const struct mface_settings *settings, const char *key, char *text, size_t text_bytes)
{
    const struct mface_option *row = find(key);
    return row ? mface_option_print(row, settings, text, text_bytes) : -1;
}

size_t mface_settings_count(void)
{
    return mface_settings_n_rows;
}

struct mface_setting_info mface_settings_info(size_t i)
{
    static const char *const switch_words[] = { "on", "off", NULL };
    assert(i < mface_settings_n_rows);
    const struct mface_option *row = &mface_settings_rows[i];
    return (struct mface_setting_info) {
        .key = row->key,
        .group = mface_settings_group_name(row),
        .initial = row->initial,
        .help = row->help,
        .unit = row->unit ? row->unit : "",
        .is_switch = row->type == MFACE_OPTION_BOOL,
        .words = row->type == MFACE_OPTION_BOOL ? switch_words : row->choices,
        .takes_text = row->type == MFACE_OPTION_STRING,
        .is_number = row->type == MFACE_OPTION_INT || row->type == MFACE_OPTION_FLOAT ||
                     row->type == MFACE_OPTION_SIZE,
        .is_fixed = row->fixed,
        .min = row->min,
        .max = row->max,
        .step = row->step,
    };
}

static const struct mface_preset *preset_at(size_t i)
{
    size_t n = 0;
    while (n < i && mface_presets[n].name)
        n++;
    return &mface_presets[n];
}

struct mface_starting_point mface_settings_starting_point(size_t i)
{
    const struct mface_preset *preset = preset_at(i);
    return (struct mface_starting_point) { preset->setting, preset->name, preset->help };
}

int mface_settings_print_starting_point(size_t i, char *text, size_t text_bytes)
{
    const struct mface_preset *preset = preset_at(i);
    int length = 0;
    if (text_bytes)
        text[0] = '\0';
    if (preset->cache_times)
        length = snprintf(text, text_bytes, "cache-size %s within %lldG to %lldG",
            preset->cache_times == 1 ? "of the preset" : "twice that of the preset",
            (long long)preset->cache_min_bytes >> 30, (long long)preset->cache_max_bytes >> 30);
    for (int k = 0; preset->name && preset->values[k].key; k++) {
        const size_t used = (size_t)length < text_bytes ? (size_t)length : text_bytes;
        length += snprintf(text + used, text_bytes - used, "%s%s %s", length ? ", " : "",
            preset->values[k].key, preset->values[k].text);
    }
    return length;
}

int mface_settings_print_range(size_t i, char *text, size_t text_bytes)
{
    assert(i < mface_settings_n_rows);
    return mface_option_print_range(&mface_settings_rows[i], text, text_bytes);
}

int mface_settings_print_stages(size_t i, char *text, size_t text_bytes)
{
    assert(i < mface_settings_n_rows);
    const unsigned set = mface_stages_downstream(mface_settings_rows[i].stages) &
                         ~MFACE_STAGE_BIT(MFACE_STAGE_ENCODE);
    int length = 0;
    if (text_bytes)
        text[0] = '\0';
    for (int stage = 0; stage < MFACE_N_STAGES; stage++) {
        if (!(set & MFACE_STAGE_BIT(stage)))
            continue;
        const size_t used = (size_t)length < text_bytes ? (size_t)length : text_bytes;
        length += snprintf(text + used, text_bytes - used, "%s%s", length ? " " : "",
            mface_stage_get((enum mface_stage)stage)->name);
    }
    return length;
}
