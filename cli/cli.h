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
    ARG_FLAG,    // bool *, set to true
    ARG_TEXT,    // const char **, borrowed from argv
    ARG_FILE,    // the same; completes to the name of a file
    ARG_FILES,   // struct words *: given again, it adds one; so does each operand
    ARG_INT,     // int *
    ARG_TIME,    // double *, seconds
    ARG_SWITCH,  // bool *, on|off; on when no value follows
    ARG_ADDRESS, // const char **, borrowed from argv: ADDR:PORT; "" when none follows
};

/* Words borrowed from argv, which has room for no more of them than `argc`. */
struct words {
    const char **word; // `argc` of them, by the command
    int n;
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
    const char *const *words;          // NULL-terminated; the first operand is one of them
    bool takes_file;                   // an operand is a file or folder
    enum exit_code (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_swap, command_plan, command_bench, command_detect,
    command_doctor, command_info, command_graph, command_cache;

/* All of them, NULL-terminated, in the order of the help. */
extern const struct command *const all_commands[];

/* Parses argv[1…] into the rows' targets and, when `layers` is not NULL, the settings among them;
 * these are then complete: --config, --print-config and the user's own file are dealt with here,
 * and *settings is what they come to, borrowed from `layers`. `operand` receives the one argument
 * without dashes, if the command takes one (else NULL). Prints its own error line. --help prints
 * the command's help. Returns true to go on, else *code is what to exit with. */
bool args_parse(const struct command *command, const struct arg *args, size_t n_args,
    struct mface_settings_layers *layers, const struct mface_settings **settings,
    const char **operand, int argc, char **argv, enum exit_code *code);

bool is_same_file(const char *a, const char *b);
bool is_stdout(const char *path); // "-", "pipe:1", …

/* Another file of the same command; its path may be NULL. */
struct other_file {
    const char *option, *path;
};

/* EXIT_OK if what a command is to write at its end (NULL: nothing; "-": stdout) can be written, and
 * without the loss of another of its files. `option` names it. Else prints the error line. */
enum exit_code check_written(const struct command *command, const char *option, const char *path,
    const struct other_file *others, size_t n_others);

/* EXIT_OK unless a file with something in it would be replaced unasked. Else prints the error
 * line. */
enum exit_code check_replaced(
    const struct command *command, const char *option, const char *path, bool overwrite);

/* Reads "12.5" or "[HH:]MM:SS[.5]" as seconds. False: it is no such time. */
bool piece_parse_time(const char *text, double *seconds);

/* --start and --end as they were given; below 0: not. */
struct piece_args {
    double start_s, end_s;
};

/* What they come to for the library. False: no time is between them; prints the error line. */
bool piece_settle(
    const struct command *command, const struct piece_args *piece, double *start_s, double *end_s);

/* The letter that stands for a setting on the command line, or 0. */
char args_setting_letter(const char *key);

/* NULL: none. */
const struct command *find_command(const char *name);

/* Help in one of several formats: text unless help_main() says otherwise. */
void help_print_command(const struct command *command, const struct arg *args, size_t n_args);
enum exit_code help_main(int argc, char **argv);

/* What is shown of a running job: a bar and the monitor's line; with two more lines of details;
 * JSON lines on stdout; nothing. */
enum monitor_mode { MONITOR_LINE, MONITOR_FULL, MONITOR_JSON, MONITOR_OFF };

/* False: no such word. */
bool progress_mode(const char *name, enum monitor_mode *mode);

/* The running job's progress on stderr: redrawn in place on a terminal, plain lines elsewhere. */
enum { PROGRESS_LINES_MAX = 4 };

struct progress {
    enum monitor_mode mode;
    bool terminal;
    bool has_keys;                                  // and says so
    int n_lines_shown, columns[PROGRESS_LINES_MAX]; // of each line shown
    double last_line_s, paused_s;
    struct mface_monitor monitor;
    struct {
        const char *name;
        double wall_s;
    } told[MFACE_ADVICE_MAX]; // advice, and when
    int n_told;
    int64_t n_tuned; // told
};

void progress_init(struct progress *progress, enum monitor_mode mode);
void progress_show(struct progress *progress, const struct mface_stats *stats, int done);

/* A line of text that stays. */
void progress_say(struct progress *progress, const char *text);

/* Whoever looks at a job while it runs: the advisor, the terminal, and the dashboard if there is
 * one. */
struct watch {
    const char *address, *token;       // of the command line; NULL: not given
    struct mface_dashboard *dashboard; // NULL: none
    struct mface_session *session;
    struct mface_advisor *advisor; // of the job; NULL: there was no memory for one
    struct mface_insight insight;  // its last
    bool keys;                     // wanted, where stdin and stderr are a terminal
    struct progress progress;
};

/* Starts the dashboard if it is wanted, and says where it is. Prints its own error line. */
enum mface_status watch_start(struct watch *watch, struct mface_session *session);
/* Before and after each job; watch_show() is its progress. */
void watch_begin(struct watch *watch, enum monitor_mode mode);
void watch_show(void *watch, const struct mface_stats *stats, int done);
void watch_end(struct watch *watch);
void watch_stop(struct watch *watch);

/* Does what the keys that were typed say. */
void keys_obey(struct watch *watch);

/* What was done, at the end, on stderr. */
void summary_print(const struct mface_stats *stats, const char *output, enum mface_status status);

#endif
