#include "pipeline/json.h"

#include <math.h>

/* RFC 8259: quotes, backslashes and control characters are escaped; other bytes pass, as UTF-8. */
static void write_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(file, "\\u%04x", *c);
        else
            fputc(*c, file);
    }
    fputc('"', file);
}

static void new_line(struct mface_json *json)
{
    fprintf(json->file, "\n%*s", 2 * json->depth, "");
}

static void begin_value(struct mface_json *json, const char *key)
{
    if (json->has_items)
        fputc(',', json->file);
    if (json->depth > 0)
        new_line(json);
    json->has_items = true;
    if (key) {
        write_string(json->file, key);
        fputs(": ", json->file);
    }
}

static void open(struct mface_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    fputc(bracket, json->file);
    json->depth++;
    json->has_items = false;
}

static void close(struct mface_json *json, char bracket)
{
    json->depth--;
    if (json->has_items)
        new_line(json);
    fputc(bracket, json->file);
    json->has_items = true;
    if (json->depth == 0)
        fputc('\n', json->file);
}

void mface_json_open_object(struct mface_json *json, const char *key)
{
    open(json, key, '{');
}

void mface_json_close_object(struct mface_json *json)
{
    close(json, '}');
}

void mface_json_open_array(struct mface_json *json, const char *key)
{
    open(json, key, '[');
}

void mface_json_close_array(struct mface_json *json)
{
    close(json, ']');
}

void mface_json_add_int(struct mface_json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    fprintf(json->file, "%lld", (long long)value);
}

void mface_json_add_bool(struct mface_json *json, const char *key, bool value)
{
    begin_value(json, key);
    fputs(value ? "true" : "false", json->file);
}

void mface_json_add_str(struct mface_json *json, const char *key, const char *value)
{
    begin_value(json, key);
    write_string(json->file, value);
}

void mface_json_add_float(struct mface_json *json, const char *key, double value)
{
    begin_value(json, key);
    if (isfinite(value))
        fprintf(json->file, "%.9g", value);
    else
        fputs("null", json->file);
}

void mface_json_add_null(struct mface_json *json, const char *key)
{
    begin_value(json, key);
    fputs("null", json->file);
}
