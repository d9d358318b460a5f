/* The cache against a model of it: a plain array of what each key last held, the pins, and the
 * rules of accounting. One thread, random operations, every policy.
 *
 *   test-cache-model [OPERATIONS]     a longer run than the suite's */
#include <memoface/cache.h>

#include "../cmocka_all.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20, N_KEYS = 2000, N_PINS = 24, N_CLASSES = 3 };

static long n_ops = 250000;

struct record {
    uint64_t version; // of the last committed value; 0: never committed
    int n_pins;
};

struct model {
    struct mface_cache *cache;
    struct record keys[N_KEYS];
    struct mface_blob *pins[N_PINS];
    uint64_t pinned_key[N_PINS], next_version, random;
    int64_t hits, misses, inserts, saved_us, limit_bytes;
    int n_pinned;
};

static uint64_t next_random(struct model *model)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random >> 8;
}

static struct mface_key key_of(uint64_t n)
{
    return (struct mface_key) { .lo = n * 0x9e3779b97f4a7c15u, .hi = n };
}

/* Mostly small, some of pages, a few large enough for huge ones. */
static size_t size_of(uint64_t n)
{
    return n % 400 == 0 ? 2200000 + n : n % 20 == 0 ? 20000 + n * 7 : 16 + n * 131 % 9000;
}

static int64_t cost_of(uint64_t n)
{
    return n % N_CLASSES * 1000 + n % 7;
}

static void fill(struct mface_blob *blob, uint64_t n, uint64_t version)
{
    uint64_t *words = mface_blob_data_mut(blob);
    words[0] = n;
    words[1] = version;
    memcpy((char *)words + size_of(n) - 8, &version, 8);
}

static void verify(const struct model *model, const struct mface_blob *blob, uint64_t n)
{
    const uint64_t *words = mface_blob_data(blob);
    uint64_t last;
    assert_int_equal(mface_blob_size(blob), size_of(n));
    memcpy(&last, (const char *)words + size_of(n) - 8, 8);
    assert_true(size_of(n) < 24 || words[0] == n);
    assert_int_equal(last, model->keys[n].version);
}

static void keep_or_release(struct model *model, struct mface_blob *blob, uint64_t n)
{
    const uint64_t slot = next_random(model) % (N_PINS * 8);
    if (slot >= N_PINS || model->pins[slot] || size_of(n) > MIB) {
        mface_blob_unref(model->cache, &blob);
        return;
    }
    model->pins[slot] = blob;
    model->pinned_key[slot] = n;
    model->keys[n].n_pins++;
    model->n_pinned++;
}

static void release_pin(struct model *model, uint64_t slot)
{
    if (!model->pins[slot])
        return;
    verify(model, model->pins[slot], model->pinned_key[slot]);
    mface_blob_unref(model->cache, &model->pins[slot]);
    model->keys[model->pinned_key[slot]].n_pins--;
    model->n_pinned--;
}

static void count_hit(struct model *model, const struct mface_blob *blob, uint64_t n)
{
    verify(model, blob, n);
    model->hits++;
    model->saved_us += cost_of(n);
}

static void get(struct model *model, uint64_t n)
{
    struct mface_blob *blob = mface_cache_get(model->cache, key_of(n), n % N_CLASSES);
    if (blob) {
        count_hit(model, blob, n);
        keep_or_release(model, blob, n);
        return;
    }
    assert_int_equal(model->keys[n].n_pins, 0);
    model->misses++;
}

static void load(struct model *model, uint64_t n)
{
    struct mface_blob *blob;
    const unsigned cls = n % N_CLASSES;
    model->misses++;
    assert_int_equal(model->keys[n].n_pins, 0);
    const enum mface_status status =
        mface_cache_reserve(model->cache, key_of(n), cls, size_of(n), &blob);
    if (model->n_pinned == 0 && size_of(n) < (size_t)model->limit_bytes / 2)
        assert_int_equal(status, MFACE_OK);
    if (status != MFACE_OK || next_random(model) % 16 == 0) {
        mface_cache_abort(model->cache, key_of(n), blob, MFACE_OK);
        return;
    }
    model->keys[n].version = ++model->next_version;
    fill(blob, n, model->keys[n].version);
    mface_cache_commit(model->cache, blob, cost_of(n));
    model->inserts++;
    keep_or_release(model, blob, n);
}

static void begin(struct model *model, uint64_t n)
{
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    assert_int_equal(
        mface_cache_begin(model->cache, key_of(n), n % N_CLASSES, &outcome, &blob), MFACE_OK);
    if (outcome == MFACE_CACHE_LOAD) {
        load(model, n);
        return;
    }
    count_hit(model, blob, n);
    keep_or_release(model, blob, n);
}

static void resize(struct model *model)
{
    model->limit_bytes = (int64_t)(1 + next_random(model) % 12) * MIB;
    assert_int_equal(mface_cache_resize(model->cache, model->limit_bytes), MFACE_OK);
}

static void check_figures(const struct model *model)
{
    struct mface_cache_stats stats;
    mface_cache_get_stats(model->cache, &stats);
    assert_int_equal(stats.hits, model->hits);
    assert_int_equal(stats.misses, model->misses);
    assert_int_equal(stats.inserts, model->inserts);
    assert_int_equal(stats.saved_us, model->saved_us);
    assert_int_equal(stats.limit_bytes, model->limit_bytes);
    assert_int_equal(stats.inserts - stats.evictions, stats.n_entries);
    assert_true(model->n_pinned || stats.used_bytes <= stats.limit_bytes);
}

/* Asks for every key: what answers is all there is. */
static void check_residents(struct model *model)
{
    struct mface_cache_stats stats;
    int64_t n_entries = 0, bytes = 0, counted_bytes = 0;
    mface_cache_get_stats(model->cache, &stats);
    for (uint64_t n = 0; n < N_KEYS; n++) {
        struct mface_blob *blob = mface_cache_get(model->cache, key_of(n), n % N_CLASSES);
        model->misses += !blob;
        if (!blob)
            continue;
        count_hit(model, blob, n);
        n_entries++;
        bytes += (int64_t)mface_blob_size(blob);
        mface_blob_unref(model->cache, &blob);
    }
    for (int i = 0; i < N_CLASSES; i++)
        counted_bytes += stats.classes[i].bytes;
    assert_int_equal(n_entries, stats.n_entries);
    assert_int_equal(bytes, counted_bytes);
    assert_true(stats.used_bytes >= bytes);
}

static void one_op(struct model *model)
{
    const uint64_t dice = next_random(model) % 4096, r = next_random(model);
    const uint64_t n = r % 3 ? r % 150 : r % N_KEYS;
    if (dice == 0)
        resize(model);
    else if (dice == 1 && next_random(model) % 8 == 0)
        mface_cache_drop_all(model->cache);
    else if (dice < 400)
        release_pin(model, r % N_PINS);
    else if (dice < 1600)
        get(model, n);
    else
        begin(model, n);
}

static void run_model(const char *policy)
{
    struct model *model = calloc(1, sizeof *model);
    const struct mface_cache_params params = { .budget_bytes = 3 * MIB, .policy = policy };
    model->limit_bytes = params.budget_bytes;
    model->random = 88172645463325252u;
    assert_int_equal(mface_cache_create(&params, &model->cache), MFACE_OK);
    for (long i = 0; i < n_ops; i++) {
        one_op(model);
        if (i % 64 == 0)
            check_figures(model);
        if (i % 16384 == 0)
            check_residents(model);
    }
    for (uint64_t slot = 0; slot < N_PINS; slot++)
        release_pin(model, slot);
    check_residents(model);
    mface_cache_free(&model->cache);
    free(model);
}

static void test_smart(void **state)
{
    (void)state;
    run_model("smart");
}

static void test_lru(void **state)
{
    (void)state;
    run_model("lru");
}

static void test_s3fifo(void **state)
{
    (void)state;
    run_model("s3fifo");
}

static void test_sieve(void **state)
{
    (void)state;
    run_model("sieve");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_ops = atol(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smart),
        cmocka_unit_test(test_lru),
        cmocka_unit_test(test_s3fifo),
        cmocka_unit_test(test_sieve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
