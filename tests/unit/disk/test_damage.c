/* The disk tier as it should not be: cut off, flipped, unreadable, full. Only ever misses, and
 * `verify` names what is damaged. */
#include "folder.h"

#include "cache/disk_admin.h"

#include "../cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, N_KEYS = 12, FILE_MAX_BYTES = 16 << 10 };

struct content {
    size_t size;
    uint8_t bytes[FILE_MAX_BYTES];
};

static void load(const char *path, struct content *content)
{
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t n = read(fd, content->bytes, sizeof content->bytes);
    assert_true(n > 0 && n < FILE_MAX_BYTES);
    content->size = (size_t)n;
    close(fd);
}

static void store(const char *path, const void *bytes, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

/* One sealed segment of N_KEYS records, and its sidecar. */
struct sample {
    const char *dir;
    char segment_path[TEST_PATH_BYTES], sidecar_path[TEST_PATH_BYTES];
    struct content segment, sidecar;
};

static void sample_make(struct sample *sample)
{
    test_silence();
    sample->dir = test_folder_make();
    struct mface_disk *disk = test_open(sample->dir, MIB, 0);
    for (uint64_t n = 0; n < N_KEYS; n++)
        test_put(disk, n);
    mface_disk_close(&disk);
    assert_true(test_file(sample->dir, ".seg", 0, sample->segment_path));
    assert_true(test_file(sample->dir, ".idx", 0, sample->sidecar_path));
    load(sample->segment_path, &sample->segment);
    load(sample->sidecar_path, &sample->sidecar);
}

static void sample_restore(const struct sample *sample, bool with_sidecar)
{
    char path[TEST_PATH_BYTES];
    while (test_file(sample->dir, ".seg", 0, path))
        assert_int_equal(unlink(path), 0);
    while (test_file(sample->dir, ".idx", 0, path))
        assert_int_equal(unlink(path), 0);
    store(sample->segment_path, sample->segment.bytes, sample->segment.size);
    if (with_sidecar)
        store(sample->sidecar_path, sample->sidecar.bytes, sample->sidecar.size);
}

static struct disk_verdict verify(const struct sample *sample)
{
    struct disk_verdict verdict;
    assert_int_equal(disk_verify(sample->dir, NULL, NULL, &verdict), MFACE_OK);
    return verdict;
}

/* Hits of a tier that is opened on what lies there now. */
static int hits_after_opening(const struct sample *sample)
{
    struct mface_disk *disk = test_open(sample->dir, MIB, 0);
    const int n_hits = test_count_hits(disk, N_KEYS);
    assert_int_equal(test_count_hits(disk, N_KEYS), n_hits); // a miss stays one
    mface_disk_close(&disk);
    return n_hits;
}

static void test_a_sound_folder_is_sound(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    const struct disk_verdict verdict = verify(&sample);
    assert_int_equal(verdict.n_damaged, 0);
    assert_int_equal(verdict.n_sound, N_KEYS);
    assert_int_equal(hits_after_opening(&sample), N_KEYS);
    test_folder_remove(sample.dir);
}

/* Records that lie whole within the first `size` bytes. */
static int n_whole(const struct sample *sample, size_t size)
{
    size_t end = sizeof(struct disk_segment_header);
    int n = 0;
    for (; n < N_KEYS; n++) {
        end += sizeof(struct disk_record) + test_size((uint64_t)n);
        if (end > size)
            break;
    }
    assert_true(n < N_KEYS || size == sample->segment.size);
    return n;
}

static void test_cut_off_at_every_length(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    for (size_t size = 0; size < sample.segment.size; size++) {
        for (int with_sidecar = 0; with_sidecar < 2; with_sidecar++) {
            sample_restore(&sample, with_sidecar);
            assert_int_equal(truncate(sample.segment_path, (off_t)size), 0);
            struct disk_verdict verdict = verify(&sample);
            assert_int_equal(verdict.n_damaged > 0, with_sidecar);
            assert_int_equal(verdict.n_sound, n_whole(&sample, size));
            assert_int_equal(hits_after_opening(&sample), n_whole(&sample, size));
            verdict = verify(&sample); // opening has mended it
            assert_int_equal(verdict.n_damaged + verdict.n_unfinished, 0);
        }
    }
    test_folder_remove(sample.dir);
}

static void test_a_flipped_bit_in_every_byte_of_a_segment(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    for (size_t i = 0; i < sample.segment.size; i++) {
        for (int with_sidecar = 0; with_sidecar < 2; with_sidecar++) {
            sample_restore(&sample, with_sidecar);
            sample.segment.bytes[i] ^= (uint8_t)(1 << i % 8);
            store(sample.segment_path, sample.segment.bytes, sample.segment.size);
            const struct disk_verdict verdict = verify(&sample);
            assert_true(verdict.n_damaged > 0 || (verdict.n_unfinished && !with_sidecar));
            const int n_hits = hits_after_opening(&sample);
            if (with_sidecar) // the one record at most; none when it is the file's header
                assert_true(n_hits == N_KEYS - 1 || (i < 32 && n_hits == N_KEYS));
            else
                assert_true(n_hits < N_KEYS);
            sample.segment.bytes[i] ^= (uint8_t)(1 << i % 8);
        }
    }
    test_folder_remove(sample.dir);
}

static void test_a_flipped_bit_in_every_byte_of_a_sidecar(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    for (size_t i = 0; i < sample.sidecar.size; i++) {
        sample_restore(&sample, true);
        sample.sidecar.bytes[i] ^= (uint8_t)(1 << i % 8);
        store(sample.sidecar_path, sample.sidecar.bytes, sample.sidecar.size);
        sample.sidecar.bytes[i] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(verify(&sample).n_damaged, 1);
        assert_int_equal(hits_after_opening(&sample), N_KEYS); // from the headers
        assert_int_equal(verify(&sample).n_damaged, 0);        // and written anew
    }
    test_folder_remove(sample.dir);
}

static void test_a_file_cut_off_while_open(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    for (size_t size = 0; size < sample.segment.size; size += 97) {
        sample_restore(&sample, true);
        struct mface_disk *disk = test_open(sample.dir, MIB, 0);
        assert_true(test_get(disk, 0));
        assert_int_equal(truncate(sample.segment_path, (off_t)size), 0);
        assert_int_equal(test_count_hits(disk, N_KEYS), n_whole(&sample, size));
        mface_disk_close(&disk);
    }
    test_folder_remove(sample.dir);
}

static void test_a_file_that_vanishes_or_turns_into_something_else(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    struct mface_disk *disk = test_open(sample.dir, MIB, 0);
    assert_int_equal(unlink(sample.segment_path), 0);
    assert_int_equal(test_count_hits(disk, N_KEYS), 0);
    struct mface_disk_stats stats;
    mface_disk_get_stats(disk, &stats);
    assert_int_equal(stats.n_entries, 0); // the first miss told about all
    assert_int_equal(stats.damaged, 0);
    mface_disk_close(&disk);
    sample_restore(&sample, true);
    disk = test_open(sample.dir, MIB, 0);
    assert_int_equal(unlink(sample.segment_path), 0);
    assert_int_equal(mkdir(sample.segment_path, 0700), 0); // reading it is an error, EISDIR
    assert_int_equal(test_count_hits(disk, N_KEYS), 0);
    mface_disk_get_stats(disk, &stats);
    assert_int_equal(stats.damaged, N_KEYS);
    test_put(disk, 0); // the tier goes on
    mface_disk_flush(disk);
    assert_true(test_get(disk, 0));
    mface_disk_close(&disk);
    assert_int_equal(rmdir(sample.segment_path), 0);
    test_folder_remove(sample.dir);
}

/* In a child, whose file-size limit ends with it: the first write fails like one on a full disk. */
static int write_until_full(const char *dir)
{
    const struct rlimit limit = { 4096, 4096 };
    struct mface_disk *disk = test_open(dir, MIB, 0);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    for (uint64_t n = 100; n < 200; n++)
        test_put(disk, n);
    mface_disk_flush(disk);
    struct mface_disk_stats stats;
    mface_disk_get_stats(disk, &stats);
    if (stats.is_writable || stats.drops == 0)
        return 3;
    if (test_count_hits(disk, N_KEYS) != N_KEYS) // what was there can still be read
        return 4;
    mface_disk_close(&disk);
    return 0;
}

static void test_a_full_disk_ends_writing_only(void **state)
{
    (void)state;
    struct sample sample;
    sample_make(&sample);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        _exit(write_until_full(sample.dir));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(verify(&sample).n_damaged, 0);
    assert_int_equal(test_count_files(sample.dir, ".seg"), 1); // the failed one is gone
    assert_int_equal(hits_after_opening(&sample), N_KEYS);
    test_folder_remove(sample.dir);
}

static void test_a_folder_that_cannot_be_made(void **state)
{
    (void)state;
    struct mface_disk *disk;
    const struct mface_disk_params params = { .dir = "/dev/null/x", .limit_bytes = MIB };
    test_silence();
    assert_int_equal(mface_disk_open(&params, &disk), MFACE_ERR_IO);
    assert_null(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_folder_is_sound),
        cmocka_unit_test(test_cut_off_at_every_length),
        cmocka_unit_test(test_a_flipped_bit_in_every_byte_of_a_segment),
        cmocka_unit_test(test_a_flipped_bit_in_every_byte_of_a_sidecar),
        cmocka_unit_test(test_a_file_cut_off_while_open),
        cmocka_unit_test(test_a_file_that_vanishes_or_turns_into_something_else),
        cmocka_unit_test(test_a_full_disk_ends_writing_only),
        cmocka_unit_test(test_a_folder_that_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
