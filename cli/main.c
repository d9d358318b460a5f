/* memoface: dispatches to the commands. */
#include "cli.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command *const all_commands[] = { &command_swap, &command_plan, &command_bench,
    &command_detect, &command_doctor, &command_info, &command_graph, &command_cache, NULL };

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

const struct command *find_command(const char *name)
{
    for (const struct command *const *command = all_commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

static const char *nearest_command(const char *word)
{
    enum { NEAR = 2 };
    for (const struct command *const *command = all_commands; *command; command++)
        if (mface_word_distance(word, (*command)->name) <= NEAR)
            return (*command)->name;
    return NULL;
}

static enum exit_code fail_command(const char *word)
{
    const char *near = nearest_command(word);
    if (near)
        fprintf(stderr, "memoface: no command '%s'; did you mean %s?\n", word, near);
    else
        fprintf(stderr, "memoface: no command '%s'; 'memoface --help' lists them\n", word);
    return EXIT_USAGE;
}

/* OpenMP reads its environment before main() runs, and by default its threads spin between two
 * parallel regions. On a machine that has other work a spinning thread takes the processor from the
 * one it waits for, and inference on two threads becomes many times slower. Sleeping costs little
 * in comparison, so the program starts itself once more with that chosen, unless the user chose.
 * Where that fails it goes on as it is. */
static void let_threads_sleep(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") ||
        setenv("OMP_WAIT_POLICY", "passive", 1) != 0)
        return;
    char self[PATH_MAX]; // its real name, which is what process lists show
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return;
    self[length] = '\0';
    execv(self, argv);
}

/* Where standard streams were closed, the next files to be opened would take their place, and an
 * output would have the messages in it. What takes it instead can be read, as empty, not written.
 */
static void hold_standard_places(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static enum exit_code run(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    if (strcmp(word, "--version") == 0) {
        printf("memoface %s\n", mface_version());
        return EXIT_OK;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return argc > 1 ? help_main(argc - 1, argv + 1) : (help_main(1, argv), EXIT_USAGE);
    const struct command *command = find_command(word);
    return command ? command->run(command, argc - 1, argv + 1) : fail_command(word);
}

/* What was printed may still wait in memory, for a disk that is full or a pipe that is closed. */
static enum exit_code finish_printing(enum exit_code code)
{
    const bool is_printed = fflush(stdout) == 0 && !ferror(stdout);
    if (is_printed || code != EXIT_OK)
        return code;
    fprintf(stderr, "memoface: stdout: not everything could be written\n");
    return EXIT_IO;
}

int main(int argc, char **argv)
{
    let_threads_sleep(argv);
    hold_standard_places();
    return (int)finish_printing(run(argc, argv));
}
