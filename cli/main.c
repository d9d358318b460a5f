/* memoface: dispatches to the commands. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = { &command_swap, &command_detect, &command_info,
    &command_graph, &command_cache };

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

enum exit_code exit_code_of(enum mface_status status)
{
    switch (status) {
    case MFACE_OK:
        return EXIT_OK;
    case MFACE_ERR_ARG:
        return EXIT_USAGE;
    case MFACE_ERR_NOENT:
        return EXIT_NOT_FOUND;
    case MFACE_ERR_FORMAT:
        return EXIT_MALFORMED;
    case MFACE_ERR_UNSUPPORTED:
        return EXIT_UNSUPPORTED;
    case MFACE_ERR_IO:
        return EXIT_IO;
    case MFACE_ERR_NOSPC:
        return EXIT_NO_SPACE;
    case MFACE_ERR_NOMEM:
        return EXIT_NO_MEMORY;
    case MFACE_ERR_CANCELED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_OTHER;
    }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    if (strcmp(word, "--version") == 0) {
        printf("memoface %s\n", mface_version());
        return EXIT_OK;
    }
    if (strcmp(word, "help") == 0 && argc > 2 && find_command(argv[2])) {
        char help_option[] = "--help", *help_argv[] = { argv[2], help_option, NULL };
        const struct command *command = find_command(argv[2]);
        return (int)command->run(command, 2, help_argv);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        help_print_all(commands, N_COMMANDS);
        return argc > 1 ? EXIT_OK : EXIT_USAGE;
    }
    const struct command *command = find_command(word);
    if (!command) {
        fprintf(stderr, "memoface: no command '%s'; 'memoface --help' lists them\n", word);
        return EXIT_USAGE;
    }
    return (int)command->run(command, argc - 1, argv + 1);
}
