/* Whether a file can be written once the work is done: better asked before than after. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A file that is there must be writable, else the folder it is to lie in. */
static bool is_writable(const char *path)
{
    char folder[PATH_MAX];
    if (access(path, W_OK) == 0)
        return true;
    if (errno != ENOENT || snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return false;
    char *slash = strrchr(folder, '/');
    if (!slash)
        return access(".", W_OK) == 0;
    slash[slash == folder] = '\0';
    return access(folder, W_OK) == 0;
}

enum exit_code check_writable(const struct command *command, const char *path)
{
    if (!path || strcmp(path, "-") == 0 || is_writable(path))
        return EXIT_OK;
    fprintf(
        stderr, "memoface %s: %s: cannot be written: %s\n", command->name, path, strerror(errno));
    return EXIT_IO;
}
