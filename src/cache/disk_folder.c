#include "cache/disk_folder.h"

#include "base/log.h"
#include "base/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char marker_name[] = "memoface-cache", lock_name[] = "lock";
static const char marker_text[] =
    "Results of memoface, kept for later runs. 'memoface cache clear' empties this folder.\n";

enum { STEM_LENGTH = DISK_STEM_BYTES - 1, OWNER_ONLY = 0600 };

enum mface_status mface_cache_folder(const char *dir, char *path, size_t path_bytes)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length;
    if (dir && *dir)
        length = snprintf(path, path_bytes, "%s", dir);
    else if (xdg && *xdg == '/') // the specification says to ignore a relative one
        length = snprintf(path, path_bytes, "%s/memoface", xdg);
    else if (home && *home)
        length = snprintf(path, path_bytes, "%s/.cache/memoface", home);
    else
        return mface_fail(MFACE_ERR_NOENT, "no home folder to keep a cache in; set cache-dir");
    if (length < 0 || (size_t)length >= path_bytes)
        return mface_fail(MFACE_ERR_ARG, "the name of the cache folder is too long");
    return MFACE_OK;
}

/* Makes a folder and those above it. Returns why the first of them could not be made, else 0; if it
 * was needed shows when the folder is opened. */
static int make_folders(const char *path)
{
    char part[PATH_MAX];
    int why = 0;
    for (size_t i = 1; path[i - 1] && i < sizeof part; i++) {
        part[i - 1] = path[i - 1];
        part[i] = '\0';
        if (path[i] != '/' && path[i] != '\0')
            continue;
        if (mkdir(part, 0700) != 0 && errno != EEXIST && !why) // 0700: pictures of faces
            why = errno;
    }
    return why;
}

static enum mface_status fail_open(const char *path, bool create, int why_not_made)
{
    if (errno == ENOENT && !create)
        return mface_fail(MFACE_ERR_NOENT, "%s: there is no cache; nothing was kept there", path);
    if (errno == ENOENT && why_not_made)
        return mface_fail(
            MFACE_ERR_IO, "%s: cannot make the cache: %s", path, strerror(why_not_made));
    return mface_fail(MFACE_ERR_IO, "%s: cannot open the cache: %s", path, strerror(errno));
}

static bool holds_only_marker(int fd)
{
    const int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    bool ok = dir != NULL;
    for (struct dirent *item; ok && (item = readdir(dir));)
        ok = strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
             strcmp(item->d_name, marker_name) == 0 || strcmp(item->d_name, lock_name) == 0;
    if (dir)
        closedir(dir);
    return ok;
}

static void write_marker(int folder_fd)
{
    const int fd = openat(folder_fd, marker_name, O_WRONLY | O_CREAT | O_CLOEXEC, OWNER_ONLY);
    if (fd < 0)
        return;
    (void)disk_write_at(fd, marker_text, sizeof marker_text - 1, 0);
    close(fd);
}

static enum mface_status check_marker(const struct disk_folder *folder, bool create)
{
    if (faccessat(folder->fd, marker_name, F_OK, 0) == 0)
        return MFACE_OK;
    if (create && holds_only_marker(folder->fd))
        write_marker(folder->fd);
    if (faccessat(folder->fd, marker_name, F_OK, 0) == 0)
        return MFACE_OK;
    return mface_fail(
        MFACE_ERR_FORMAT, "%s: not a cache of memoface (no %s in it)", folder->path, marker_name);
}

enum mface_status disk_folder_open(const char *dir, bool create, struct disk_folder *folder)
{
    char root[PATH_MAX];
    *folder = (struct disk_folder) { .fd = -1, .lock_fd = -1 };
    MFACE_TRY(mface_cache_folder(dir, root, sizeof root));
    const int length = snprintf(folder->path, sizeof folder->path, "%s/results", root);
    if (length < 0 || (size_t)length >= sizeof folder->path)
        return mface_fail(MFACE_ERR_ARG, "the name of the cache folder is too long");
    const int why_not_made = create ? make_folders(folder->path) : 0;
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return fail_open(folder->path, create, why_not_made);
    const enum mface_status status = check_marker(folder, create);
    if (status != MFACE_OK) {
        disk_folder_clear(folder);
        return status;
    }
    folder->lock_fd = openat(folder->fd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, OWNER_ONLY);
    return MFACE_OK;
}

void disk_folder_clear(struct disk_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    folder->fd = folder->lock_fd = -1;
}

void disk_folder_lock(struct disk_folder *folder)
{
    while (folder->lock_fd >= 0 && flock(folder->lock_fd, LOCK_EX) != 0 && errno == EINTR) {
    }
}

void disk_folder_unlock(struct disk_folder *folder)
{
    if (folder->lock_fd >= 0)
        (void)flock(folder->lock_fd, LOCK_UN);
}

/* Is this one of our names? The extension then begins at STEM_LENGTH. */
static bool is_ours(const char *name)
{
    for (int i = 0; i < STEM_LENGTH; i++) {
        const bool is_dash = i == 16 || i == 25;
        if (is_dash ? name[i] != '-' : !isxdigit((unsigned char)name[i]))
            return false;
    }
    return strcmp(name + STEM_LENGTH, ".seg") == 0 || strcmp(name + STEM_LENGTH, ".idx") == 0 ||
           strcmp(name + STEM_LENGTH, ".tmp") == 0;
}

static bool describe(const struct disk_folder *folder, const char *name, struct disk_file *file)
{
    struct stat info;
    char sidecar[DISK_NAME_BYTES];
    if (fstatat(folder->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return false;
    *file = (struct disk_file) {
        .bytes = (uint64_t)info.st_size,
        .used_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000,
    };
    memcpy(file->stem, name, STEM_LENGTH);
    snprintf(sidecar, sizeof sidecar, "%s.idx", file->stem);
    file->is_sealed = fstatat(folder->fd, sidecar, &info, AT_SYMLINK_NOFOLLOW) == 0;
    file->sidecar_bytes = file->is_sealed ? (uint64_t)info.st_size : 0;
    return true;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct disk_file *)a)->stem, ((const struct disk_file *)b)->stem);
}

static DIR *open_listing(const struct disk_folder *folder)
{
    const int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static bool append(struct disk_file **files, size_t n, const struct disk_file *file)
{
    if ((n & (n - 1)) == 0) { // a power of two is full
        struct disk_file *more = mface_mem_calloc(n ? 2 * n : 1, sizeof **files);
        if (!more)
            return false;
        if (n)
            memcpy(more, *files, n * sizeof *more);
        mface_mem_free(*files);
        *files = more;
    }
    (*files)[n] = *file;
    return true;
}

enum mface_status disk_folder_list(
    const struct disk_folder *folder, struct disk_file **files, size_t *n_files)
{
    DIR *dir = open_listing(folder);
    *files = NULL;
    *n_files = 0;
    if (!dir)
        return MFACE_ERR_IO;
    enum mface_status status = MFACE_OK;
    for (struct dirent *item; status == MFACE_OK && (item = readdir(dir));) {
        struct disk_file file;
        if (!is_ours(item->d_name) || strcmp(item->d_name + STEM_LENGTH, ".seg") != 0 ||
            !describe(folder, item->d_name, &file))
            continue;
        if (append(files, *n_files, &file))
            ++*n_files;
        else
            status = MFACE_ERR_NOMEM;
    }
    closedir(dir);
    if (*n_files > 1)
        qsort(*files, *n_files, sizeof **files, compare_files);
    return status;
}

void disk_folder_sweep(const struct disk_folder *folder)
{
    DIR *dir = open_listing(folder);
    for (struct dirent *item; dir && (item = readdir(dir));) {
        char segment[DISK_NAME_BYTES];
        if (!is_ours(item->d_name) || strcmp(item->d_name + STEM_LENGTH, ".seg") == 0)
            continue;
        snprintf(segment, sizeof segment, "%.*s.seg", STEM_LENGTH, item->d_name);
        const bool is_left_over = strcmp(item->d_name + STEM_LENGTH, ".tmp") == 0 ||
                                  faccessat(folder->fd, segment, F_OK, 0) != 0;
        if (is_left_over)
            (void)unlinkat(folder->fd, item->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

int disk_folder_open_file(
    const struct disk_folder *folder, const char *stem, const char *extension, int flags)
{
    char name[DISK_NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", stem, extension);
    return openat(folder->fd, name, flags | O_CLOEXEC | O_NOFOLLOW, OWNER_ONLY);
}

bool disk_folder_remove(const struct disk_folder *folder, const char *stem)
{
    char name[DISK_NAME_BYTES];
    snprintf(name, sizeof name, "%s.idx", stem);
    (void)unlinkat(folder->fd, name, 0);
    snprintf(name, sizeof name, "%s.seg", stem);
    return unlinkat(folder->fd, name, 0) == 0;
}

bool disk_write_at(int fd, const void *data, size_t size, uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        const ssize_t n =
            pwrite(fd, (const char *)data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

bool disk_folder_write_sidecar(const struct disk_folder *folder, const char *stem,
    uint64_t segment_bytes, const struct disk_scan *scan)
{
    const struct disk_sidecar_header header =
        disk_sidecar_header_make(segment_bytes, scan->entries, scan->n_entries);
    char from[DISK_NAME_BYTES], to[DISK_NAME_BYTES];
    snprintf(from, sizeof from, "%s.tmp", stem);
    snprintf(to, sizeof to, "%s.idx", stem);
    const int fd = disk_folder_open_file(folder, stem, ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return false;
    bool ok =
        disk_write_at(fd, &header, sizeof header, 0) &&
        disk_write_at(fd, scan->entries, scan->n_entries * sizeof *scan->entries, sizeof header);
    ok = close(fd) == 0 && ok && renameat(folder->fd, from, folder->fd, to) == 0;
    if (!ok)
        (void)unlinkat(folder->fd, from, 0);
    return ok;
}

bool disk_folder_in_use(const struct disk_folder *folder, const char *stem)
{
    const int fd = disk_folder_open_file(folder, stem, ".seg", O_RDONLY);
    if (fd < 0)
        return false;
    const bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
    close(fd);
    return !is_free;
}
