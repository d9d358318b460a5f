/* A cache folder of a test's own, and entries that tell whether they are right. */
#ifndef MFACE_TESTS_DISK_FOLDER_H
#define MFACE_TESTS_DISK_FOLDER_H

#include <memoface/disk.h>
#include <stdbool.h>

enum { TEST_PATH_BYTES = 512 };

/* Makes a fresh folder; the path is static. Removes it with all that is in it. */
const char *test_folder_make(void);
void test_folder_remove(const char *dir);

/* Path of the i-th file in <dir>/results with that extension, in order of names; false: none. */
bool test_file(const char *dir, const char *extension, int i, char path[TEST_PATH_BYTES]);
int test_count_files(const char *dir, const char *extension);

struct mface_disk *test_open(const char *dir, int64_t limit_bytes, int64_t segment_bytes);

struct mface_key test_key(uint64_t n);
/* The bytes that belong to key n, `size` of them. */
void test_fill(uint64_t n, uint8_t *data, size_t size);
size_t test_size(uint64_t n); // differs from key to key
void test_put(struct mface_disk *disk, uint64_t n);

/* Reads key n. False: a miss. Fails the test when a byte is wrong. */
bool test_get(struct mface_disk *disk, uint64_t n);
int test_count_hits(struct mface_disk *disk, uint64_t n_keys);

void test_silence(void); // no log lines

#endif
