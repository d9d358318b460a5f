/* The help as text: examples first, then options, then the settings in the table's groups. And what
 * all formats share. */
#include "help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, COLUMN = 34, SHORT_BYTES = 22 };

const struct exit_row help_exit_codes[] = {
    { 0, "done" },
    { 2, "an option or setting is wrong, on the command line or in a configuration file" },
    { 3, "a file, folder, device or face model is missing" },
    { 4, "a file is malformed or truncated" },
    { 5, "a file needs something memoface lacks" },
    { 6, "reading or writing failed" },
    { 7, "the disk is full" },
    { 8, "out of memory" },
    { 130, "interrupted; the output is complete up to then" },
    { 1, "anything else" },
    { 0, NULL },
};

const char *help_arg_value(const struct arg *arg)
{
    return arg->kind == ARG_FLAG ? "" : arg->value;
}

bool help_arg_is_file(const struct arg *arg)
{
    return arg->kind == ARG_FILE || arg->kind == ARG_FILES;
}

static void print_range(size_t i, char *text, size_t text_bytes)
{
    const struct mface_setting_info info = mface_settings_info(i);
    const int length = mface_settings_print_range(i, text, text_bytes);
    const bool says_bytes = strcmp(info.unit, "bytes") == 0; // so do the suffixes of the range
    if (info.unit[0] && !says_bytes && length > 0 && (size_t)length < text_bytes)
        snprintf(text + length, text_bytes - (size_t)length, " %s", info.unit);
}

void help_setting_value(size_t i, char *text, size_t text_bytes)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char range[256];
    print_range(i, range, sizeof range);
    const bool is_short = strlen(range) <= SHORT_BYTES && !info.takes_text;
    snprintf(text, text_bytes, "%s", is_short ? range : info.takes_text ? "TEXT" : "WORD");
}

void help_setting_range(size_t i, char *text, size_t text_bytes)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char value[SHORT_BYTES + 8];
    help_setting_value(i, value, sizeof value);
    text[0] = '\0';
    if ((strcmp(value, "TEXT") == 0 && info.words) || strcmp(value, "WORD") == 0)
        print_range(i, text, text_bytes);
}

void help_each_setting(
    const struct command *command, void (*each)(const char *group, size_t i, bool is_first))
{
    for (const char *const *group = command->setting_groups; group && *group; group++) {
        bool is_first = true;
        for (size_t i = 0; i < mface_settings_count(); i++) {
            if (strcmp(mface_settings_info(i).group, *group) != 0)
                continue;
            each(*group, i, is_first);
            is_first = false;
        }
    }
}

void help_escape(const char *text, const char *escaped, char mark)
{
    for (; *text; text++) {
        if (strchr(escaped, *text))
            putchar(mark);
        putchar(*text);
    }
}

/* Words from COLUMN on, in lines of WIDTH; lists too long for one break behind a bar. */
static void print_wrapped(const char *text)
{
    int column = COLUMN;
    while (*text) {
        const int blanks = column > COLUMN ? (int)strspn(text, " ") : 0;
        text += strspn(text, " ");
        int length = (int)strcspn(text, " ");
        if (length > WIDTH - COLUMN)
            length = (int)strcspn(text, "|") + 1;
        if (column > COLUMN && column + blanks + length > WIDTH) {
            printf("\n%*s%.*s", COLUMN, "", length, text);
            column = COLUMN + length;
        } else {
            printf("%*s%.*s", blanks, "", length, text);
            column += blanks + length;
        }
        text += length;
    }
    putchar('\n');
}

/* Of UTF-8, in characters. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void print_entry(const char *left, const char *text)
{
    const int width = width_of(left);
    if (width + 2 < COLUMN)
        printf("%s%*s", left, COLUMN - width, "");
    else
        printf("%s\n%*s", left, COLUMN, "");
    print_wrapped(text);
}

static void print_option(char letter, const char *name, const char *value, const char *text)
{
    char left[128];
    if (letter)
        snprintf(left, sizeof left, "  -%c, --%s %s", letter, name, value);
    else
        snprintf(left, sizeof left, "      --%s %s", name, value);
    print_entry(left, text);
}

static void print_arg(const struct arg *arg)
{
    char text[256];
    snprintf(text, sizeof text, "%s%s", arg->help, arg->required ? " (needed)" : "");
    print_option(arg->letter, arg->name, help_arg_value(arg), text);
}

static void print_setting(const char *group, size_t i, bool is_first)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char value[64], range[256], text[640];
    help_setting_value(i, value, sizeof value);
    help_setting_range(i, range, sizeof range);
    snprintf(text, sizeof text, "%s%s%s%s [%s]", info.help, range[0] ? " (" : "", range,
        range[0] ? ")" : "", info.initial[0] ? info.initial : "\"\"");
    if (is_first)
        printf("\n%s:\n", group);
    print_option(args_setting_letter(info.key), info.key, value, text);
}

static void print_starting_points(void)
{
    const char *setting = "";
    printf("\nWhat starting points bring (later ones win; so does what you say yourself):\n");
    for (size_t i = 0;; i++) {
        const struct mface_starting_point point = mface_settings_starting_point(i);
        char left[64], values[256];
        if (!point.name)
            return;
        snprintf(left, sizeof left, "  %-9s %s",
            strcmp(setting, point.setting) ? point.setting : "", point.name);
        setting = point.setting;
        mface_settings_print_starting_point(i, values, sizeof values);
        print_entry(left, values);
    }
}

static bool has_group(const struct command *command, const char *name)
{
    for (const char *const *group = command->setting_groups; *group; group++)
        if (strcmp(*group, name) == 0)
            return true;
    return false;
}

static void print_exit_codes(void)
{
    printf("\nExit codes:\n");
    for (const struct exit_row *row = help_exit_codes; row->meaning; row++)
        printf("  %3d  %s\n", row->code, row->meaning);
}

static void print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    printf("memoface %s: %s\n\nUsage: memoface %s %s\n", command->name, command->summary,
        command->name, command->synopsis);
    if (command->examples)
        printf("\nExamples:\n%s", command->examples);
    printf("\nOptions:\n");
    for (size_t i = 0; i < n_args; i++)
        print_arg(&args[i]);
    print_option('h', "help", "", "this text");
    const bool shows_settings = command->setting_groups && command->setting_groups[0];
    if (shows_settings)
        printf("\nSettings, with what they take and their [defaults]. Sizes take K, M, G and T "
               "(2G), a plain\n"
               "2048 is megabytes; switches are on without a value. The same keys serve in the\n"
               "configuration file, as in 'cache-size = 4G'; --print-config shows where each "
               "value comes from.\n");
    help_each_setting(command, print_setting);
    if (shows_settings && has_group(command, "Starting points"))
        print_starting_points();
    print_exit_codes();
}

static void print_all(void)
{
    char path[256];
    printf(
        "memoface %s: face swap with DFM models on ordinary CPUs\n\n"
        "Usage: memoface COMMAND [OPTIONS]\n\n"
        "  memoface doctor                                       what this machine is good for\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4  the main job\n"
        "  memoface help swap                                    all its settings\n\nCommands:\n",
        mface_version());
    for (const struct command *const *command = all_commands; *command; command++)
        printf("  %-8s %s\n", (*command)->name, (*command)->summary);
    mface_settings_file_path(path, sizeof path);
    printf("\n'memoface help COMMAND' or 'memoface COMMAND --help' explains a command;\n"
           "'memoface --version' tells the version. Settings that are always wanted go to\n%s.\n"
           "Swap only faces of people who have agreed to it.\n",
        path[0] ? path : "a configuration file (--config)");
    print_exit_codes();
}

const struct help_format help_text = { "text", print_all, print_command, NULL };

static const struct help_format *const formats[] = { &help_text, &help_man, &help_markdown,
    &help_bash, &help_zsh, &help_fish };

static const struct help_format *format = &help_text;

void help_print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    format->command(command, args, n_args);
}

/* Options are declared where they are parsed, so a command is asked for them by its --help. */
static enum exit_code ask(const struct command *command)
{
    char help_option[] = "--help", *argv[] = { help_option, help_option, NULL };
    return command->run(command, 2, argv);
}

static enum exit_code print_document(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i]->name, name) == 0)
            format = formats[i];
    if (strcmp(format->name, name) != 0) {
        fprintf(
            stderr, "memoface help: no format '%s'; give text|man|markdown|bash|zsh|fish\n", name);
        return EXIT_USAGE;
    }
    if (format->begin)
        format->begin();
    for (const struct command *const *command = all_commands; *command; command++)
        ask(*command);
    if (format->end)
        format->end();
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_IO;
}

enum exit_code help_main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--format") == 0)
        return print_document(argv[2]);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_all();
        return EXIT_OK;
    }
    const struct command *command = find_command(argv[1]);
    if (command)
        return ask(command);
    fprintf(stderr, "memoface help: no command '%s'; 'memoface --help' lists them\n", argv[1]);
    return EXIT_USAGE;
}
