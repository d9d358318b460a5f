/* What is remembered between runs: it may be missing, damaged or foreign, and nothing depends on
 * it. */
#include "base/mem.h"
#include "swap/dfm.h"
#include "swap/memory.h"
#include "swap/model_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

#define MESON_SKIP 77

static const char *model_path;
static char folder[] = "test-memory-XXXXXX";
static const struct mface_key id = { .hi = 3, .lo = 4 }, other_id = { .hi = 3, .lo = 5 };

/* Calls `visit` with the path of each remembered file of a kind; returns how many there are. */
static int each_file(const char *kind, void (*visit)(const char *path))
{
    char models[PATH_MAX - 300], path[PATH_MAX];
    int n = 0;
    snprintf(models, sizeof models, "%s/models", folder);
    DIR *dir = opendir(models);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot + 1, kind) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", models, entry->d_name);
        if (visit)
            visit(path);
        n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

static void delete_file(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static void forget_all(void)
{
    each_file("digest", delete_file);
    each_file("precision", delete_file);
    each_file("int8", delete_file);
    each_file("weights", delete_file);
    each_file("thing", delete_file);
}

static void damage_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    assert_int_equal(fseek(file, (long)info.st_size - 1, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, (long)info.st_size - 1, SEEK_SET), 0);
    fputc(byte ^ 1, file);
    assert_int_equal(fclose(file), 0);
}

static void test_records(void **state)
{
    (void)state;
    int value = 0;
    forget_all();
    assert_false(mface_memory_read(folder, "thing", id, &value, sizeof value));
    mface_memory_write(folder, "thing", id, &(int) { 42 }, sizeof value);
    assert_true(mface_memory_read(folder, "thing", id, &value, sizeof value));
    assert_int_equal(value, 42);
    assert_false(mface_memory_read(folder, "thing", other_id, &value, sizeof value));
    assert_false(mface_memory_read(folder, "other", id, &value, sizeof value));
    char half;
    assert_false(mface_memory_read(folder, "thing", id, &half, sizeof half));
    each_file("thing", damage_file);
    value = 7;
    assert_false(mface_memory_read(folder, "thing", id, &value, sizeof value));
    assert_int_equal(value, 7);
}

static char thing_path[PATH_MAX];

static void keep_path(const char *path)
{
    snprintf(thing_path, sizeof thing_path, "%s", path);
}

/* A record under another's name. */
static void test_foreign_record(void **state)
{
    (void)state;
    char other_path[PATH_MAX];
    int value = 7;
    forget_all();
    mface_memory_write(folder, "thing", id, &(int) { 42 }, sizeof value);
    each_file("thing", keep_path);
    assert_true(mface_memory_path(folder, "thing", other_id, other_path));
    assert_int_equal(rename(thing_path, other_path), 0);
    assert_false(mface_memory_read(folder, "thing", other_id, &value, sizeof value));
    assert_int_equal(value, 7);
}

static void test_no_folder(void **state)
{
    (void)state;
    int value = 0;
    char path[PATH_MAX];
    static const char *const bad[] = { NULL, "", "/proc/no/such", "/dev/null/below" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mface_memory_write(bad[i], "thing", id, &value, sizeof value);
        assert_false(mface_memory_read(bad[i], "thing", id, &value, sizeof value));
        assert_false(mface_memory_path(bad[i], "thing", id, path));
        mface_memory_trim(bad[i], 0, NULL);
    }
}

static void make_weights(struct mface_key key, size_t bytes, time_t age_s, char path[PATH_MAX])
{
    assert_true(mface_memory_path(folder, "weights", key, path));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < bytes; i++)
        fputc(0, file);
    assert_int_equal(fclose(file), 0);
    const time_t then = time(NULL) - age_s;
    assert_int_equal(utime(path, &(struct utimbuf) { .actime = then, .modtime = then }), 0);
}

static void test_trim_drops_the_oldest(void **state)
{
    (void)state;
    char young[PATH_MAX], middle[PATH_MAX], old[PATH_MAX], kept[PATH_MAX];
    forget_all();
    make_weights((struct mface_key) { .lo = 1 }, 100, 10, young);
    make_weights((struct mface_key) { .lo = 2 }, 100, 1000, middle);
    make_weights((struct mface_key) { .lo = 3 }, 100, 2000, old);
    make_weights((struct mface_key) { .lo = 4 }, 100, 3000, kept);
    mface_memory_trim(folder, 250, kept);
    assert_int_equal(access(young, F_OK), 0);
    assert_int_equal(access(kept, F_OK), 0);
    assert_int_equal(access(middle, F_OK), -1);
    assert_int_equal(access(old, F_OK), -1);
}

static struct mface_dfm_info open_model(enum mface_dfm_precision precision, const char *where)
{
    struct mface_dfm *dfm = NULL;
    const struct mface_dfm_open_params params = {
        .threads = 1, .precision = precision, .folder = where
    };
    assert_int_equal(mface_dfm_open(model_path, &params, &dfm), MFACE_OK);
    const struct mface_dfm_info info = *mface_dfm_info(dfm);
    mface_dfm_free(&dfm);
    return info;
}

static bool has_bf16(void)
{
    return open_model(MFACE_DFM_PRECISION_AUTO, NULL).bf16_us > 0;
}

/* The faster one, whichever that is, and the same again from the record, to the microsecond. */
static void test_auto_is_remembered(void **state)
{
    (void)state;
    forget_all();
    const struct mface_dfm_info first = open_model(MFACE_DFM_PRECISION_AUTO, folder);
    const struct mface_dfm_info second = open_model(MFACE_DFM_PRECISION_AUTO, folder);
    assert_int_equal(first.precision_used, second.precision_used);
    assert_int_equal(first.f32_us, second.f32_us);
    assert_int_equal(first.bf16_us, second.bf16_us);
    assert_int_equal(each_file("precision", NULL), has_bf16() ? 1 : 0);
    if (!has_bf16())
        return;
    assert_int_equal(first.precision_used,
        first.bf16_us < first.f32_us ? MFACE_DFM_PRECISION_BF16 : MFACE_DFM_PRECISION_F32);
    each_file("precision", damage_file);
    const struct mface_dfm_info third = open_model(MFACE_DFM_PRECISION_AUTO, folder);
    assert_true(third.f32_us > 0 && third.bf16_us > 0);
    const struct mface_dfm_info fourth = open_model(MFACE_DFM_PRECISION_AUTO, folder);
    assert_int_equal(third.f32_us, fourth.f32_us); // it was measured and recorded again
}

static void test_explicit_measures_nothing(void **state)
{
    (void)state;
    forget_all();
    const struct mface_dfm_info info = open_model(MFACE_DFM_PRECISION_F32, folder);
    assert_int_equal(info.precision_used, MFACE_DFM_PRECISION_F32);
    assert_string_equal(info.precision, "f32");
    assert_int_equal(info.f32_us, 0);
    assert_int_equal(each_file("precision", NULL), 0);
    assert_int_equal(each_file("weights", NULL), 1);
}

/* How far int8 is from f32 is measured once: in it alone and before the first face. */
static void test_int8_is_judged_once(void **state)
{
    (void)state;
    forget_all();
    const struct mface_dfm_info first = open_model(MFACE_DFM_PRECISION_INT8, folder);
    assert_string_equal(first.precision, "int8");
    assert_int_equal(first.precision_used, MFACE_DFM_PRECISION_INT8);
    assert_true(first.quality.face_psnr_db > 40.0 && first.quality.mask_diff < 2.0 / 255);
    assert_int_equal(each_file("int8", NULL), 1);
    const struct mface_dfm_info second = open_model(MFACE_DFM_PRECISION_INT8, folder);
    assert_memory_equal(&first.quality, &second.quality, sizeof first.quality);
    each_file("int8", damage_file);
    const struct mface_dfm_info third = open_model(MFACE_DFM_PRECISION_INT8, folder);
    assert_memory_equal(&first.quality, &third.quality, sizeof first.quality);
    assert_true(open_model(MFACE_DFM_PRECISION_F32, folder).quality.face_psnr_db == 0.0);
}

static void test_damaged_weights(void **state)
{
    (void)state;
    forget_all();
    (void)open_model(MFACE_DFM_PRECISION_F32, folder);
    each_file("weights", damage_file);
    (void)open_model(MFACE_DFM_PRECISION_F32, folder);
    each_file("digest", damage_file);
    const struct mface_dfm_info info = open_model(MFACE_DFM_PRECISION_F32, folder);
    const struct mface_dfm_info plain = open_model(MFACE_DFM_PRECISION_F32, NULL);
    assert_string_equal(info.sha256, plain.sha256);
    assert_true(mface_key_equal(info.digest, plain.digest));
}

/* No room at all: everything still works, and no half of a file is left. */
static void test_full_disk(void **state)
{
    (void)state;
    struct rlimit before;
    forget_all();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit limit = { .rlim_cur = 16, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)open_model(MFACE_DFM_PRECISION_AUTO, folder);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(each_file("weights", NULL), 0);
    assert_int_equal(each_file("precision", NULL), 0);
    assert_int_equal(each_file("digest", NULL), 0);
}

static void test_read_only_folder(void **state)
{
    (void)state;
    (void)open_model(MFACE_DFM_PRECISION_AUTO, "/proc/self/no-such-folder");
}

/* The digest is believed while the file is the same, and no longer. */
static void test_digest_of_a_changed_file(void **state)
{
    (void)state;
    struct mface_model_file file;
    struct mface_model_digests digests = { .sha256 = "right", .key = { .hi = 8 } }, found;
    forget_all();
    FILE *out = fopen("changing", "wb");
    assert_non_null(out);
    fputs("some bytes", out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(mface_model_file_open("changing", &file), MFACE_OK);
    assert_false(file.is_settled); // it is as young as can be
    mface_model_file_remember(&file, folder, &digests);
    assert_false(mface_model_file_recall(&file, folder, &found));
    file.is_settled = true;
    mface_model_file_remember(&file, folder, &digests);
    assert_true(mface_model_file_recall(&file, folder, &found));
    assert_string_equal(found.sha256, "right");
    assert_true(mface_key_equal(found.key, digests.key));
    mface_model_file_close(&file);
    const struct timespec pause = { .tv_nsec = 20000000 }; // more than a tick of file times
    nanosleep(&pause, NULL);
    assert_int_equal(chmod("changing", 0600), 0); // ctime moves with any change
    assert_int_equal(mface_model_file_open("changing", &file), MFACE_OK);
    assert_false(mface_model_file_recall(&file, folder, &found));
    mface_model_file_close(&file);
    unlink("changing");
}

/* Same file, other bytes: what only the samples can tell. */
static void test_digest_of_other_bytes(void **state)
{
    (void)state;
    struct mface_model_file file;
    struct mface_model_digests digests = { .sha256 = "right" }, found;
    FILE *out = fopen("changing", "w+b");
    assert_non_null(out);
    fputs("some bytes", out);
    fflush(out);
    assert_int_equal(mface_model_file_open("changing", &file), MFACE_OK);
    file.is_settled = true;
    mface_model_file_remember(&file, folder, &digests);
    assert_true(mface_model_file_recall(&file, folder, &found));
    rewind(out);
    fputs("same length", out);
    assert_int_equal(fclose(out), 0);
    assert_false(mface_model_file_recall(&file, folder, &found));
    mface_model_file_close(&file);
    unlink("changing");
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char models[PATH_MAX];
    forget_all();
    snprintf(models, sizeof models, "%s/models", folder);
    rmdir(models);
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_foreign_record),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_trim_drops_the_oldest),
        cmocka_unit_test(test_digest_of_a_changed_file),
        cmocka_unit_test(test_digest_of_other_bytes),
    };
    const struct CMUnitTest model_tests[] = {
        cmocka_unit_test(test_auto_is_remembered),
        cmocka_unit_test(test_explicit_measures_nothing),
        cmocka_unit_test(test_int8_is_judged_once),
        cmocka_unit_test(test_damaged_weights),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_read_only_folder),
    };
    const int failed = cmocka_run_group_tests(tests, set_up, NULL);
    if (argc != 2 || access(argv[1], R_OK) != 0) {
        fprintf(stderr, "the rest is skipped: needs the demo's DFM\n");
        tear_down(NULL);
        return failed ? failed : MESON_SKIP;
    }
    model_path = argv[1];
    return failed + cmocka_run_group_tests(model_tests, NULL, tear_down);
}
