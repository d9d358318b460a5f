#include <memoface/cache.h>

#include "../cmocka_all.h"
#include <memoface/log.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static struct mface_key key_of(uint64_t n)
{
    return (struct mface_key) { .lo = n * 0x9e3779b97f4a7c15u, .hi = n };
}

static struct mface_cache *make_cache(int64_t budget_bytes)
{
    struct mface_cache *cache;
    const struct mface_cache_params params = { .budget_bytes = budget_bytes };
    assert_int_equal(mface_cache_create(&params, &cache), MFACE_OK);
    return cache;
}

/* Inserts `size` bytes of value n under key n; returns the reference. */
static struct mface_blob *insert(
    struct mface_cache *cache, uint64_t n, size_t size, int64_t cost_us)
{
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    assert_int_equal(mface_cache_begin(cache, key_of(n), 1, &outcome, &blob), MFACE_OK);
    assert_int_equal(outcome, MFACE_CACHE_LOAD);
    assert_int_equal(mface_cache_reserve(cache, key_of(n), 1, size, &blob), MFACE_OK);
    memset(mface_blob_data_mut(blob), (int)n, size);
    mface_cache_commit(cache, blob, cost_us);
    return blob;
}

static void insert_and_release(struct mface_cache *cache, uint64_t n, size_t size)
{
    struct mface_blob *blob = insert(cache, n, size, 10);
    mface_blob_unref(cache, &blob);
}

static int is_resident(struct mface_cache *cache, uint64_t n)
{
    struct mface_blob *blob = mface_cache_get(cache, key_of(n), 2);
    const int found = blob != NULL;
    mface_blob_unref(cache, &blob);
    return found;
}

static void test_asking_is_no_use(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(4 * MIB);
    struct mface_cache_stats before, after;
    assert_false(mface_cache_has(cache, key_of(7)));
    insert_and_release(cache, 7, 1000);
    mface_cache_get_stats(cache, &before);
    assert_true(mface_cache_has(cache, key_of(7)));
    assert_false(mface_cache_has(cache, key_of(8)));
    mface_cache_get_stats(cache, &after);
    assert_memory_equal(&before, &after, sizeof before);
    mface_cache_free(&cache);
}

static void test_hit_returns_the_bytes(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(4 * MIB);
    assert_null(mface_cache_get(cache, key_of(7), 1));
    struct mface_blob *made = insert(cache, 7, 1000, 123), *hit;
    hit = mface_cache_get(cache, key_of(7), 1);
    assert_ptr_equal(mface_blob_data(hit), mface_blob_data(made)); // zero copy
    assert_int_equal((uintptr_t)mface_blob_data(hit) % 64, 0);
    assert_int_equal(mface_blob_size(hit), 1000);
    assert_int_equal(((const char *)mface_blob_data(hit))[999], 7);
    struct mface_cache_stats stats;
    mface_cache_get_stats(cache, &stats);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.misses, 2); // get, begin
    assert_int_equal(stats.saved_us, 123);
    assert_int_equal(stats.classes[1].bytes, 1000);
    assert_true(stats.used_bytes >= 1000 && stats.used_bytes <= 1000 + 64 * 1024);
    mface_blob_unref(cache, &hit);
    mface_blob_unref(cache, &made);
    assert_null(made);
    mface_cache_free(&cache);
    assert_null(cache);
}

static void test_oldest_goes_first(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(MIB);
    for (uint64_t n = 0; n < 9; n++)
        insert_and_release(cache, n, 100000);
    assert_true(is_resident(cache, 0)); // now the most recent
    insert_and_release(cache, 9, 100000);
    insert_and_release(cache, 10, 100000);
    assert_true(is_resident(cache, 0));
    assert_false(is_resident(cache, 1));
    assert_true(is_resident(cache, 10));
    mface_cache_free(&cache);
}

static void test_budget_is_hard(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(MIB);
    struct mface_cache_stats stats;
    for (uint64_t n = 0; n < 5000; n++) {
        insert_and_release(cache, n, 1 + n * 37 % 5000);
        mface_cache_get_stats(cache, &stats);
        assert_true(stats.used_bytes <= stats.limit_bytes);
    }
    assert_true(stats.peak_bytes <= stats.limit_bytes);
    assert_int_equal(stats.inserts - stats.evictions, stats.n_entries);
    mface_cache_free(&cache);
}

static void test_all_pinned_fails_fast(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(MIB);
    struct mface_blob *pins[10], *blob;
    for (uint64_t n = 0; n < 10; n++)
        pins[n] = insert(cache, n, 100000, 1);
    enum mface_cache_outcome outcome;
    assert_int_equal(mface_cache_begin(cache, key_of(99), 1, &outcome, &blob), MFACE_OK);
    assert_int_equal(mface_cache_reserve(cache, key_of(99), 1, 200000, &blob), MFACE_ERR_NOSPC);
    assert_int_equal(mface_cache_reserve(cache, key_of(99), 1, 5 * MIB, &blob), MFACE_ERR_NOSPC);
    mface_cache_abort(cache, key_of(99), NULL, MFACE_OK);
    for (int n = 0; n < 10; n++) {
        assert_int_equal(((const char *)mface_blob_data(pins[n]))[50000], n);
        mface_blob_unref(cache, &pins[n]);
    }
    insert_and_release(cache, 99, 200000);
    mface_cache_free(&cache);
}

enum { STOCK_ENTRY_BYTES = 1000, STOCK_KEYS = 30000 };

struct stream {
    struct mface_cache *cache;
    int64_t n_most; // entries there were at once
    bool has_stock;
};

/* Entries of one size, one after another, until one lets several others go. */
static void *stream_until_stock(void *arg)
{
    struct stream *stream = arg;
    struct mface_cache_stats stats;
    for (uint64_t n = 0; n < STOCK_KEYS && !stream->has_stock; n++) {
        mface_cache_get_stats(stream->cache, &stats);
        const int64_t evictions = stats.evictions;
        insert_and_release(stream->cache, n, STOCK_ENTRY_BYTES);
        mface_cache_get_stats(stream->cache, &stats);
        stream->n_most = stats.n_entries > stream->n_most ? stats.n_entries : stream->n_most;
        stream->has_stock = stats.evictions >= evictions + 4;
    }
    return NULL;
}

static int64_t pin_all(struct mface_cache *cache, struct mface_blob **pins)
{
    int64_t n_pins = 0;
    for (uint64_t n = 0; n < STOCK_KEYS; n++)
        if ((pins[n_pins] = mface_cache_get(cache, key_of(n), 1)))
            n_pins++;
    return n_pins;
}

/* Inserts and pins until there is no room. */
static int64_t pin_more(struct mface_cache *cache, struct mface_blob **pins)
{
    enum mface_cache_outcome outcome;
    for (int64_t n = 0;; n++) {
        const struct mface_key key = key_of(STOCK_KEYS + (uint64_t)n);
        assert_int_equal(mface_cache_begin(cache, key, 1, &outcome, &pins[n]), MFACE_OK);
        if (mface_cache_reserve(cache, key, 1, STOCK_ENTRY_BYTES, &pins[n]) != MFACE_OK) {
            mface_cache_abort(cache, key, NULL, MFACE_OK);
            return n;
        }
        mface_cache_commit(cache, pins[n], 1);
    }
}

/* What another thread keeps in stock is room: with all else pinned, every slot can still be had. */
static void test_stock_is_room(void **state)
{
    (void)state;
    struct stream stream = { .cache = make_cache(16 * MIB) };
    struct mface_blob **pins = calloc(2 * STOCK_KEYS, sizeof *pins);
    struct mface_cache_stats stats;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stream_until_stock, &stream), 0);
    pthread_join(thread, NULL);
    assert_true(stream.has_stock);
    int64_t n_pins = pin_all(stream.cache, pins);
    n_pins += pin_more(stream.cache, pins + n_pins);
    mface_cache_get_stats(stream.cache, &stats);
    assert_int_equal(n_pins, stats.n_entries);
    assert_true(stats.n_entries >= stream.n_most);
    assert_true(stats.peak_bytes <= stats.limit_bytes);
    while (n_pins)
        mface_blob_unref(stream.cache, &pins[--n_pins]);
    free(pins);
    mface_cache_free(&stream.cache);
}

static void test_too_large_evicts_nothing(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(MIB);
    insert_and_release(cache, 1, 1000);
    struct mface_blob *blob;
    enum mface_cache_outcome outcome;
    assert_int_equal(mface_cache_begin(cache, key_of(2), 1, &outcome, &blob), MFACE_OK);
    assert_int_equal(mface_cache_reserve(cache, key_of(2), 1, MIB, &blob), MFACE_ERR_NOSPC);
    assert_int_equal(mface_cache_reserve(cache, key_of(2), 1, SIZE_MAX, &blob), MFACE_ERR_NOSPC);
    mface_cache_abort(cache, key_of(2), NULL, MFACE_OK);
    assert_true(is_resident(cache, 1));
    mface_cache_free(&cache);
}

static void test_shrink_and_grow(void **state)
{
    (void)state;
    struct mface_cache *cache = make_cache(8 * MIB);
    struct mface_cache_stats stats;
    for (uint64_t n = 0; n < 70; n++)
        insert_and_release(cache, n, 100000);
    assert_int_equal(mface_cache_resize(cache, 2 * MIB), MFACE_OK);
    mface_cache_get_stats(cache, &stats);
    assert_int_equal(stats.limit_bytes, 2 * MIB);
    assert_true(stats.used_bytes <= 2 * MIB);
    assert_true(is_resident(cache, 69));
    assert_false(is_resident(cache, 0));
    assert_int_equal(mface_cache_resize(cache, 8 * MIB), MFACE_OK);
    for (uint64_t n = 100; n < 150; n++)
        insert_and_release(cache, n, 100000);
    assert_true(is_resident(cache, 69));
    assert_int_equal(mface_cache_resize(cache, 1000), MFACE_ERR_ARG);
    mface_cache_drop_all(cache);
    mface_cache_get_stats(cache, &stats);
    assert_int_equal(stats.n_entries, 0);
    mface_cache_free(&cache);
}

static void test_params_are_checked(void **state)
{
    (void)state;
    struct mface_cache *cache = NULL;
    struct mface_cache_params params = { .budget_bytes = 1000 };
    assert_int_equal(mface_cache_create(&params, &cache), MFACE_ERR_ARG);
    params = (struct mface_cache_params) { .budget_bytes = MIB, .policy = "oracle" };
    assert_int_equal(mface_cache_create(&params, &cache), MFACE_ERR_ARG);
    assert_null(cache);
}

struct flight_test {
    struct mface_cache *cache;
    atomic_int n_loads, n_hits, n_errors, n_started;
    enum mface_status result;
};

static void *load_one(void *arg)
{
    struct flight_test *test = arg;
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    atomic_fetch_add(&test->n_started, 1);
    const enum mface_status status = mface_cache_begin(test->cache, key_of(5), 1, &outcome, &blob);
    if (status != MFACE_OK) {
        atomic_fetch_add(&test->n_errors, status == MFACE_ERR_IO);
        return NULL;
    }
    if (outcome == MFACE_CACHE_HIT) {
        atomic_fetch_add(&test->n_hits, ((const char *)mface_blob_data(blob))[9] == 42);
        mface_blob_unref(test->cache, &blob);
        return NULL;
    }
    atomic_fetch_add(&test->n_loads, 1);
    while (atomic_load(&test->n_started) < 8)
        usleep(100);
    usleep(20000); // let the others reach their wait
    if (test->result != MFACE_OK) {
        mface_cache_abort(test->cache, key_of(5), NULL, test->result);
        return NULL;
    }
    if (mface_cache_reserve(test->cache, key_of(5), 1, 10, &blob) != MFACE_OK)
        return NULL;
    memset(mface_blob_data_mut(blob), 42, 10);
    mface_cache_commit(test->cache, blob, 1);
    mface_blob_unref(test->cache, &blob);
    return NULL;
}

static void run_flight(struct flight_test *test)
{
    pthread_t threads[8];
    test->cache = make_cache(MIB);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, load_one, test);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    mface_cache_free(&test->cache);
}

static void test_single_flight(void **state)
{
    (void)state;
    struct flight_test test = { .result = MFACE_OK };
    run_flight(&test);
    assert_int_equal(test.n_loads, 1);
    assert_int_equal(test.n_hits, 7);
}

/* Threads that came while the load ran share its error; one that came later loads anew. */
static void test_errors_reach_waiters(void **state)
{
    (void)state;
    struct flight_test test = { .result = MFACE_ERR_IO };
    run_flight(&test);
    assert_int_equal(test.n_loads + test.n_errors, 8);
    assert_true(test.n_errors >= 1);
}

static void quiet(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

int main(void)
{
    mface_log_set(quiet, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asking_is_no_use),
        cmocka_unit_test(test_hit_returns_the_bytes),
        cmocka_unit_test(test_oldest_goes_first),
        cmocka_unit_test(test_budget_is_hard),
        cmocka_unit_test(test_all_pinned_fails_fast),
        cmocka_unit_test(test_stock_is_room),
        cmocka_unit_test(test_too_large_evicts_nothing),
        cmocka_unit_test(test_shrink_and_grow),
        cmocka_unit_test(test_params_are_checked),
        cmocka_unit_test(test_single_flight),
        cmocka_unit_test(test_errors_reach_waiters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
