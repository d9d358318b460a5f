/* The manual page, memoface(1), in man(7) macros. */
#include "help.h"

#include <stdio.h>
#include <string.h>

/* A line of text: no character of it may be taken for a macro or an escape. */
static void print_text(const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        fputs("\\&", stdout);
    help_escape(text, "\\-", '\\');
}

static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++)
        fputs(*text == '"'    ? "\\(dq"
              : *text == '-'  ? "\\-"
              : *text == '\\' ? "\\\\"
                              : (char[]) { *text, '\0' },
            stdout);
    putchar('"');
}

static void print_option(char letter, const char *name, const char *value)
{
    printf(".TP\n");
    if (letter)
        printf("\\fB\\-%c\\fR, ", letter);
    printf("\\fB\\-\\-");
    print_text(name);
    printf("\\fR");
    if (value[0]) {
        printf(" \\fI");
        print_text(value);
        printf("\\fR");
    }
    putchar('\n');
}

static void print_setting(const char *group, size_t i, bool is_first)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char value[64], range[256];
    if (is_first) {
        printf(".SS ");
        print_quoted(group);
        putchar('\n');
    }
    help_setting_value(i, value, sizeof value);
    help_setting_range(i, range, sizeof range);
    print_option(args_setting_letter(info.key), info.key, value);
    print_text(info.help);
    printf("%s", range[0] ? " (" : "");
    print_text(range);
    printf("%s [", range[0] ? ")" : "");
    print_text(info.initial[0] ? info.initial : "\"\"");
    printf("]\n");
}

static void print_examples(const char *examples)
{
    printf(".PP\n.nf\n");
    for (const char *line = examples; line && *line;) {
        char text[512];
        const int length = (int)strcspn(line, "\n");
        snprintf(text, sizeof text, "%.*s", length, line);
        print_text(text);
        putchar('\n');
        line += length + (line[length] == '\n');
    }
    printf(".fi\n");
}

static void print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    printf(".SH ");
    char title[64];
    snprintf(title, sizeof title, "memoface %s", command->name);
    print_quoted(title);
    printf("\n\\fBmemoface %s\\fR ", command->name);
    print_text(command->synopsis);
    printf("\n.PP\n");
    print_text(command->summary);
    putchar('\n');
    if (command->examples)
        print_examples(command->examples);
    for (size_t i = 0; i < n_args; i++) {
        print_option(args[i].letter, args[i].name, help_arg_value(&args[i]));
        print_text(args[i].help);
        printf("%s\n", args[i].required ? " (needed)" : "");
    }
    if (command == &command_swap) // the other commands take some of the same
        help_each_setting(command, print_setting);
}

static void begin(void)
{
    printf(
        ".\\\" Made by 'memoface help --format man'.\n"
        ".TH MEMOFACE 1 \"\" \"memoface %s\"\n.SH NAME\n"
        "memoface \\- face swap with DFM models on ordinary CPUs\n.SH SYNOPSIS\n"
        "\\fBmemoface\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n"
        "Swaps faces in video and images with DFM models, and keeps the results of every stage\n"
        "in memory so that nothing is computed twice. Swap only faces of people who have agreed\n"
        "to it.\n.PP\n"
        "Settings come from several places, of which the later wins: defaults, preset, use\n"
        "case, profile, configuration file, the file's section of the chosen profile, command\n"
        "line. Sizes take K, M, G and T, a plain 2048 is megabytes; switches are on without a\n"
        "value. What stands in [brackets] at the end of a description is the default.\n",
        mface_version());
}

static void print_starting_points(void)
{
    for (size_t i = 0;; i++) {
        const struct mface_starting_point point = mface_settings_starting_point(i);
        char values[256];
        if (!point.name)
            return;
        mface_settings_print_starting_point(i, values, sizeof values);
        print_option('\0', point.setting, point.name);
        print_text(point.help);
        printf(": ");
        print_text(values);
        putchar('\n');
    }
}

static void end(void)
{
    printf(".SH \"STARTING POINTS\"\n");
    print_starting_points();
    printf(".SH FILES\n.TP\n\\fI~/.config/memoface/memoface.conf\\fR\n"
           "\\fIkey = value\\fR lines, # comments, and [sections] that are profiles; under\n"
           "$XDG_CONFIG_HOME where that is set.\n"
           ".TP\n\\fI~/.cache/memoface\\fR\nWhat is kept between runs (\\fBcache\\-dir\\fR).\n"
           ".SH ENVIRONMENT\n.TP\nMEMOFACE_MODELS\nThe folder of the face models.\n"
           ".SH \"EXIT STATUS\"\n");
    for (const struct exit_row *row = help_exit_codes; row->meaning; row++)
        printf(".TP\n%d\n%s\n", row->code, row->meaning);
}

const struct help_format help_man = { "man", begin, print_command, end };
