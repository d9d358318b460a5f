/* Whether a file can be written once the work is done, and whether another one would be lost:
 * better asked before than after. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool is_same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    return strcmp(a, b) == 0 || (stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
                                    sa.st_ino == sb.st_ino);
}

bool is_stdout(const char *path)
{
    static const char *const names[] = { "-", "pipe:", "pipe:1", "/dev/stdout", "/dev/fd/1" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return false;
}

static bool is_plain(const char *path)
{
    struct stat info;
    return stat(path, &info) != 0 || S_ISREG(info.st_mode);
}

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

static bool is_empty(const char *path)
{
    struct stat info;
    return stat(path, &info) != 0 || info.st_size == 0;
}

enum exit_code check_replaced(
    const struct command *command, const char *option, const char *path, bool overwrite)
{
    if (!path || overwrite || is_stdout(path) || !is_plain(path) || is_empty(path))
        return EXIT_OK;
    fprintf(stderr, "memoface %s: --%s: %s exists already; --overwrite (-y) replaces it\n",
        command->name, option, path);
    return EXIT_USAGE;
}

enum exit_code check_written(const struct command *command, const char *option, const char *path,
    const struct other_file *others, size_t n_others)
{
    if (!path || is_stdout(path))
        return EXIT_OK;
    for (size_t i = 0; i < n_others; i++)
        if (others[i].path && is_plain(path) && is_same_file(path, others[i].path)) {
            fprintf(stderr, "memoface %s: --%s: %s is what --%s names; give another\n",
                command->name, option, path, others[i].option);
            return EXIT_USAGE;
        }
    if (is_writable(path))
        return EXIT_OK;
    fprintf(
        stderr, "memoface %s: %s: cannot be written: %s\n", command->name, path, strerror(errno));
    return EXIT_IO;
}
