/* Completion for fish: one line an option. */
#include "help.h"

#include <stdio.h>

static const struct command *shown; // whose settings are printed

static void print_quoted(const char *text)
{
    putchar('\'');
    help_escape(text, "'\\", '\\');
    putchar('\'');
}

static void begin_line(const char *name, char letter)
{
    printf("complete -c memoface -n '__fish_seen_subcommand_from %s' -l %s", shown->name, name);
    if (letter)
        printf(" -s %c", letter);
}

static void end_line(const char *help)
{
    printf(" -d ");
    print_quoted(help);
    putchar('\n');
}

static void print_words(const char *const *words)
{
    printf(" -a '");
    for (int i = 0; words && words[i]; i++)
        printf("%s%s", i ? " " : "", words[i]);
    putchar('\'');
}

static void print_setting(const char *group, size_t i, bool is_first)
{
    const struct mface_setting_info info = mface_settings_info(i);
    (void)group, (void)is_first;
    begin_line(info.key, args_setting_letter(info.key));
    printf(info.takes_text ? " -r" : " -x");
    if (info.words)
        print_words(info.words);
    end_line(info.help);
}

static void print_arg(const struct arg *arg)
{
    static const char *const switch_words[] = { "on", "off", NULL };
    begin_line(arg->name, arg->letter);
    if (help_arg_is_file(arg))
        printf(" -r -F");
    else if (arg->kind != ARG_FLAG)
        printf(" -x");
    if (arg->kind == ARG_SWITCH)
        print_words(switch_words);
    end_line(arg->help);
}

static void print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    shown = command;
    printf("\ncomplete -c memoface -n __fish_use_subcommand -a %s", command->name);
    end_line(command->summary);
    if (command->takes_file)
        printf("complete -c memoface -n '__fish_seen_subcommand_from %s' -F\n", command->name);
    if (command->words) {
        printf("complete -c memoface -n '__fish_seen_subcommand_from %s'", command->name);
        print_words(command->words);
        putchar('\n');
    }
    begin_line("help", 'h');
    end_line("explain this command");
    for (size_t i = 0; i < n_args; i++)
        print_arg(&args[i]);
    help_each_setting(command, print_setting);
}

static void begin(void)
{
    printf("# Completion of memoface for fish; made by 'memoface help --format fish'.\n\n"
           "complete -c memoface -f\n"
           "complete -c memoface -n __fish_use_subcommand -l version -d 'tell the version'\n"
           "complete -c memoface -n __fish_use_subcommand -a help -d 'explain a command'\n");
}

const struct help_format help_fish = { "fish", begin, print_command, NULL };
