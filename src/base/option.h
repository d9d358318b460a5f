/* Options: settings declared once, as rows of a table.
 *
 * A row names a field of a plain struct, its type, range, default, unit and help; reading a value
 * from text, printing it, checking its range and hashing it all follow from the row, so the
 * command line, config files, live control, reports and docs never keep copies of a range. */
#ifndef MFACE_BASE_OPTION_H
#define MFACE_BASE_OPTION_H

#include "base/hash.h"
#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>

enum mface_option_type {
    MFACE_OPTION_BOOL,   // bool; text: on|off (also yes|no, true|false, 1|0)
    MFACE_OPTION_INT,    // int
    MFACE_OPTION_FLOAT,  // double
    MFACE_OPTION_SIZE,   // int64_t bytes; text: 2048, 512K, 512M, 2G (powers of 1024)
    MFACE_OPTION_CHOICE, // int index into `choices`
    MFACE_OPTION_STRING, // char[MFACE_OPTION_STRING_BYTES]
};

enum { MFACE_OPTION_STRING_BYTES = 1024 };

struct mface_option {
    const char *key;     // as on the command line, without dashes: "mask-erode"
    const char *initial; // the default, as text; parsed like any other value
    const char *help;    // one line, no final full stop
    const char *unit;    // "px", "bytes", "ms", "%"; NULL for none
    /* NULL-terminated. CHOICE: all there is; STRING: words with a meaning, beside any other text;
     * NULL: none. */
    const char *const *choices;
    double min, max, step; // INT, FLOAT, SIZE; step 0: any value in the range
    size_t offset;         // of the field in the settings struct
    enum mface_option_type type;
    unsigned group;  // for the owner's use: heading in --help
    unsigned stages; // for the owner's use: bit set of the stages it enters
    bool fixed;      // for the owner's use: cannot change while a job runs
};

/* The row with that key, or NULL. */
const struct mface_option *mface_option_find(
    const struct mface_option *rows, size_t n_rows, const char *key);

/* Parses `text` into the row's field of `settings`. On failure logs one line that names the key,
 * the text and what is accepted, leaves the field as it was, and returns MFACE_ERR_ARG. */
MFACE_NODISCARD enum mface_status mface_option_set(
    const struct mface_option *row, void *settings, const char *text);

/* The same without a word; false where mface_option_set() would fail. */
bool mface_option_parse(const struct mface_option *row, void *settings, const char *text);

/* Sets every field to its default. Defaults are constants of the program: a bad one is a bug
 * and asserts. */
void mface_option_set_initial(const struct mface_option *rows, size_t n_rows, void *settings);

/* Writes the field's value as text that mface_option_set() reads back to the same value. Returns
 * the length as snprintf() does. */
int mface_option_print(
    const struct mface_option *row, const void *settings, char *text, size_t text_bytes);

/* What the row accepts, for help and errors: "0..400", "on|off", "none|rct". As snprintf(). */
int mface_option_print_range(const struct mface_option *row, char *text, size_t text_bytes);

/* Adds the field's value to a hash. */
void mface_option_hash(
    const struct mface_option *row, const void *settings, struct mface_hasher *hasher);

#endif
