/* Processes: killed at any moment, and two at once in one folder.
 *
 * The first argument is how often to kill (50): a long run is `test-disk-processes 1000`. */
#include "folder.h"

#include "cache/disk_admin.h"

#include "../cmocka_all.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, KIB = 1 << 10, N_KEYS = 4000 };

static int n_kills = 50;

static void start_putting(const char *dir, unsigned seed)
{
    struct mface_disk *disk = test_open(dir, 2 * MIB, 64 * KIB);
    for (uint64_t i = 0; i < 100000; i++) {
        test_put(disk, (seed + i * 7) % N_KEYS);
        if (i % 64 == 0 && !test_get(disk, (seed + i) % N_KEYS))
            mface_disk_flush(disk);
    }
    mface_disk_close(&disk);
}

static pid_t spawn(const char *dir, unsigned seed)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        start_putting(dir, seed);
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

/* Kills at moments spread over start, writing, sealing and evicting. Whatever is read afterwards
 * is right (test_get fails the test otherwise), and no kill leaves anything damaged. */
static void test_killed_at_random_moments(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    srand(1);
    int64_t n_hits = 0;
    for (int i = 0; i < n_kills; i++) {
        const pid_t child = spawn(dir, (unsigned)rand());
        usleep((useconds_t)(rand() % 20000));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        if (test_count_files(dir, "memoface-cache") == 0)
            continue; // before it had made the folder
        struct disk_verdict verdict;
        assert_int_equal(disk_verify(dir, NULL, NULL, &verdict), MFACE_OK);
        assert_int_equal(verdict.n_damaged, 0);
        struct mface_disk *disk = test_open(dir, 2 * MIB, 64 * KIB);
        struct mface_disk_stats stats;
        mface_disk_get_stats(disk, &stats);
        const int hits = test_count_hits(disk, N_KEYS);
        assert_int_equal(hits, stats.n_entries); // all that was found is whole
        n_hits += hits;
        mface_disk_close(&disk);
    }
    assert_true(n_hits > 0);
    test_folder_remove(dir);
}

static void test_two_processes_share_a_folder(void **state)
{
    (void)state;
    const char *dir = test_folder_make();
    const pid_t first = spawn(dir, 1), second = spawn(dir, 2000);
    struct mface_disk *disk = test_open(dir, 2 * MIB, 64 * KIB); // and we are the third
    for (int i = 0; i < 20; i++) {
        (void)test_count_hits(disk, N_KEYS);
        usleep(1000);
    }
    int status;
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    (void)test_count_hits(disk, N_KEYS);
    mface_disk_close(&disk);
    struct disk_verdict verdict;
    assert_int_equal(disk_verify(dir, NULL, NULL, &verdict), MFACE_OK);
    assert_int_equal(verdict.n_damaged + verdict.n_unfinished, 0);
    assert_true(verdict.n_sound > 1000);
    test_folder_remove(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_at_random_moments),
        cmocka_unit_test(test_two_processes_share_a_folder),
    };
    n_kills = argc > 1 ? atoi(argv[1]) : n_kills;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
