#include "swap/memory.h"

#include "base/hash.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_BYTES_MAX = 512, ABANDONED_S = 3600 };

struct header {
    char magic[8];
    struct mface_key identity;
    struct mface_key checksum; // of kind, identity and data
};

static const char magic[8] = "MFACERE1";

/* mkdir -p; true if it is there in the end. */
static bool make_folder(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static bool models_folder(const char *folder, char path[PATH_MAX])
{
    if (!folder || !*folder)
        return false;
    return snprintf(path, PATH_MAX, "%s/models", folder) < PATH_MAX;
}

static bool record_path(
    const char *folder, const char *kind, struct mface_key identity, char path[PATH_MAX])
{
    char models[PATH_MAX];
    return models_folder(folder, models) &&
           snprintf(path, PATH_MAX, "%s/%016" PRIx64 "%016" PRIx64 ".%s", models, identity.hi,
               identity.lo, kind) < PATH_MAX;
}

bool mface_memory_path(
    const char *folder, const char *kind, struct mface_key identity, char path[PATH_MAX])
{
    char models[PATH_MAX];
    return models_folder(folder, models) && make_folder(models) &&
           record_path(folder, kind, identity, path);
}

static struct mface_key checksum_of(
    const char *kind, struct mface_key identity, const void *data, size_t bytes)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, kind);
    mface_hasher_add_key(&hasher, identity);
    mface_hasher_add_u64(&hasher, bytes);
    mface_hasher_add_bytes(&hasher, data, bytes);
    return mface_hasher_finish(&hasher);
}

static bool read_exactly(const char *path, void *data, size_t bytes)
{
    char more;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    const bool ok = fread(data, 1, bytes, file) == bytes && fread(&more, 1, 1, file) == 0;
    fclose(file);
    return ok;
}

bool mface_memory_read(
    const char *folder, const char *kind, struct mface_key identity, void *data, size_t bytes)
{
    char path[PATH_MAX], record[RECORD_BYTES_MAX];
    struct header header;
    if (bytes + sizeof header > sizeof record || !record_path(folder, kind, identity, path) ||
        !read_exactly(path, record, sizeof header + bytes))
        return false;
    memcpy(&header, record, sizeof header);
    const void *body = record + sizeof header;
    if (memcmp(header.magic, magic, sizeof magic) != 0 ||
        !mface_key_equal(header.identity, identity) ||
        !mface_key_equal(header.checksum, checksum_of(kind, identity, body, bytes)))
        return false;
    memcpy(data, body, bytes);
    return true;
}

void mface_memory_write(
    const char *folder, const char *kind, struct mface_key identity, const void *data, size_t bytes)
{
    char path[PATH_MAX], temporary[PATH_MAX + 8];
    struct header header = { .identity = identity };
    memcpy(header.magic, magic, sizeof magic);
    header.checksum = checksum_of(kind, identity, data, bytes);
    if (!mface_memory_path(folder, kind, identity, path))
        return;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    const int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return;
    bool ok = write(fd, &header, sizeof header) == (ssize_t)sizeof header &&
              write(fd, data, bytes) == (ssize_t)bytes;
    ok = close(fd) == 0 && ok;
    if (!ok || rename(temporary, path) != 0)
        unlink(temporary);
}

/* One file of weights, as trimming sees it. */
struct kept {
    char path[PATH_MAX];
    off_t bytes;
    time_t used_at;
};

/* Adds the file to the list if it is one of weights; removes it if a writer abandoned it. */
static void consider(const char *folder, const char *name, const char *keep, struct kept *list,
    size_t max, size_t *n)
{
    struct stat info;
    char path[PATH_MAX];
    const char *suffix = strstr(name, ".weights");
    if (!suffix || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return;
    if (strcmp(suffix, ".weights") != 0) {
        if (time(NULL) - info.st_mtime > ABANDONED_S)
            unlink(path);
        return;
    }
    if (*n == max || (keep && strcmp(path, keep) == 0))
        return;
    list[*n] = (struct kept) { .bytes = info.st_size,
        .used_at = info.st_atime > info.st_mtime ? info.st_atime : info.st_mtime };
    memcpy(list[(*n)++].path, path, sizeof path);
}

static int compare_age(const void *a, const void *b)
{
    const time_t left = ((const struct kept *)a)->used_at,
                 right = ((const struct kept *)b)->used_at;
    return (left < right) - (left > right); // youngest first
}

static off_t size_of(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 ? info.st_size : 0;
}

void mface_memory_trim(const char *folder, size_t limit_bytes, const char *keep)
{
    enum { FILES_MAX = 256 };
    char models[PATH_MAX];
    size_t n = 0;
    DIR *dir = models_folder(folder, models) ? opendir(models) : NULL;
    if (!dir)
        return;
    struct kept *list = mface_mem_calloc(FILES_MAX, sizeof *list);
    for (struct dirent *entry; list && (entry = readdir(dir)) != NULL;)
        consider(models, entry->d_name, keep, list, FILES_MAX, &n);
    closedir(dir);
    if (n)
        qsort(list, n, sizeof *list, compare_age);
    off_t total = size_of(keep);
    for (size_t i = 0; i < n; i++) {
        total += list[i].bytes;
        if ((uint64_t)total > limit_bytes)
            unlink(list[i].path); // whoever has it open keeps it
    }
    mface_mem_free(list);
}
