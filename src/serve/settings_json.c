/* Settings as JSON: the rows of the table with their values, and changes to them. */
#include "serve/json_text.h"
#include "serve/route.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1024 };

/* Whole numbers as such. */
static json_t *double_json(double value)
{
    return value == (double)(json_int_t)value ? json_integer((json_int_t)value) : json_real(value);
}

/* Sizes, which print with a unit, in bytes. */
static json_t *number_json(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    const char *units = "KMGT", *unit = *end ? strchr(units, *end) : NULL;
    for (long i = unit ? unit - units + 1 : 0; i > 0; i--)
        value *= 1024;
    return double_json(value);
}

static json_t *value_json(const struct mface_setting_info *info, const char *text)
{
    if (info->is_switch)
        return json_boolean(strcmp(text, "on") == 0);
    return info->is_number ? number_json(text) : json_string(text);
}

static json_t *setting_value(const struct mface_settings *settings, size_t i)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char text[TEXT_BYTES];
    mface_settings_print(settings, info.key, text, sizeof text);
    json_t *value = value_json(&info, text);
    return value ? value : json_string(""); // a path that is no UTF-8
}

static const char *type_of(const struct mface_setting_info *info)
{
    if (info->is_switch)
        return "switch";
    if (info->words && !info->takes_text)
        return "choice";
    return info->is_number ? "number" : "text";
}

static void add_range(json_t *row, const struct mface_setting_info *info)
{
    if (info->is_number) {
        json_object_set_new(row, "min", double_json(info->min));
        json_object_set_new(row, "max", double_json(info->max));
        json_object_set_new(row, "step", double_json(info->step));
    }
    if (!info->words || info->is_switch || info->takes_text)
        return;
    json_t *choices = json_array();
    for (const char *const *choice = info->words; *choice; choice++)
        json_array_append_new(choices, json_string(*choice));
    json_object_set_new(row, "choices", choices);
}

static json_t *row_json(const struct mface_settings *settings, size_t i)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char range[256], stages[256];
    mface_settings_print_range(i, range, sizeof range);
    mface_settings_print_stages(i, stages, sizeof stages);
    json_t *row = json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "key", info.key,
        "value", setting_value(settings, i), "default", value_json(&info, info.initial), "type",
        type_of(&info), "range", range, "unit", info.unit, "help", info.help, "group", info.group,
        "stages", stages, "live", !info.is_fixed);
    add_range(row, &info);
    return row;
}

static char *dump(json_t *root)
{
    return mface_json_text(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
}

char *mface_settings_text(const struct mface_source *source)
{
    struct mface_settings *settings;
    struct mface_control_state state;
    source->get_control(source->user, &state);
    if (source->get_settings(source->user, &settings) != MFACE_OK)
        return NULL;
    json_t *rows = json_array();
    for (size_t i = 0; i < mface_settings_count(); i++)
        json_array_append_new(rows, row_json(settings, i));
    mface_settings_free(&settings);
    return dump(json_pack("{s:I, s:I, s:o}", "settings_version", (json_int_t)state.settings_version,
        "first_frame", (json_int_t)state.first_frame, "settings", rows));
}

/* PATCH */

/* A number of bytes, however small, is no number of megabytes. */
static const char *unit_of(const char *key)
{
    for (size_t i = 0; i < mface_settings_count(); i++)
        if (strcmp(mface_settings_info(i).key, key) == 0)
            return strcmp(mface_settings_info(i).unit, "bytes") == 0 ? "B" : "";
    return "";
}

/* A value as the text that the setting takes; NULL: none of the kinds there are. */
static char *text_of(const char *key, const json_t *value)
{
    char text[64];
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_boolean(value))
        return strdup(json_is_true(value) ? "on" : "off");
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld%s", (long long)json_integer_value(value), unit_of(key));
    else if (json_is_real(value))
        snprintf(text, sizeof text, "%.17g%s", json_real_value(value), unit_of(key));
    else
        return NULL;
    return strdup(text);
}

struct changes {
    const char **pairs; // key, text, …, NULL; keys belong to the JSON
    size_t n;           // pairs so far
};

static void changes_clear(struct changes *changes)
{
    for (size_t i = 0; i < changes->n; i++)
        free((char *)changes->pairs[2 * i + 1]);
    free(changes->pairs);
}

static bool read_changes(json_t *root, struct changes *changes, struct mface_answer *answer)
{
    const char *key;
    json_t *value;
    changes->pairs = calloc(2 * json_object_size(root) + 1, sizeof *changes->pairs);
    if (!changes->pairs) {
        mface_answer_fail(answer, 500, "out of memory", NULL);
        return false;
    }
    json_object_foreach(root, key, value)
    {
        char *text = text_of(key, value);
        if (!text) {
            mface_answer_fail(answer, 400, "a value is a string, a number, true or false", key);
            return false;
        }
        changes->pairs[2 * changes->n] = key;
        changes->pairs[2 * changes->n++ + 1] = text;
    }
    return true;
}

/* What was named, as it is now. */
static json_t *changed_values(const struct mface_source *source, json_t *root)
{
    struct mface_settings *settings;
    json_t *values = json_object();
    if (source->get_settings(source->user, &settings) != MFACE_OK)
        return values;
    for (size_t i = 0; i < mface_settings_count(); i++) {
        const char *key = mface_settings_info(i).key;
        if (json_object_get(root, key))
            json_object_set_new(values, key, setting_value(settings, i));
    }
    mface_settings_free(&settings);
    return values;
}

static void set_body(struct mface_answer *answer, json_t *root)
{
    answer->body = dump(root);
    answer->body_bytes = answer->body ? strlen(answer->body) : 0;
    if (!answer->body)
        mface_answer_fail(answer, 500, "out of memory", NULL);
}

static int http_status(enum mface_status status)
{
    if (status == MFACE_ERR_UNSUPPORTED)
        return 409;
    return status == MFACE_ERR_NOMEM ? 500 : 400;
}

static void apply(struct mface_answer *answer, json_t *root, const struct changes *changes,
    const struct mface_source *source)
{
    struct mface_control_state state;
    struct mface_refusal refusal = { "", "" };
    const enum mface_status status = source->patch(source->user, changes->pairs, &state, &refusal);
    if (status != MFACE_OK) {
        mface_answer_fail(answer, http_status(status), refusal.message, refusal.key);
        return;
    }
    set_body(answer, json_pack("{s:I, s:I, s:o}", "settings_version",
                         (json_int_t)state.settings_version, "first_frame",
                         (json_int_t)state.first_frame, "settings", changed_values(source, root)));
}

static json_t *read_body(const struct mface_request *request, struct mface_answer *answer)
{
    json_error_t error;
    json_t *root = json_loadb(
        request->body ? request->body : "", request->body_bytes, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(root))
        return root;
    json_decref(root);
    mface_answer_fail(answer, 400, root ? "the body is no JSON object" : error.text, NULL);
    return NULL;
}

void mface_answer_patch(struct mface_answer *answer, const struct mface_request *request,
    const struct mface_source *source)
{
    struct changes changes = { 0 };
    json_t *root = read_body(request, answer);
    if (!root)
        return;
    if (read_changes(root, &changes, answer))
        apply(answer, root, &changes, source);
    changes_clear(&changes);
    json_decref(root);
}

void mface_answer_pause(struct mface_answer *answer, const struct mface_request *request,
    const struct mface_source *source)
{
    struct mface_control_state state;
    json_t *root = read_body(request, answer);
    if (!root)
        return;
    const json_t *paused = json_object_get(root, "paused");
    if (json_is_boolean(paused) && json_object_size(root) == 1) {
        source->pause(source->user, json_is_true(paused));
        source->get_control(source->user, &state);
        set_body(answer, json_pack("{s:b}", "paused", state.is_paused));
    } else {
        mface_answer_fail(answer, 400, "give {\"paused\": true} or {\"paused\": false}", NULL);
    }
    json_decref(root);
}
