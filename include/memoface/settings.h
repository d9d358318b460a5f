/* Settings: everything a user may choose, by key.
 *
 * The keys are stable. Range, default, unit, help and the stages a setting enters are declared once
 * in one table (src/pipeline/settings.c); this is its public face. */
#ifndef MEMOFACE_SETTINGS_H
#define MEMOFACE_SETTINGS_H

#include <memoface/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A full set of values; an opaque plain value made by mface_settings_create(). */
struct mface_settings;

/* All defaults. MFACE_ERR_NOMEM. */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_create(struct mface_settings **out);
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_copy(
    const struct mface_settings *from, struct mface_settings **out);
MFACE_API void mface_settings_free(struct mface_settings **settings);

/* Sets one value from text ("on", "2G", "rct", "0.75"). On failure logs one line naming the key,
 * the text and what is accepted. MFACE_ERR_ARG: not accepted; MFACE_ERR_NOENT: no such key.
 * "preset", "use-case" and "profile" (one that is built in) bring their values with them, over what
 * is there; memoface/settings_layers.h is for those who want them below the rest. */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_set(
    struct mface_settings *settings, const char *key, const char *text);

/* Prints one value as text that set() reads back. Returns the length as snprintf(), or -1 for an
 * unknown key. */
MFACE_API int mface_settings_print(
    const struct mface_settings *settings, const char *key, char *text, size_t text_bytes);

/* One row of the table, for help and docs. Strings are static. */
struct mface_setting_info {
    const char *key, *group, *initial, *help, *unit; // unit: "" for none
    int is_switch;            // on|off: the command line may leave the value out
    const char *const *words; // it takes, or knows beside any text; NULL-terminated; NULL: none
    int takes_text;           // any text
    int is_number;            // within min..max by `step` (0: any)
    int is_fixed;             // cannot change while a job runs (memoface/control.h)
    double min, max, step;
};

MFACE_API size_t mface_settings_count(void);
/* Row i in the table's order (grouped); i < mface_settings_count(). */
MFACE_API struct mface_setting_info mface_settings_info(size_t i);
/* How many letters must be put in, left out, changed or swapped with their neighbour to make one
 * word of the other; words beyond 63 letters are as far from everything as they are long. */
MFACE_API int mface_word_distance(const char *a, const char *b);

/* The key nearest to a mistyped word, or NULL where none is near. Static storage. */
MFACE_API const char *mface_settings_nearest(const char *word);

/* A preset, use case or profile that is built in; strings are static. */
struct mface_starting_point {
    const char *setting, *name, *help; // "preset", "16gb", one line
};

/* The i-th; its name is NULL beyond the last. */
MFACE_API struct mface_starting_point mface_settings_starting_point(size_t i);
/* What it brings: "cache-size 1G, parallel off". As snprintf(). */
MFACE_API int mface_settings_print_starting_point(size_t i, char *text, size_t text_bytes);

/* What row i accepts: "0..400", "on|off", "none|rct". As snprintf(). */
MFACE_API int mface_settings_print_range(size_t i, char *text, size_t text_bytes);
/* The stages row i invalidates, directly and downstream: "post merge". As snprintf(). */
MFACE_API int mface_settings_print_stages(size_t i, char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif
#endif
