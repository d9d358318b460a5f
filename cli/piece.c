/* --start and --end: a time as FFmpeg writes it, and the two together. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_DIGITS = 9 };

static const char digits[] = "0123456789";

/* The whole seconds of "12", "01:30" or "2:01:30", so that only a fraction may follow; NULL: it is
 * none of these. Groups behind a colon have two digits and are below 60, as are minutes. */
static const char *read_whole(const char *text, double *seconds)
{
    int n_groups = 0, value[3];
    for (;;) {
        const size_t n = strspn(text, digits);
        if (n == 0 || n > SECONDS_DIGITS || n_groups == 3 || (n_groups > 0 && n != 2))
            return NULL;
        value[n_groups++] = (int)strtol(text, NULL, 10);
        text += n;
        if (*text != ':')
            break;
        text++;
    }
    *seconds = 0;
    for (int i = 0; i < n_groups; i++) {
        const bool is_hours = n_groups == 3 && i == 0;
        if (n_groups > 1 && !is_hours && value[i] >= 60)
            return NULL;
        *seconds = *seconds * 60 + value[i];
    }
    return text;
}

/* Nothing, or ".5" and nothing else. */
static bool is_fraction(const char *text)
{
    return !*text || (text[0] == '.' && text[1] && !text[1 + strspn(text + 1, digits)]);
}

bool piece_parse_time(const char *text, double *seconds)
{
    double whole;
    const char *rest = read_whole(text, &whole);
    if (!rest || !is_fraction(rest))
        return false;
    *seconds = whole + (*rest ? strtod(rest, NULL) : 0);
    return true;
}

bool piece_settle(
    const struct command *command, const struct piece_args *piece, double *start_s, double *end_s)
{
    const bool has_start = piece->start_s >= 0, has_end = piece->end_s >= 0;
    *start_s = has_start ? piece->start_s : 0;
    *end_s = has_end ? piece->end_s : 0;
    if (!has_end || *start_s < *end_s)
        return true;
    fprintf(stderr, "memoface %s: --end %.9g s is not after the start, %.9g s\n", command->name,
        *end_s, *start_s);
    return false;
}
