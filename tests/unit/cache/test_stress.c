/* Many threads, few keys, values that verify themselves, a budget that moves. */
#include <memoface/cache.h>

#include "../cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { N_THREADS = 8, N_OPS = 40000, N_KEYS = 3000 };

struct stress {
    struct mface_cache *cache;
    atomic_int n_wrong, n_failed;
    unsigned seed;
};

static struct mface_key key_of(uint64_t n)
{
    return (struct mface_key) { .lo = n * 0x9e3779b97f4a7c15u, .hi = n };
}

static size_t size_of(uint64_t n)
{
    return 8 + n * 131 % 6000;
}

static void fill(struct mface_blob *blob, uint64_t n)
{
    uint8_t *bytes = mface_blob_data_mut(blob);
    for (size_t i = 0; i < mface_blob_size(blob); i++)
        bytes[i] = (uint8_t)(n * 31 + i);
}

static int verify(const struct mface_blob *blob, uint64_t n)
{
    const uint8_t *bytes = mface_blob_data(blob);
    if (mface_blob_size(blob) != size_of(n))
        return 0;
    for (size_t i = 0; i < mface_blob_size(blob); i++)
        if (bytes[i] != (uint8_t)(n * 31 + i))
            return 0;
    return 1;
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
    for (int i = 0; i < N_OPS; i++) {
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

static void test_stress(void **state)
{
    (void)state;
    struct stress stress = { 0 };
    const struct mface_cache_params params = { .budget_bytes = 2 << 20 };
    assert_int_equal(mface_cache_create(&params, &stress.cache), MFACE_OK);
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        pthread_create(&threads[i], NULL, hammer, &stress);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    struct mface_cache_stats stats;
    mface_cache_get_stats(stress.cache, &stats);
    assert_int_equal(stress.n_wrong, 0);
    assert_int_equal(stress.n_failed, 0);
    assert_true(stats.used_bytes <= stats.limit_bytes);
    assert_int_equal(stats.inserts - stats.evictions, stats.n_entries);
    int64_t n_entries = 0;
    for (int i = 0; i < MFACE_CACHE_CLASSES_MAX; i++)
        n_entries += stats.classes[i].n_entries;
    assert_int_equal(n_entries, stats.n_entries);
    mface_cache_free(&stress.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_stress) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
