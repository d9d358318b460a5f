/* Completion for bash. A command's options and operands are what is offered unless the word before
 * is an option with a value; a switch may stand alone, so options are offered beside its words.
 * Bash takes --name=value apart into three words, which the beginning of the function undoes. */
#include "help.h"

#include <stdio.h>

static void print_words(const char *const *words)
{
    for (int i = 0; words && words[i]; i++)
        printf("%s%s", i ? " " : "", words[i]);
}

static void print_setting_name(const char *group, size_t i, bool is_first)
{
    (void)group, (void)is_first;
    printf(" --%s", mface_settings_info(i).key);
}

static void print_case(
    char letter, const char *name, const char *const *words, bool is_file, bool is_switch)
{
    printf("        ");
    if (letter)
        printf("-%c | ", letter);
    printf("--%s) words='", name);
    print_words(words);
    printf("' files=%s%s ;;\n", is_file ? "-f" : "''", is_switch ? "" : " options=''");
}

static void print_setting_case(const char *group, size_t i, bool is_first)
{
    const struct mface_setting_info info = mface_settings_info(i);
    (void)group, (void)is_first;
    print_case(
        args_setting_letter(info.key), info.key, info.words, info.takes_text, info.is_switch);
}

static void print_arg_case(const struct arg *arg)
{
    static const char *const switch_words[] = { "on", "off", NULL };
    const bool is_switch = arg->kind == ARG_SWITCH;
    if (arg->kind != ARG_FLAG)
        print_case(arg->letter, arg->name, is_switch ? switch_words : NULL, help_arg_is_file(arg),
            is_switch);
}

static void print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    printf("    %s)\n        options='--help", command->name);
    for (size_t i = 0; i < n_args; i++)
        printf(" --%s", args[i].name);
    help_each_setting(command, print_setting_name);
    printf("' words='");
    print_words(command->words);
    printf("' files=%s\n        case $previous in\n", command->takes_file ? "-f" : "''");
    for (size_t i = 0; i < n_args; i++)
        print_arg_case(&args[i]);
    help_each_setting(command, print_setting_case);
    printf("        esac\n        ;;\n");
}

static void begin(void)
{
    printf("# Completion of memoface for bash; made by 'memoface help --format bash'.\n\n"
           "_memoface()\n{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} previous='' options='' words='' files=''\n"
           "    local command=${COMP_WORDS[1]}\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -gt 1 ]; then\n"
           "        previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    fi\n"
           "    if [ \"$cur\" = = ]; then\n"
           "        cur=''\n"
           "    elif [ \"$previous\" = = ]; then\n"
           "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
           "    fi\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        command=''\n        words='help --help "
           "--version");
    for (const struct command *const *command = all_commands; *command; command++)
        printf(" %s", (*command)->name);
    printf("'\n    elif [ \"$command\" = help ]; then\n        words='");
    for (const struct command *const *command = all_commands; *command; command++)
        printf("%s%s", command == all_commands ? "" : " ", (*command)->name);
    printf("'\n    fi\n"
           "    case $command in\n");
}

static void end(void)
{
    printf("    esac\n"
           "    if [ \"${cur:0:1}\" = - ] && [ -n \"$options\" ]; then\n"
           "        words=$options files=''\n"
           "    fi\n"
           "    mapfile -t COMPREPLY < <(\n"
           "        compgen -W \"$words\" -- \"$cur\"\n"
           "        [ -z \"$files\" ] || compgen -f -- \"$cur\"\n"
           "    )\n"
           "    if [ -n \"$files\" ]; then\n"
           "        compopt -o filenames 2>/dev/null\n"
           "    fi\n"
           "}\n\n"
           "complete -F _memoface memoface\n");
}

const struct help_format help_bash = { "bash", begin, print_command, end };
