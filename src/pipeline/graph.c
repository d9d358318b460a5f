/* `memoface graph`: the stage table for people and for programs. */
#include "pipeline/json.h"
#include "pipeline/settings.h"
#include "pipeline/stages.h"
#include <memoface/session.h>

static void print_inputs(FILE *file, const struct mface_stage_info *info)
{
    const char *separator = "";
    for (int i = 0; i < MFACE_N_STAGES; i++) {
        if (!(info->inputs & MFACE_STAGE_BIT(i)))
            continue;
        fprintf(file, "%s%s", separator, mface_stage_get((enum mface_stage)i)->name);
        separator = ", ";
    }
    if (!*separator)
        fputs("source", file);
}

static void print_settings(FILE *file, int stage)
{
    const char *separator = "";
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        if (!(mface_settings_rows[i].stages & MFACE_STAGE_BIT(stage)))
            continue;
        fprintf(file, "%s%s", separator, mface_settings_rows[i].key);
        separator = ", ";
    }
    if (!*separator)
        fputs("none", file);
}

static const char *identity_name(const struct mface_stage_info *info)
{
    return info->identity == MFACE_BY_CONTENT ? "content" : "derivation";
}

static void print_stage(FILE *file, int stage)
{
    const struct mface_stage_info *info = mface_stage_get((enum mface_stage)stage);
    fprintf(file, "%-7s v%u  %s\n", info->name, info->version, info->result);
    fputs("  from      ", file);
    print_inputs(file, info);
    fputs("\n  settings  ", file);
    print_settings(file, stage);
    if (info->model != MFACE_ROLE_NONE)
        fprintf(file, "\n  model     %s", mface_role_name(info->model));
    fprintf(file, "\n  known by  %s", identity_name(info));
    fprintf(file, "\n  cached    %s", info->cached ? "yes" : "no");
    if (*info->bytes)
        fprintf(file, "\n  size      %s", info->bytes);
    fprintf(file, "\n  time      %s\n", info->cost);
}

static void add_inputs(struct mface_json *json, const struct mface_stage_info *info)
{
    mface_json_open_array(json, "inputs");
    for (int i = 0; i < MFACE_N_STAGES; i++)
        if (info->inputs & MFACE_STAGE_BIT(i))
            mface_json_add_str(json, NULL, mface_stage_get((enum mface_stage)i)->name);
    mface_json_close_array(json);
}

static void add_settings(struct mface_json *json, int stage)
{
    mface_json_open_array(json, "settings");
    for (size_t i = 0; i < mface_settings_n_rows; i++)
        if (mface_settings_rows[i].stages & MFACE_STAGE_BIT(stage))
            mface_json_add_str(json, NULL, mface_settings_rows[i].key);
    mface_json_close_array(json);
}

static void add_stage(struct mface_json *json, int stage)
{
    const struct mface_stage_info *info = mface_stage_get((enum mface_stage)stage);
    mface_json_open_object(json, NULL);
    mface_json_add_str(json, "name", info->name);
    mface_json_add_int(json, "version", info->version);
    add_inputs(json, info);
    add_settings(json, stage);
    mface_json_add_str(json, "model", mface_role_name(info->model));
    mface_json_add_str(json, "known_by", identity_name(info));
    mface_json_add_bool(json, "cached", info->cached);
    mface_json_add_str(json, "result", info->result);
    mface_json_add_str(json, "typical_bytes", info->bytes);
    mface_json_add_str(json, "typical_time", info->cost);
    mface_json_close_object(json);
}

void mface_graph_print(FILE *file, int as_json)
{
    struct mface_json json = { .file = file };
    if (as_json) {
        mface_json_open_object(&json, NULL);
        mface_json_open_array(&json, "stages");
    }
    for (int i = 0; i < MFACE_N_STAGES; i++) {
        if (as_json)
            add_stage(&json, i);
        else
            print_stage(file, i);
    }
    if (as_json) {
        mface_json_close_array(&json);
        mface_json_close_object(&json);
    }
}
