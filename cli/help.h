/* The help in its formats: one file each, all made of the same tables. */
#ifndef MFACE_CLI_HELP_H
#define MFACE_CLI_HELP_H

#include "cli.h"

/* Writes to stdout. A document is begin(), command() for each command, end(). */
struct help_format {
    const char *name; // "man"
    void (*begin)(void);
    void (*command)(const struct command *command, const struct arg *args, size_t n_args);
    void (*end)(void);
};

extern const struct help_format help_text, help_man, help_markdown, help_bash, help_zsh, help_fish;

struct exit_row {
    int code;
    const char *meaning;
};

extern const struct exit_row help_exit_codes[]; // ends with a NULL meaning

/* What stands for an option's value: "FILE", "on|off", "N"; "" for none. */
const char *help_arg_value(const struct arg *arg);
bool help_arg_is_file(const struct arg *arg);

/* What stands for a setting's value, its range where that is short: "0..400 px", "on|off". */
void help_setting_value(size_t i, char *text, size_t text_bytes);
/* What else a setting takes, where its value does not tell: "largest|center|…"; else "". */
void help_setting_range(size_t i, char *text, size_t text_bytes);

/* Calls `each` for every setting the command's help shows. */
void help_each_setting(
    const struct command *command, void (*each)(const char *group, size_t i, bool is_first));

/* Prints `text` with every character of `escaped` behind a `mark`. */
void help_escape(const char *text, const char *escaped, char mark);

#endif
