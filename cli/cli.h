/* The command line: what its files share.
 *
 * Each command is a file cmd_<name>.c with one struct command. A command declares its own options
 * as rows; every setting of the library is accepted beside them by its key. */
#ifndef MFACE_CLI_CLI_H
#define MFACE_CLI_CLI_H

#include <memoface/memoface.h>
#include <stdbool.h>

/* Documented in README.md and --help; keep them stable. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE = 2,       // an option or setting is wrong
    EXIT_NOT_FOUND = 3,   // a file, folder, device or face model is missing
    EXIT_MALFORMED = 4,   // a file is not what it should be, or is truncated
    EXIT_UNSUPPORTED = 5, // a file is fine but needs something memoface lacks
    EXIT_IO = 6,          // reading or writing failed
    EXIT_NO_SPACE = 7,    // the disk is full
    EXIT_NO_MEMORY = 8,
    EXIT_INTERRUPTED = 130, // Ctrl-C; the output is complete up to then
};

enum exit_code exit_code_of(enum mface_status status);

/* One option of a command. */
enum arg_kind {
    ARG_FLAG,   // bool *, set to true
    ARG_TEXT,   // const char **, borrowed from argv
    ARG_INT,    // int *
    ARG_SWITCH, // bool *, on|off; on when no value follows
    ARG_MAYBE,  // const char **, borrowed from argv; "" when no value follows
};

struct arg {
    const char *name; // long name without dashes
    char letter;      // short name, or 0
    enum arg_kind kind;
    void *target;
    const char *value; // shown in help: "FILE"
    const char *help;
    bool required;
};

struct command {
    const char *name;
    const char *synopsis;              // after the name
    const char *summary;               // one line
    const char *examples;              // lines, each ready to paste
    const char *const *setting_groups; // NULL-terminated; shown in help; NULL: takes no settings
    enum exit_code (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_swap, command_detect, command_info, command_graph,
    command_cache;

/* Parses argv[1…] into the rows' targets and, when `settings` is not NULL, into the settings.
 * `operand` receives the one argument without dashes, if the command takes one (else NULL).
 * Prints its own error line. --help prints the command's help. Returns true to go on, else *code is
 * what to exit with. */
bool args_parse(const struct command *command, const struct arg *args, size_t n_args,
    struct mface_settings *settings, const char **operand, int argc, char **argv,
    enum exit_code *code);

void help_print_all(const struct command *const *commands, size_t n_commands);
void help_print_command(const struct command *command, const struct arg *args, size_t n_args);

/* The running job's progress on stderr: a bar and the monitor line on a terminal, plain lines
 * elsewhere. */
struct progress {
    bool quiet, terminal;
    int n_lines_shown;
    double last_line_s;
};

void progress_init(struct progress *progress, bool quiet);
void progress_show(void *progress, const struct mface_stats *stats, int done);

/* Whoever looks at a job while it runs: the terminal, and the dashboard if there is one. */
struct watch {
    const char *address, *token;       // of the command line; NULL: not given
    struct mface_dashboard *dashboard; // NULL: none
    struct progress progress;
};

/* Starts the dashboard if it is wanted, and says where it is. Prints its own error line. */
enum mface_status watch_start(struct watch *watch, struct mface_session *session);
void watch_show(void *watch, const struct mface_stats *stats, int done);
void watch_stop(struct watch *watch);

/* What was done, at the end, on stderr. */
void summary_print(const struct mface_stats *stats, const char *output, enum mface_status status);

#endif
