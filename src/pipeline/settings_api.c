/* The public face of the settings table (memoface/settings.h). */
#include "pipeline/settings.h"

#include "base/log.h"
#include "base/mem.h"
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

enum mface_status mface_settings_set(
    struct mface_settings *settings, const char *key, const char *text)
{
    const struct mface_option *row = find(key);
    if (!row)
        return mface_fail(MFACE_ERR_NOENT, "%s: no such setting", key);
    return mface_option_set(row, settings, text);
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
    assert(i < mface_settings_n_rows);
    const struct mface_option *row = &mface_settings_rows[i];
    return (struct mface_setting_info) {
        .key = row->key,
        .group = mface_settings_group_name(row),
        .initial = row->initial,
        .help = row->help,
        .unit = row->unit ? row->unit : "",
        .is_switch = row->type == MFACE_OPTION_BOOL,
        .is_number = row->type == MFACE_OPTION_INT || row->type == MFACE_OPTION_FLOAT ||
                     row->type == MFACE_OPTION_SIZE,
        .is_fixed = row->fixed,
        .min = row->min,
        .max = row->max,
        .step = row->step,
        .choices = row->type == MFACE_OPTION_CHOICE ? row->choices : NULL,
    };
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
