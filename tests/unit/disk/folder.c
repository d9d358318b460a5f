#include "folder.h"

#include "../cmocka_all.h"
#include <memoface/log.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *test_folder_make(void)
{
    static char path[64];
    strcpy(path, "/tmp/memoface-disk-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in the folder that end so, sorted; *n of them. */
static char **list(const char *path, const char *extension, int *n)
{
    char **names = NULL;
    DIR *dir = opendir(path);
    *n = 0;
    for (struct dirent *item; dir && (item = readdir(dir));) {
        const size_t length = strlen(item->d_name), tail = strlen(extension);
        if (item->d_name[0] == '.' || length < tail ||
            strcmp(item->d_name + length - tail, extension) != 0)
            continue;
        names = realloc(names, (size_t)(*n + 1) * sizeof *names);
        names[(*n)++] = strdup(item->d_name);
    }
    if (dir)
        closedir(dir);
    if (*n > 1)
        qsort(names, (size_t)*n, sizeof *names, compare);
    return names;
}

static void free_names(char **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

bool test_file(const char *dir, const char *extension, int i, char path[TEST_PATH_BYTES])
{
    char folder[TEST_PATH_BYTES / 2];
    int n;
    snprintf(folder, sizeof folder, "%s/results", dir);
    char **names = list(folder, extension, &n);
    if (i < n)
        snprintf(path, TEST_PATH_BYTES, "%.200s/%.200s", folder, names[i]);
    free_names(names, n);
    return i < n;
}

int test_count_files(const char *dir, const char *extension)
{
    char path[TEST_PATH_BYTES];
    int n = 0;
    while (test_file(dir, extension, n, path))
        n++;
    return n;
}

void test_folder_remove(const char *dir)
{
    char path[TEST_PATH_BYTES];
    while (test_file(dir, "", 0, path))
        assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/results", dir);
    rmdir(path);
    assert_int_equal(rmdir(dir), 0);
}

struct mface_disk *test_open(const char *dir, int64_t limit_bytes, int64_t segment_bytes)
{
    const struct mface_disk_params params = {
        .dir = dir,
        .limit_bytes = limit_bytes,
        .segment_bytes = segment_bytes,
        .realm = { 3, 5 },
    };
    struct mface_disk *disk;
    assert_int_equal(mface_disk_open(&params, &disk), MFACE_OK);
    return disk;
}

struct mface_key test_key(uint64_t n)
{
    return (struct mface_key) { .lo = (n + 1) * 0x9e3779b97f4a7c15u, .hi = n };
}

void test_fill(uint64_t n, uint8_t *data, size_t size)
{
    uint64_t x = (n + 1) * 0xbf58476d1ce4e5b9u;
    for (size_t i = 0; i < size; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        data[i] = (uint8_t)(x >> 56);
    }
}

size_t test_size(uint64_t n)
{
    return n % 5 == 4 ? 0 : 17 + n * 7919 % 400;
}

void test_put(struct mface_disk *disk, uint64_t n)
{
    uint8_t data[512];
    test_fill(n, data, test_size(n));
    mface_disk_put(disk, test_key(n), (unsigned)(n % 3), 1000 + (int64_t)n, data, test_size(n));
}

bool test_get(struct mface_disk *disk, uint64_t n)
{
    struct mface_disk_hit hit;
    uint8_t data[512], expected[512];
    const bool is_known = mface_disk_has(disk, test_key(n));
    assert_int_equal(mface_disk_find(disk, test_key(n), &hit), is_known);
    if (!is_known)
        return false;
    assert_int_equal(hit.size, test_size(n));
    if (mface_disk_read(disk, &hit, data) != MFACE_OK)
        return false;
    test_fill(n, expected, test_size(n));
    assert_memory_equal(data, expected, test_size(n));
    assert_int_equal(hit.cost_us, 1000 + n);
    assert_int_equal(hit.cls, n % 3);
    return true;
}

int test_count_hits(struct mface_disk *disk, uint64_t n_keys)
{
    int n_hits = 0;
    for (uint64_t n = 0; n < n_keys; n++)
        n_hits += test_get(disk, n);
    return n_hits;
}

static void drop_message(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

void test_silence(void)
{
    mface_log_set(drop_message, NULL);
}
