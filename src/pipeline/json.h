/* JSON, written as it goes: indentation, commas and escapes are taken care of. */
#ifndef MFACE_PIPELINE_JSON_H
#define MFACE_PIPELINE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Zero-initialise, then set `file`. */
struct mface_json {
    FILE *file;
    int depth;
    bool has_items; // the innermost object or array
};

/* `key` names the value within an object; NULL within an array and at the top. */
void mface_json_open_object(struct mface_json *json, const char *key);
void mface_json_close_object(struct mface_json *json);
void mface_json_open_array(struct mface_json *json, const char *key);
void mface_json_close_array(struct mface_json *json);
void mface_json_add_int(struct mface_json *json, const char *key, int64_t value);
void mface_json_add_bool(struct mface_json *json, const char *key, bool value);
void mface_json_add_str(struct mface_json *json, const char *key, const char *value);

void mface_json_add_null(struct mface_json *json, const char *key);

/* Nine digits; null for what JSON has no word for (infinities, NaN). */
void mface_json_add_float(struct mface_json *json, const char *key, double value);

/* The piece of an input, "start_s" and "end_s": each where it is not 0. */
void mface_json_add_piece(struct mface_json *json, double start_s, double end_s);

#endif
