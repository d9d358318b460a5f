#include "pipeline/output_check.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

static bool has_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    bool found = false;
    for (const struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    return found;
}

/* The place of a frame number in an image pattern: "%d" or "%04d"; NULL if there is none. */
static const char *find_number(const char *pattern, size_t *length)
{
    for (const char *p = strchr(pattern, '%'); p; p = strchr(p + 1, '%')) {
        *length = 2 + strspn(p + 1, "0123456789");
        if (p[*length - 1] == 'd')
            return p;
    }
    return NULL;
}

static bool matches_any(const char *pattern)
{
    char wild[PATH_MAX];
    size_t length;
    const char *number = find_number(pattern, &length);
    if (!number || strlen(pattern) >= sizeof wild)
        return false;
    const size_t before = (size_t)(number - pattern);
    memcpy(wild, pattern, before);
    wild[before] = '*';
    strcpy(wild + before + 1, number + length);
    glob_t found;
    const bool any = glob(wild, GLOB_NOSORT, NULL, &found) == 0;
    if (any)
        globfree(&found);
    return any;
}

static bool is_taken(const char *output)
{
    struct stat info;
    if (stat(output, &info) != 0)
        return matches_any(output);
    return S_ISREG(info.st_mode) || (S_ISDIR(info.st_mode) && has_entries(output));
}

/* Reading and writing one device is nothing unusual; a file or folder is. */
static bool is_special(const char *path)
{
    struct stat info;
    return strstr(path, "://") ||
           (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode));
}

enum mface_status mface_output_check_differs(
    const char *output, const char *other, const char *what)
{
    if (is_special(output) || !is_same_file(other, output))
        return MFACE_OK;
    return mface_fail(MFACE_ERR_ARG, "%s: is this job's %s; name another", output, what);
}

enum mface_status mface_output_check_place(const char *output)
{
    char folder[PATH_MAX];
    if (is_special(output) || access(output, W_OK) == 0)
        return MFACE_OK;
    const char *slash = strrchr(output, '/');
    const int length = slash == output ? 1 : slash ? (int)(slash - output) : 0;
    snprintf(folder, sizeof folder, "%.*s", length, output);
    if (errno == ENOENT && access(length > 0 ? folder : ".", W_OK) == 0)
        return MFACE_OK;
    return mface_fail(MFACE_ERR_IO, "%s: cannot be written: %s", output, strerror(errno));
}

enum mface_status mface_output_check(const char *input, const char *output, bool overwrite)
{
    if (is_special(output))
        return MFACE_OK;
    MFACE_TRY(mface_output_check_differs(output, input, "input"));
    if (!overwrite && is_taken(output))
        return mface_fail(
            MFACE_ERR_ARG, "%s: exists already; --overwrite (-y) replaces it", output);
    return MFACE_OK;
}
