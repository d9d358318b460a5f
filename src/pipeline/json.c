#include "pipeline/json.h"

#include <memoface/session.h>

#include <math.h>

static int announced_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The length of the UTF-8 sequence that begins here, 0 where none does (RFC 3629: the shortest
 * form only, no surrogates, nothing above U+10FFFF). The text ends with a zero, as no sequence
 * does. */
static int sequence_length(const unsigned char *c)
{
    const int n = announced_length(c[0]);
    for (int i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    const bool is_out_of_range = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] >= 0xa0) ||
                                 (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90);
    return is_out_of_range ? 0 : n;
}

/* RFC 8259: quotes, backslashes and control characters are escaped. Names of files are bytes of any
 * kind, JSON is UTF-8. */
void mface_json_write_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const int n = sequence_length(c);
        if (n == 0)
            fputs("\\ufffd", file);
        else if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(file, "\\u%04x", *c);
        else
            fwrite(c, 1, (size_t)n, file);
        c += n ? n : 1;
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
        mface_json_write_text(json->file, key);
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
    mface_json_write_text(json->file, value);
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

void mface_json_add_piece(struct mface_json *json, double start_s, double end_s)
{
    if (start_s > 0)
        mface_json_add_float(json, "start_s", start_s);
    if (end_s > 0)
        mface_json_add_float(json, "end_s", end_s);
}
