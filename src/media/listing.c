#include "media/listing.h"

#include "base/log.h"
#include "base/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* A pattern's folder and the text around its number. */
struct pattern {
    char *folder;       // owned; "." if none
    const char *prefix; // of the name; not terminated: prefix_bytes
    size_t prefix_bytes;
    const char *suffix;
};

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The % of "%d" or "%04d" in `name` and what follows it; NULL unless there is exactly one. */
static const char *find_number(const char *name, const char **end)
{
    const char *percent = strchr(name, '%'), *at = percent;
    if (!percent || strchr(percent + 1, '%'))
        return NULL;
    while (isdigit((unsigned char)*++at))
        ;
    *end = at + 1;
    return *at == 'd' ? percent : NULL;
}

bool mface_listing_is_pattern(const char *url)
{
    const char *end;
    return !strstr(url, "://") && find_number(name_of(url), &end) && access(url, F_OK) != 0;
}

bool mface_listing_is_image_name(const char *name)
{
    static const char *const extensions[] = { "png", "jpg", "jpeg", "jpe", "jfif", "bmp", "tif",
        "tiff", "webp", "ppm", "pgm", "pnm", "pam", "tga", "jp2", "j2k", "jxl", "exr", "dpx", "sgi",
        "pcx", "qoi", "jls", "sun", "ras", "xwd", "hdr", "pfm" };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof extensions / sizeof extensions[0]; i++)
        if (strcasecmp(dot + 1, extensions[i]) == 0)
            return true;
    return false;
}

static enum mface_status parse_pattern(const char *url, struct pattern *pattern)
{
    const char *name = name_of(url);
    const size_t folder_bytes = (size_t)(name - url);
    pattern->prefix = name;
    pattern->prefix_bytes = (size_t)(find_number(name, &pattern->suffix) - name);
    pattern->folder = mface_mem_strdup(folder_bytes ? url : ".");
    if (!pattern->folder)
        return mface_fail_nomem(url);
    if (folder_bytes)
        pattern->folder[folder_bytes] = '\0';
    return MFACE_OK;
}

/* The number in `name`, or -1 where the name does not fit. */
static int64_t match(const struct pattern *pattern, const char *name)
{
    const char *digits = name + pattern->prefix_bytes;
    if (strncmp(name, pattern->prefix, pattern->prefix_bytes) != 0 ||
        !isdigit((unsigned char)*digits))
        return -1;
    char *end;
    const long long number = strtoll(digits, &end, 10);
    return strcmp(end, pattern->suffix) == 0 ? number : -1;
}

static enum mface_status add_file(
    struct mface_listing *listing, const char *folder, const char *name, int64_t number)
{
    const int n = listing->n_files;
    if ((n & (n - 1)) == 0) { // room doubles at powers of two
        const size_t n_room = n ? 2 * (size_t)n : 1;
        struct mface_listing_file *files = mface_mem_calloc(n_room, sizeof *files);
        if (!files)
            return mface_fail_nomem(folder);
        if (n)
            memcpy(files, listing->files, (size_t)n * sizeof *files);
        mface_mem_free(listing->files);
        listing->files = files;
    }
    const size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = mface_mem_alloc(bytes);
    if (!path)
        return mface_fail_nomem(folder);
    const bool has_slash = folder[strlen(folder) - 1] == '/';
    snprintf(path, bytes, "%s%s%s", folder, has_slash ? "" : "/", name);
    listing->files[listing->n_files++] =
        (struct mface_listing_file) { .path = path, .name = name_of(path), .number = number };
    return MFACE_OK;
}

/* One folder entry; with a pattern, by the pattern, else by the extension. */
static enum mface_status consider(struct mface_listing *listing, const char *folder,
    const struct pattern *pattern, const char *name)
{
    if (!pattern)
        return name[0] != '.' && mface_listing_is_image_name(name)
                   ? add_file(listing, folder, name, 0)
                   : MFACE_OK;
    const int64_t number = match(pattern, name);
    return number >= 0 ? add_file(listing, folder, name, number) : MFACE_OK;
}

static enum mface_status scan(
    struct mface_listing *listing, const char *folder, const struct pattern *pattern)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return mface_fail(
            errno == ENOENT ? MFACE_ERR_NOENT : MFACE_ERR_IO, "%s: %s", folder, strerror(errno));
    enum mface_status status = MFACE_OK;
    for (struct dirent *entry; status == MFACE_OK && (entry = readdir(dir));)
        status = consider(listing, folder, pattern, entry->d_name);
    closedir(dir);
    return status;
}

static int by_number(const void *a, const void *b)
{
    const struct mface_listing_file *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

static int by_name(const void *a, const void *b)
{
    const struct mface_listing_file *left = a, *right = b;
    return strverscmp(left->name, right->name);
}

static enum mface_status list_pattern(struct mface_listing *listing, const char *url)
{
    struct pattern pattern;
    MFACE_TRY(parse_pattern(url, &pattern));
    const enum mface_status status = scan(listing, pattern.folder, &pattern);
    mface_mem_free(pattern.folder);
    if (listing->n_files)
        qsort(listing->files, (size_t)listing->n_files, sizeof *listing->files, by_number);
    return status;
}

static enum mface_status list_directory(struct mface_listing *listing, const char *url)
{
    listing->is_directory = true;
    MFACE_TRY(scan(listing, url, NULL));
    if (listing->n_files)
        qsort(listing->files, (size_t)listing->n_files, sizeof *listing->files, by_name);
    for (int i = 0; i < listing->n_files; i++)
        listing->files[i].number = i + 1;
    return MFACE_OK;
}

enum mface_status mface_listing_init(struct mface_listing *listing, const char *url)
{
    *listing = (struct mface_listing) { 0 };
    enum mface_status status =
        mface_listing_is_pattern(url) ? list_pattern(listing, url) : list_directory(listing, url);
    if (status == MFACE_OK && listing->n_files == 0)
        status = mface_fail(MFACE_ERR_NOENT, "%s: no images there", url);
    if (status != MFACE_OK)
        mface_listing_clear(listing);
    return status;
}

void mface_listing_clear(struct mface_listing *listing)
{
    for (int i = 0; i < listing->n_files; i++)
        mface_mem_free(listing->files[i].path);
    mface_mem_free(listing->files);
    *listing = (struct mface_listing) { 0 };
}
