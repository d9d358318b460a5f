/* The disk tier as it should be: what is put is found, now and after a restart, within the limit.
 */
#include "folder.h"

#include "../cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20, KIB = 1 << 10 };

static void test_what_is_put_is_found(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    struct mface_disk *disk = test_open(dir, 4 * MIB, 0);
    assert_false(test_get(disk, 0));
    for (uint64_t n = 0; n < 100; n++)
        test_put(disk, n);
    mface_disk_flush(disk);
    assert_int_equal(test_count_hits(disk, 200), 100);
    struct mface_disk_stats stats;
    mface_disk_get_stats(disk, &stats);
    assert_int_equal(stats.hits, 100);
    assert_int_equal(stats.misses, 101);
    assert_int_equal(stats.writes, 100);
    assert_int_equal(stats.n_entries, 100);
    assert_int_equal(stats.saved_us, 100 * 1000 + 99 * 50);
    assert_int_equal(stats.drops, 0);
    mface_disk_close(&disk);
    assert_null(disk);
    test_folder_remove(dir);
}

static void test_entries_survive_a_restart(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    for (int round = 0; round < 3; round++) {
        struct mface_disk *disk = test_open(dir, 4 * MIB, 8 * KIB);
        assert_int_equal(test_count_hits(disk, 300), 100 * round);
        for (uint64_t n = 0; n < 100 * (uint64_t)(round + 1); n++)
            test_put(disk, n); // the old ones are known and not written again
        mface_disk_flush(disk);
        struct mface_disk_stats stats;
        mface_disk_get_stats(disk, &stats);
        assert_int_equal(stats.writes, 100);
        mface_disk_close(&disk);
        assert_int_equal(test_count_files(dir, ".seg"), test_count_files(dir, ".idx"));
        assert_true(test_count_files(dir, ".seg") > 2); // several were sealed
    }
    test_folder_remove(dir);
}

static void test_index_is_rebuilt_from_headers(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    struct mface_disk *disk = test_open(dir, 4 * MIB, 8 * KIB);
    for (uint64_t n = 0; n < 100; n++)
        test_put(disk, n);
    mface_disk_close(&disk);
    const int n_segments = test_count_files(dir, ".seg");
    char path[TEST_PATH_BYTES];
    while (test_file(dir, ".idx", 0, path))
        assert_int_equal(unlink(path), 0);
    disk = test_open(dir, 4 * MIB, 8 * KIB);
    assert_int_equal(test_count_hits(disk, 100), 100);
    assert_int_equal(test_count_files(dir, ".idx"), n_segments); // and written again
    mface_disk_close(&disk);
    test_folder_remove(dir);
}

static void test_another_realm_finds_nothing(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    struct mface_disk *disk = test_open(dir, 4 * MIB, 0);
    for (uint64_t n = 0; n < 10; n++)
        test_put(disk, n);
    mface_disk_close(&disk);
    const struct mface_disk_params params = { .dir = dir, .limit_bytes = MIB, .realm = { 3, 6 } };
    assert_int_equal(mface_disk_open(&params, &disk), MFACE_OK);
    assert_int_equal(test_count_hits(disk, 10), 0);
    mface_disk_close(&disk);
    test_folder_remove(dir);
}

static int64_t bytes_in(const char *dir)
{
    int64_t sum = 0;
    char path[TEST_PATH_BYTES];
    for (int i = 0; test_file(dir, "", i, path); i++) {
        struct stat info;
        const char *dot = strrchr(path, '.');
        if (dot && strlen(dot) == 4 && stat(path, &info) == 0)
            sum += info.st_size;
    }
    return sum;
}

static void test_limit_holds_and_the_unused_go_first(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    struct mface_disk *disk = test_open(dir, MIB, 64 * KIB);
    struct mface_disk_stats stats;
    test_put(disk, 0);
    for (uint64_t n = 1; n < 20000; n++) {
        test_put(disk, n);
        if (n % 250 == 0) {
            mface_disk_flush(disk);
            assert_true(bytes_in(dir) <= MIB);
        }
    }
    mface_disk_flush(disk);
    mface_disk_get_stats(disk, &stats);
    assert_true(stats.segments_evicted > 10);
    assert_false(test_get(disk, 0));
    assert_true(test_get(disk, 19998));
    const int n_hits = test_count_hits(disk, 20000);
    assert_true(n_hits > 2000 && n_hits == stats.n_entries);
    mface_disk_close(&disk);
    assert_true(bytes_in(dir) <= MIB);
    disk = test_open(dir, MIB, 64 * KIB);
    assert_int_equal(test_count_hits(disk, 20000), n_hits);
    mface_disk_close(&disk);
    test_folder_remove(dir);
}

static void test_segments_in_use_stay(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    struct mface_disk *disk = test_open(dir, MIB, 64 * KIB);
    for (uint64_t n = 0; n < 2000; n++)
        test_put(disk, n);
    mface_disk_close(&disk);
    char path[TEST_PATH_BYTES];
    const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    for (int i = 0; test_file(dir, ".seg", i, path); i++)
        assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    disk = test_open(dir, MIB, 64 * KIB);
    assert_true(test_get(disk, 1)); // marks its segment, the oldest by name
    for (uint64_t n = 2000; n < 5000; n++) {
        test_put(disk, n);
        mface_disk_flush(disk);
    }
    struct mface_disk_stats stats;
    mface_disk_get_stats(disk, &stats);
    assert_true(stats.segments_evicted > 0);
    assert_true(test_get(disk, 1));
    mface_disk_close(&disk);
    test_folder_remove(dir);
}

static void test_a_lowered_limit_counts_at_once(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    struct mface_disk *disk = test_open(dir, 4 * MIB, 64 * KIB);
    for (uint64_t n = 0; n < 15000; n++) {
        test_put(disk, n);
        if (n % 1000 == 0)
            mface_disk_flush(disk);
    }
    mface_disk_close(&disk);
    assert_true(bytes_in(dir) > 2 * MIB);
    disk = test_open(dir, MIB, 64 * KIB);
    mface_disk_close(&disk);
    assert_true(bytes_in(dir) <= MIB);
    test_folder_remove(dir);
}

/* While another process holds the folder's lock the writer cannot start a segment. */
static void test_a_full_queue_drops_and_counts(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    const struct mface_disk_params params = {
        .dir = dir, .limit_bytes = 16 * MIB, .queue_bytes = 64 * KIB, .realm = { 3, 5 }
    };
    struct mface_disk *disk;
    struct mface_disk_stats stats;
    char path[TEST_PATH_BYTES];
    assert_int_equal(mface_disk_open(&params, &disk), MFACE_OK);
    snprintf(path, sizeof path, "%.100s/results/lock", dir);
    const int lock_fd = open(path, O_RDWR);
    assert_int_equal(flock(lock_fd, LOCK_EX), 0);
    uint8_t *large = calloc(1, 128 * KIB);
    mface_disk_put(disk, test_key(1000), 0, 1, large, 128 * KIB); // can never fit
    for (uint64_t n = 0; n < 50; n++)
        mface_disk_put(
            disk, test_key(n), 0, 1, large, 4 * KIB); // returns, whatever the writer does
    mface_disk_get_stats(disk, &stats);
    assert_int_equal(stats.drops, 1 + 50 - 15); // fifteen and their headers fill 64 KiB
    assert_int_equal(stats.writes, 0);
    assert_true(stats.memory_bytes >= 60 * KIB && stats.memory_bytes <= 64 * KIB);
    close(lock_fd);
    mface_disk_flush(disk);
    mface_disk_get_stats(disk, &stats);
    assert_int_equal(stats.writes, 15);
    free(large);
    mface_disk_close(&disk);
    test_folder_remove(dir);
}

static void test_folders_of_others_are_refused(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    char results[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    snprintf(results, sizeof results, "%.100s/results", dir);
    snprintf(path, sizeof path, "%.100s/results/thesis.txt", dir);
    assert_int_equal(mkdir(results, 0700), 0);
    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    struct mface_disk *disk;
    int64_t n;
    const struct mface_disk_params params = { .dir = dir, .limit_bytes = MIB };
    test_silence();
    assert_int_equal(mface_disk_open(&params, &disk), MFACE_ERR_FORMAT);
    assert_null(disk);
    assert_int_equal(mface_cache_folder_clear(dir, &n), MFACE_ERR_FORMAT);
    assert_int_equal(access(path, F_OK), 0);
    test_folder_remove(dir);
    assert_int_equal(mface_cache_folder_clear(dir, &n), MFACE_ERR_NOENT);
}

static void test_clear_takes_only_what_is_ours(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    char path[TEST_PATH_BYTES];
    struct mface_disk *disk = test_open(dir, 4 * MIB, 8 * KIB);
    for (uint64_t n = 0; n < 100; n++)
        test_put(disk, n);
    mface_disk_close(&disk);
    snprintf(path, sizeof path, "%.100s/results/notes.seg", dir);
    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    int64_t n_removed;
    assert_int_equal(mface_cache_folder_clear(dir, &n_removed), MFACE_OK);
    assert_true(n_removed > 2);
    assert_int_equal(test_count_files(dir, ".seg"), 1);
    assert_int_equal(test_count_files(dir, ".idx"), 0);
    assert_int_equal(access(path, F_OK), 0);
    disk = test_open(dir, 4 * MIB, 0);
    assert_int_equal(test_count_hits(disk, 100), 0);
    mface_disk_close(&disk);
    test_folder_remove(dir);
}

static void test_the_default_folder(void **state)
{
    (void)state;
    char path[64];
    assert_int_equal(setenv("XDG_CACHE_HOME", "/x/y", 1), 0);
    assert_int_equal(mface_cache_folder("", path, sizeof path), MFACE_OK);
    assert_string_equal(path, "/x/y/memoface");
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
    assert_int_equal(setenv("HOME", "/h", 1), 0);
    assert_int_equal(mface_cache_folder(NULL, path, sizeof path), MFACE_OK);
    assert_string_equal(path, "/h/.cache/memoface");
    assert_int_equal(mface_cache_folder("here", path, sizeof path), MFACE_OK);
    assert_string_equal(path, "here");
    test_silence();
    assert_int_equal(mface_cache_folder("here", path, 4), MFACE_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_found),
        cmocka_unit_test(test_entries_survive_a_restart),
        cmocka_unit_test(test_index_is_rebuilt_from_headers),
        cmocka_unit_test(test_another_realm_finds_nothing),
        cmocka_unit_test(test_limit_holds_and_the_unused_go_first),
        cmocka_unit_test(test_segments_in_use_stay),
        cmocka_unit_test(test_a_lowered_limit_counts_at_once),
        cmocka_unit_test(test_a_full_queue_drops_and_counts),
        cmocka_unit_test(test_folders_of_others_are_refused),
        cmocka_unit_test(test_clear_takes_only_what_is_ours),
        cmocka_unit_test(test_the_default_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
