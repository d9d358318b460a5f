/* Many threads, values that verify themselves, a cache of a few parts in a hundred of the keys, a
 * budget that moves.
 *
 *   test-cache-stress [OPERATIONS [TEST]]
 *
 * OPERATIONS of each of the 40 threads: a longer run than the suite's. TEST: a pattern, `test_lru`
 * for one policy alone. */
#include <memoface/cache.h>

#include "../cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { N_THREADS = 40, N_KEYS = 20000, SIZE_MAX_BYTES = 6008, LIMIT_MAX_BYTES = 4 << 20 };

static long n_ops = 4000;

struct stress {
    struct mface_cache *cache;
    atomic_int n_wrong, n_failed;
    unsigned seed;
};

static struct mface_key key_of(uint64_t n)
{
    return (struct mface_key) { .lo = n * 0x9e3779b97f4a7c15u, .hi = n };
}

static size_t one_size; // of all values; 0: each its own

static size_t size_of(uint64_t n)
{
    return one_size ? one_size : 8 + n * 131 % 6000;
}

/* Byte i of value n is n * 31 + i. All values are parts of one row of bytes, so that every byte can
 * be checked at the speed of memcmp() and threads spend their time in the cache. */
static uint8_t row[256 + SIZE_MAX_BYTES];

static const uint8_t *value_of(uint64_t n)
{
    return row + n * 31 % 256;
}

static void fill(struct mface_blob *blob, uint64_t n)
{
    memcpy(mface_blob_data_mut(blob), value_of(n), size_of(n));
}

static int verify(const struct mface_blob *blob, uint64_t n)
{
    return mface_blob_size(blob) == size_of(n) &&
           memcmp(mface_blob_data(blob), value_of(n), size_of(n)) == 0;
}

static void one_op(struct stress *stress, uint64_t n, unsigned dice)
{
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    if (mface_cache_begin(stress->cache, key_of(n), n % 4, &outcome, &blob) != MFACE_OK) {
        atomic_fetch_add(&stress->n_failed, 1);
        return;
    }
    if (outcome == MFACE_CACHE_LOAD) {
        const enum mface_status status =
            mface_cache_reserve(stress->cache, key_of(n), n % 4, size_of(n), &blob);
        if (status != MFACE_OK || dice % 50 == 0) {
            mface_cache_abort(stress->cache, key_of(n), blob, MFACE_OK);
            return;
        }
        fill(blob, n);
        mface_cache_commit(stress->cache, blob, (int64_t)n);
    }
    atomic_fetch_add(&stress->n_wrong, !verify(blob, n));
    mface_blob_unref(stress->cache, &blob);
}

static void *hammer(void *arg)
{
    struct stress *stress = arg;
    static atomic_uint next_seed = 1;
    unsigned x = atomic_fetch_add(&next_seed, 1) * 2654435761u;
    for (long i = 0; i < n_ops; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        const uint64_t n = x % 7 ? x % 100 : x % N_KEYS; // some keys are hot
        one_op(stress, n, x >> 8);
        if (x % 5000 == 0 &&
            mface_cache_resize(stress->cache, (1 + x / 5000 % 4) << 20) != MFACE_OK)
            atomic_fetch_add(&stress->n_failed, 1);
    }
    return NULL;
}

static void check_account(const struct mface_cache *cache)
{
    struct mface_cache_stats stats;
    mface_cache_get_stats(cache, &stats);
    assert_true(stats.used_bytes <= stats.limit_bytes);
    assert_true(stats.peak_bytes <= LIMIT_MAX_BYTES + N_THREADS * SIZE_MAX_BYTES * 2);
    assert_int_equal(stats.inserts - stats.evictions, stats.n_entries);
    int64_t n_entries = 0, bytes = 0;
    for (int i = 0; i < MFACE_CACHE_CLASSES_MAX; i++) {
        n_entries += stats.classes[i].n_entries;
        bytes += stats.classes[i].bytes;
    }
    assert_int_equal(n_entries, stats.n_entries);
    assert_true(bytes <= stats.used_bytes);
}

/* At rest what answers is what the account says. */
static void check_residents(struct mface_cache *cache)
{
    struct mface_cache_stats stats;
    int64_t n_entries = 0, bytes = 0;
    for (uint64_t n = 0; n < N_KEYS; n++) {
        struct mface_blob *blob = mface_cache_get(cache, key_of(n), 0);
        n_entries += blob != NULL;
        bytes += blob ? (int64_t)mface_blob_size(blob) : 0;
        mface_blob_unref(cache, &blob);
    }
    mface_cache_get_stats(cache, &stats);
    assert_int_equal(n_entries, stats.n_entries);
    for (int i = 0; i < MFACE_CACHE_CLASSES_MAX; i++)
        bytes -= stats.classes[i].bytes;
    assert_int_equal(bytes, 0);
}

static void run_stress(const char *policy)
{
    struct stress stress = { 0 };
    const struct mface_cache_params params = { .budget_bytes = 2 << 20, .policy = policy };
    assert_int_equal(mface_cache_create(&params, &stress.cache), MFACE_OK);
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        pthread_create(&threads[i], NULL, hammer, &stress);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stress.n_wrong, 0);
    assert_int_equal(stress.n_failed, 0);
    check_account(stress.cache);
    check_residents(stress.cache);
    mface_cache_free(&stress.cache);
}

static void test_smart(void **state)
{
    (void)state;
    run_stress("smart");
}

static void test_lru(void **state)
{
    (void)state;
    run_stress("lru");
}

static void test_s3fifo(void **state)
{
    (void)state;
    run_stress("s3fifo");
}

static void test_sieve(void **state)
{
    (void)state;
    run_stress("sieve");
}

/* Small enough that threads keep slots in stock. */
static void test_one_size(void **state)
{
    (void)state;
    one_size = 100;
    run_stress("smart");
    one_size = 0;
}

/* One key, dear enough to be kept, asked for again and again while others are written: it stays,
 * and memory stays what it was. */
static void test_same_key_under_write_pressure(void **state)
{
    (void)state;
    struct stress stress = { 0 };
    struct mface_cache_stats before, after;
    const struct mface_cache_params params = { .budget_bytes = 2 << 20 };
    assert_int_equal(mface_cache_create(&params, &stress.cache), MFACE_OK);
    const int64_t n = 50 * (int64_t)n_ops;
    for (int64_t i = 0; i < n; i++) {
        one_op(&stress, i % 2 ? N_KEYS - 1 : (uint64_t)i % N_KEYS, 1); // odd; the others are even
        if (i == n / 2)
            mface_cache_get_stats(stress.cache, &before);
    }
    mface_cache_get_stats(stress.cache, &after);
    assert_int_equal(stress.n_wrong, 0);
    assert_true(after.peak_bytes <= params.budget_bytes);
    assert_true(after.used_bytes <= before.peak_bytes);
    assert_true(after.hits - before.hits >= n / 4 - n / 200);
    mface_cache_free(&stress.cache);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_ops = atol(argv[1]);
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    for (size_t i = 0; i < sizeof row; i++)
        row[i] = (uint8_t)i;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smart),
        cmocka_unit_test(test_lru),
        cmocka_unit_test(test_s3fifo),
        cmocka_unit_test(test_sieve),
        cmocka_unit_test(test_one_size),
        cmocka_unit_test(test_same_key_under_write_pressure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
