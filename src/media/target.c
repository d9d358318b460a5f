#include "media/target.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* URLs and anything that is there but no plain file: a temporary name beside it makes no sense. */
static bool is_direct(const char *url)
{
    struct stat st;
    if (stat(url, &st) == 0)
        return !S_ISREG(st.st_mode);
    return strstr(url, "://") || strncmp(url, "pipe:", 5) == 0 || strcmp(url, "-") == 0 ||
           strncmp(url, "/dev/", 5) == 0;
}

bool mface_target_is_same(const char *a, const char *b)
{
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

static char *format_temp(const char *path)
{
    static atomic_uint n_made;
    const char *slash = strrchr(path, '/');
    const int folder_bytes = slash ? (int)(slash - path) + 1 : 0;
    const size_t bytes = strlen(path) + 48;
    char *temp = mface_mem_alloc(bytes);
    if (temp)
        snprintf(temp, bytes, "%.*s.%.200s.%ld-%u.part", folder_bytes, path, path + folder_bytes,
            (long)getpid(), atomic_fetch_add(&n_made, 1));
    return temp;
}

/* Also whether the name is one: the temporary one may be shorter. */
static enum mface_status check_folder(const char *path)
{
    char folder[4096];
    if (access(path, F_OK) != 0 && errno == ENAMETOOLONG)
        return mface_fail(MFACE_ERR_ARG, "%.80s…: the name is too long", path);
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == folder)
        slash++;
    if (slash)
        *slash = '\0';
    else
        snprintf(folder, sizeof folder, ".");
    struct stat st;
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return mface_fail(MFACE_ERR_NOENT, "%s: no such folder: %s", path, folder);
    if (access(folder, W_OK | X_OK) != 0 || (access(path, F_OK) == 0 && access(path, W_OK) != 0))
        return mface_fail(MFACE_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    return MFACE_OK;
}

/* The file itself where `url` is a symbolic link to one, so that the link survives. */
static char *resolve(const char *url)
{
    struct stat st;
    const bool is_link = lstat(url, &st) == 0 && S_ISLNK(st.st_mode);
    char *real = is_link ? realpath(url, NULL) : NULL;
    char *copy = mface_mem_strdup(real ? real : url);
    free(real);
    return copy;
}

enum mface_status mface_target_init(
    struct mface_target *target, const char *url, const char *input, bool direct)
{
    *target = (struct mface_target) { 0 };
    direct |= is_direct(url);
    target->path = direct ? mface_mem_strdup(strcmp(url, "-") == 0 ? "pipe:1" : url) : resolve(url);
    if (!target->path)
        return mface_fail_nomem(url);
    enum mface_status status = MFACE_OK;
    if (!direct && input && mface_target_is_same(url, input))
        status = mface_fail(MFACE_ERR_ARG, "%s: the output is the input", url);
    if (!is_direct(url) && status == MFACE_OK)
        status = check_folder(target->path);
    if (!direct && status == MFACE_OK && !(target->temp = format_temp(target->path)))
        status = mface_fail_nomem(url);
    if (status != MFACE_OK)
        mface_target_drop(target);
    return status;
}

const char *mface_target_name(const struct mface_target *target)
{
    return target->temp ? target->temp : target->path;
}

enum mface_status mface_target_keep(struct mface_target *target)
{
    enum mface_status status = MFACE_OK;
    if (target->temp && rename(target->temp, target->path) != 0)
        status = mface_fail(MFACE_ERR_IO, "%s: cannot be given its name: %s; it is complete as %s",
            target->path, strerror(errno), target->temp);
    mface_mem_free(target->temp);
    target->temp = NULL;
    mface_target_drop(target);
    return status;
}

void mface_target_drop(struct mface_target *target)
{
    if (target->temp)
        unlink(target->temp);
    mface_mem_free(target->temp);
    mface_mem_free(target->path);
    *target = (struct mface_target) { 0 };
}
