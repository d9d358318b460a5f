/* Completion for zsh, by _arguments. */
#include "help.h"

#include <stdio.h>
#include <string.h>

/* Within single quotes; brackets and colons have a meaning to _arguments. */
static void print_help(const char *text)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
}

/* '(-m --model)'{-m,--model=}'[help]' or '--model=[help]'; `repeats`: it may be given again. */
static void begin_spec(
    char letter, const char *name, const char *help, bool has_value, bool repeats)
{
    const char *equals = has_value ? "=" : "";
    printf("            ");
    if (letter && !repeats)
        printf("'(-%c --%s)'", letter, name);
    if (letter)
        printf("%s{-%c,--%s%s}'", repeats ? "'*'" : "", letter, name, equals);
    else
        printf("'--%s%s", name, equals);
    putchar('[');
    print_help(help);
    putchar(']');
}

static void print_value(const char *label, const char *const *words, bool is_file, bool is_optional)
{
    printf("%s:%s:", is_optional ? ":" : "", label);
    if (words) {
        putchar('(');
        for (int i = 0; words[i]; i++)
            printf("%s%s", i ? " " : "", words[i]);
        putchar(')');
    } else if (is_file) {
        printf("_files");
    }
}

static void print_setting(const char *group, size_t i, bool is_first)
{
    const struct mface_setting_info info = mface_settings_info(i);
    (void)group, (void)is_first;
    begin_spec(args_setting_letter(info.key), info.key, info.help, true, false);
    print_value("value", info.words, info.takes_text, info.is_switch);
    printf("' \\\n");
}

static void print_arg(const struct arg *arg)
{
    static const char *const switch_words[] = { "on", "off", NULL };
    begin_spec(arg->letter, arg->name, arg->help, arg->kind != ARG_FLAG, arg->kind == ARG_FILES);
    if (arg->kind != ARG_FLAG)
        print_value("value", arg->kind == ARG_SWITCH ? switch_words : NULL, help_arg_is_file(arg),
            arg->kind == ARG_SWITCH);
    printf("' \\\n");
}

static void print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    printf("    %s)\n        _arguments \\\n", command->name);
    for (size_t i = 0; i < n_args; i++)
        print_arg(&args[i]);
    help_each_setting(command, print_setting);
    if (command->words) {
        printf("            '1");
        print_value("what", command->words, false, false);
        printf("' \\\n");
    }
    if (command->takes_file)
        printf("            '*:file:_files' \\\n");
    printf("            '(-h --help)'{-h,--help}'[explain this command]'\n        ;;\n");
}

static void begin(void)
{
    printf("#compdef memoface\n"
           "# Completion of memoface for zsh; made by 'memoface help --format zsh'.\n\n"
           "_memoface() {\n    local -a commands=(\n        'help:explain a command'\n");
    for (const struct command *const *command = all_commands; *command; command++) {
        printf("        '%s:", (*command)->name);
        print_help((*command)->summary);
        printf("'\n");
    }
    printf("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
           "        return\n    fi\n    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n"
           "    help) _describe command commands ;;\n");
}

static void end(void)
{
    printf("    esac\n}\n\n_memoface \"$@\"\n");
}

const struct help_format help_zsh = { "zsh", begin, print_command, end };
