/* --help: examples first, then options, then the settings in the table's groups. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static void print_exit_codes(void)
{
    printf(
        "\nExit codes: 0 done, 2 wrong option or setting, 3 file not found, 4 file malformed or\n"
        "truncated, 5 not supported, 6 read or write failed, 7 disk full, 8 out of memory,\n"
        "130 interrupted (the output is complete up to then), 1 anything else.\n");
}

void help_print_all(const struct command *const *commands, size_t n_commands)
{
    printf("memoface %s: face swap with DFM models on ordinary CPUs\n\n"
           "Usage: memoface COMMAND [OPTIONS]\n\n"
           "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4\n\nCommands:\n",
        mface_version());
    for (size_t i = 0; i < n_commands; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    printf(
        "\n'memoface COMMAND --help' explains a command; 'memoface --version' tells the version.\n"
        "Swap only faces of people who have agreed to it.\n");
    print_exit_codes();
}

static void print_arg(const struct arg *arg)
{
    char left[64];
    const char *value = arg->kind == ARG_FLAG ? "" : arg->value;
    if (arg->letter)
        snprintf(left, sizeof left, "-%c, --%s %s", arg->letter, arg->name, value);
    else
        snprintf(left, sizeof left, "    --%s %s", arg->name, value);
    printf("  %-30s %s%s\n", left, arg->help, arg->required ? " (needed)" : "");
}

static void print_setting(size_t i)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char range[128], left[96], unit[24] = "";
    mface_settings_print_range(i, range, sizeof range);
    if (info.unit[0])
        snprintf(unit, sizeof unit, " %s", info.unit);
    snprintf(left, sizeof left, "    --%s", info.key);
    printf("  %-30s %s; %s%s [%s]\n", left, info.help, range, unit, info.initial);
}

static void print_group(const char *group)
{
    printf("\n%s:\n", group);
    for (size_t i = 0; i < mface_settings_count(); i++)
        if (strcmp(mface_settings_info(i).group, group) == 0)
            print_setting(i);
}

void help_print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    printf("memoface %s: %s\n\nUsage: memoface %s %s\n", command->name, command->summary,
        command->name, command->synopsis);
    if (command->examples)
        printf("\nExamples:\n%s", command->examples);
    printf("\nOptions:\n");
    for (size_t i = 0; i < n_args; i++)
        print_arg(&args[i]);
    printf("  %-30s %s\n", "-h, --help", "this text");
    for (const char *const *group = command->setting_groups; group && *group; group++)
        print_group(*group);
    print_exit_codes();
}
