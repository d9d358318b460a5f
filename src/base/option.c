#include "base/option.h"

#include "base/log.h"
#include <memoface/settings.h>

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct mface_option *mface_option_find(
    const struct mface_option *rows, size_t n_rows, const char *key)
{
    for (size_t i = 0; i < n_rows; i++)
        if (strcmp(rows[i].key, key) == 0)
            return &rows[i];
    return NULL;
}

static bool parse_bool(const char *text, bool *value)
{
    static const char *const words[][2] = {
        { "on", "off" },
        { "yes", "no" },
        { "true", "false" },
        { "1", "0" },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i][0]) == 0 || strcasecmp(text, words[i][1]) == 0) {
            *value = strcasecmp(text, words[i][0]) == 0;
            return true;
        }
    }
    return false;
}

enum { PLAIN_BYTES = 1048576 }; // see parse_unit()

static double unit_scale(char letter)
{
    static const char units[] = "KMGT";
    const char *unit = letter ? strchr(units, toupper((unsigned char)letter)) : NULL;
    return unit ? pow(1024, (double)(unit - units + 1)) : 0;
}

/* A size: K, M, G and T are powers of 1024, with "B" or "iB" after them or not. A number without a
 * unit is megabytes, which is what people who say 2048 mean, if as bytes it were less than one. */
static double parse_unit(double number, const char **end)
{
    const double scale = unit_scale(**end);
    if (scale > 0) {
        ++*end;
        *end += toupper((unsigned char)**end) == 'I' && toupper((unsigned char)(*end)[1]) == 'B';
    } else if (**end == '\0' && fabs(number) < PLAIN_BYTES) {
        return number * PLAIN_BYTES;
    }
    *end += toupper((unsigned char)**end) == 'B';
    return scale > 0 ? number * scale : number;
}

/* A decimal number. strtod() also reads nan, inf and hexadecimals: no setting wants those. */
static bool parse_number(const char *text, bool is_size, double *value)
{
    char *number_end;
    if (!isdigit((unsigned char)text[strspn(text, "+-.")]) || strpbrk(text, "xX"))
        return false;
    *value = strtod(text, &number_end);
    const char *end = number_end;
    if (is_size)
        *value = parse_unit(*value, &end);
    return *end == '\0' && isfinite(*value);
}

static bool parse_choice(const char *const *choices, const char *text, int *value)
{
    for (int i = 0; choices[i]; i++) {
        if (strcasecmp(choices[i], text) == 0) {
            *value = i;
            return true;
        }
    }
    return false;
}

/* Numbers between the steps go to the nearest step, as a slider would do. */
static double snap_to_step(const struct mface_option *row, double number)
{
    if (row->step <= 0)
        return number;
    const double snapped = row->min + nearbyint((number - row->min) / row->step) * row->step;
    if (row->type == MFACE_OPTION_SIZE && snapped == 0 && number > 0)
        return row->step; // 0 turns off what has a size: who asks for little wants it
    /* 0.1 has no exact double: go through text so that 0.3 is stored as 0.3, not 0.30000000000004.
     */
    char text[64];
    snprintf(text, sizeof text, "%.15g", snapped);
    return fmin(strtod(text, NULL), row->max);
}

static bool set_number(const struct mface_option *row, void *field, const char *text)
{
    double number;
    if (!parse_number(text, row->type == MFACE_OPTION_SIZE, &number))
        return false;
    if (!(number >= row->min && number <= row->max))
        return false;
    if (row->type != MFACE_OPTION_FLOAT && number != floor(number) && row->step <= 1)
        return false;
    number = snap_to_step(row, number);
    if (row->type == MFACE_OPTION_INT)
        *(int *)field = (int)number;
    else if (row->type == MFACE_OPTION_SIZE)
        *(int64_t *)field = (int64_t)number;
    else
        *(double *)field = number;
    return true;
}

static bool set_field(const struct mface_option *row, void *field, const char *text)
{
    switch (row->type) {
    case MFACE_OPTION_BOOL:
        return parse_bool(text, field);
    case MFACE_OPTION_CHOICE:
        return parse_choice(row->choices, text, field);
    case MFACE_OPTION_STRING:
        if (strlen(text) >= MFACE_OPTION_STRING_BYTES)
            return false;
        memset(field, 0, MFACE_OPTION_STRING_BYTES);
        memcpy(field, text, strlen(text));
        return true;
    default:
        return set_number(row, field, text);
    }
}

bool mface_option_parse(const struct mface_option *row, void *settings, const char *text)
{
    return set_field(row, (char *)settings + row->offset, text);
}

enum mface_status mface_option_set(const struct mface_option *row, void *settings, const char *text)
{
    if (mface_option_parse(row, settings, text))
        return MFACE_OK;
    char range[256];
    mface_option_print_range(row, range, sizeof range);
    return mface_fail(MFACE_ERR_ARG, "%s: '%s' is not accepted; give %s", row->key, text, range);
}

void mface_option_set_initial(const struct mface_option *rows, size_t n_rows, void *settings)
{
    for (size_t i = 0; i < n_rows; i++) {
        const bool ok = set_field(&rows[i], (char *)settings + rows[i].offset, rows[i].initial);
        assert(ok && "the default of an option is outside its own range");
        (void)ok;
    }
}

static int print_size(int64_t bytes, char *text, size_t text_bytes)
{
    static const char *const units[] = { "", "K", "M", "G", "T" };
    int unit = 0;
    while (unit < 4 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    const bool reads_as_megabytes = unit == 0 && bytes != 0 && bytes < PLAIN_BYTES;
    return snprintf(
        text, text_bytes, "%lld%s", (long long)bytes, reads_as_megabytes ? "B" : units[unit]);
}

int mface_option_print(
    const struct mface_option *row, const void *settings, char *text, size_t text_bytes)
{
    const void *field = (const char *)settings + row->offset;
    switch (row->type) {
    case MFACE_OPTION_BOOL:
        return snprintf(text, text_bytes, "%s", *(const bool *)field ? "on" : "off");
    case MFACE_OPTION_INT:
        return snprintf(text, text_bytes, "%d", *(const int *)field);
    case MFACE_OPTION_FLOAT:
        return snprintf(text, text_bytes, "%.9g", *(const double *)field);
    case MFACE_OPTION_SIZE:
        return print_size(*(const int64_t *)field, text, text_bytes);
    case MFACE_OPTION_CHOICE:
        return snprintf(text, text_bytes, "%s", row->choices[*(const int *)field]);
    case MFACE_OPTION_STRING:
        return snprintf(text, text_bytes, "%s", (const char *)field);
    }
    return 0;
}

static int print_choices(const char *const *choices, char *text, size_t text_bytes)
{
    int length = 0;
    for (int i = 0; choices[i]; i++) {
        const size_t used = (size_t)length < text_bytes ? (size_t)length : text_bytes;
        length += snprintf(text + used, text_bytes - used, "%s%s", i ? "|" : "", choices[i]);
    }
    return length;
}

static int print_words(const struct mface_option *row, char *text, size_t text_bytes)
{
    const int length = row->choices ? print_choices(row->choices, text, text_bytes) : 0;
    const size_t used = (size_t)length < text_bytes ? (size_t)length : text_bytes;
    return length + snprintf(text + used, text_bytes - used, length ? " or text" : "text");
}

int mface_option_print_range(const struct mface_option *row, char *text, size_t text_bytes)
{
    char min[32], max[32];
    switch (row->type) {
    case MFACE_OPTION_BOOL:
        return snprintf(text, text_bytes, "on|off");
    case MFACE_OPTION_CHOICE:
        return print_choices(row->choices, text, text_bytes);
    case MFACE_OPTION_STRING:
        return print_words(row, text, text_bytes);
    case MFACE_OPTION_SIZE:
        print_size((int64_t)row->min, min, sizeof min);
        print_size((int64_t)row->max, max, sizeof max);
        return snprintf(text, text_bytes, "%s..%s", min, max);
    default:
        return snprintf(text, text_bytes, "%.9g..%.9g", row->min, row->max);
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Damerau's distance with adjacent transpositions, row by row; three rows are kept. */
int mface_word_distance(const char *a, const char *b)
{
    enum { LETTERS_MAX = 63 };
    const int n_a = (int)strlen(a), n_b = (int)strlen(b);
    int rows[3][LETTERS_MAX + 2];
    if (n_a > LETTERS_MAX || n_b > LETTERS_MAX)
        return n_a > n_b ? n_a : n_b;
    for (int k = 0; k <= n_b; k++)
        rows[0][k] = k;
    for (int i = 1; i <= n_a; i++) {
        int *now = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        now[0] = i;
        for (int k = 1; k <= n_b; k++) {
            const int change = above[k - 1] + (a[i - 1] != b[k - 1]);
            now[k] = least(change, least(above[k], now[k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                now[k] = least(now[k], second[k - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

void mface_option_hash(
    const struct mface_option *row, const void *settings, struct mface_hasher *hasher)
{
    const void *field = (const char *)settings + row->offset;
    switch (row->type) {
    case MFACE_OPTION_BOOL:
        mface_hasher_add_u64(hasher, *(const bool *)field);
        break;
    case MFACE_OPTION_INT:
    case MFACE_OPTION_CHOICE:
        mface_hasher_add_u64(hasher, (uint64_t) * (const int *)field);
        break;
    case MFACE_OPTION_FLOAT:
        mface_hasher_add_f64(hasher, *(const double *)field);
        break;
    case MFACE_OPTION_SIZE:
        mface_hasher_add_u64(hasher, (uint64_t) * (const int64_t *)field);
        break;
    case MFACE_OPTION_STRING:
        mface_hasher_add_str(hasher, field);
        break;
    }
}
