/* The policies alone, driven as policy.h says: no cache, no threads, no bytes. */
#include "base/mem.h"
#include "cache/policy.h"

#include "../cmocka_all.h"

#include <string.h>

enum { CAPACITY = 100, N_KEYS_MAX = 4000 };

/* A cache of at most CAPACITY unit-sized entries; key n is entry n + 1. */
struct drive {
    const struct cache_policy_ops *ops;
    struct cache_policy *policy;
    struct mface_blob *entries;
    bool resident[N_KEYS_MAX];
    int n_resident;
};

static struct drive *start(const char *name)
{
    struct drive *drive = mface_mem_calloc(1, sizeof *drive);
    drive->ops = cache_policy_find(name);
    assert_non_null(drive->ops);
    drive->entries = mface_mem_calloc(N_KEYS_MAX + 1, sizeof drive->entries[0]);
    drive->policy = drive->ops->create(drive->entries);
    return drive;
}

static void stop(struct drive *drive)
{
    drive->ops->free(drive->policy);
    mface_mem_free(drive->entries);
    mface_mem_free(drive);
}

static void evict_one(struct drive *drive)
{
    struct mface_blob *victim = drive->ops->victim(drive->policy);
    assert_non_null(victim);
    drive->ops->remove(drive->policy, victim);
    drive->resident[victim - drive->entries - 1] = false;
    drive->n_resident--;
}

/* True for a hit. */
static bool ask(struct drive *drive, int n, unsigned cls, uint32_t cost_us)
{
    struct mface_blob *entry = &drive->entries[n + 1];
    const uint32_t now = cache_policy_now(drive->policy);
    if (drive->resident[n]) {
        assert_true(cache_entry_try_hit(entry, now, 0));
        if (drive->ops->hit)
            drive->ops->hit(drive->policy, entry);
        return true;
    }
    if (drive->n_resident == CAPACITY)
        evict_one(drive);
    entry->key = (struct mface_key) { .lo = (uint64_t)n * 0x9e3779b97f4a7c15u, .hi = (uint64_t)n };
    entry->size = 1000;
    entry->cls = cls & 0xff;
    entry->cost_us = cost_us;
    atomic_init(&entry->meta, cache_meta_make(CACHE_VISIBLE, now, 0));
    drive->ops->insert(drive->policy, entry);
    drive->resident[n] = true;
    drive->n_resident++;
    return false;
}

static int count_hits_in_cycle(const char *name, int n_keys, int n_rounds)
{
    struct drive *drive = start(name);
    int n_hits = 0;
    for (int round = 0; round < n_rounds; round++)
        for (int n = 0; n < n_keys; n++)
            n_hits += ask(drive, n, 1, 100);
    stop(drive);
    return n_hits;
}

/* Of a cycle of 200 keys a cache of 100 can hit half, and recency hits nothing. */
static void test_cycle_larger_than_cache(void **state)
{
    (void)state;
    assert_int_equal(count_hits_in_cycle("lru", 2 * CAPACITY, 10), 0);
    assert_true(count_hits_in_cycle("smart", 2 * CAPACITY, 10) >= 9 * CAPACITY * 8 / 10);
}

static void test_cycle_that_fits(void **state)
{
    (void)state;
    static const char *const names[] = { "smart", "lru", "s3fifo", "sieve" };
    for (int i = 0; i < 4; i++)
        assert_int_equal(count_hits_in_cycle(names[i], CAPACITY, 3), 2 * CAPACITY);
}

/* After one working set comes another that fits as well: it must be let in soon. */
static void test_working_set_moves(void **state)
{
    (void)state;
    struct drive *drive = start("smart");
    for (int round = 0; round < 10; round++)
        for (int n = 0; n < CAPACITY; n++)
            ask(drive, n, 1, 100);
    int n_hits = 0;
    for (int round = 0; round < 20; round++)
        for (int n = 0; n < CAPACITY * 8 / 10; n++)
            n_hits += ask(drive, 1000 + n, 1, 100);
    assert_true(n_hits >= CAPACITY * 8 / 10 * 15);
    stop(drive);
}

/* Result n of class 2 is made from entry n of class 1, which is dear. True if nothing was asked of
 * class 1 in vain. */
static bool ask_made(struct drive *drive, int n, int made)
{
    if (ask(drive, made, 2, 1000))
        return true;
    const bool found = ask(drive, n, 1, 100000);
    struct mface_blob *from = &drive->entries[n + 1];
    if (drive->ops->inherit && drive->resident[n] && drive->resident[made])
        drive->ops->inherit(drive->policy, &drive->entries[made + 1], &from, 1);
    return found;
}

static int count_resident(const struct drive *drive, int first, int n)
{
    int n_resident = 0;
    for (int i = 0; i < n; i++)
        n_resident += drive->resident[first + i];
    return n_resident;
}

/* What comes back takes the place of what it was made from. */
static void test_heirs_when_results_come_back(void **state)
{
    (void)state;
    struct drive *drive = start("smart");
    const int n = CAPACITY * 8 / 10;
    for (int round = 0; round < 4; round++) {
        int n_found = 0;
        for (int i = 0; i < n; i++)
            n_found += ask_made(drive, i, 1000 + i);
        assert_int_equal(n_found, round ? n : 0);
        if (round == 0)
            assert_int_equal(count_resident(drive, 0, n), n);
    }
    assert_true(count_resident(drive, 1000, n) > n / 2); // without heirs: CAPACITY - n
    stop(drive);
}

/* Each round other results are made from the same: these stay, even if some come back later. */
static void test_no_heirs_when_settings_change(void **state)
{
    (void)state;
    struct drive *drive = start("smart");
    const int n = CAPACITY * 8 / 10;
    for (int round = 0; round < 6; round++)
        for (int i = 0; i < n; i++)
            assert_int_equal(
                ask_made(drive, i, 1000 + (round < 5 ? round : 4) * 100 + i), round > 0);
    assert_int_equal(count_resident(drive, 0, n), n);
    stop(drive);
}

/* A stream of cheap entries passes through a cache full of dear ones. */
static void test_cheap_does_not_displace_dear(void **state)
{
    (void)state;
    struct drive *drive = start("smart");
    for (int n = 0; n < CAPACITY * 9 / 10; n++)
        ask(drive, n, 1, 100000);
    for (int n = 1000; n < 2000; n++)
        ask(drive, n, 2, 200);
    for (int n = 0; n < CAPACITY * 9 / 10; n++)
        assert_true(drive->resident[n]);
    stop(drive);
}

/* But what is dear and never used again goes in the end. */
static void test_dear_ages(void **state)
{
    (void)state;
    struct drive *drive = start("smart");
    int n_left = 0;
    for (int n = 0; n < CAPACITY; n++)
        ask(drive, n, 1, 1000);
    for (int round = 0; round < 20; round++)
        for (int n = 1000; n < 3000; n++)
            ask(drive, n, 2, 200);
    for (int n = 0; n < CAPACITY; n++)
        n_left += drive->resident[n];
    assert_true(n_left < CAPACITY / 2);
    stop(drive);
}

/* LRU by its definition: a time for each key, and a search for the least. */
static bool ask_plain_lru(int64_t *last_use, int64_t now, int n)
{
    int oldest = -1, n_resident = 0;
    const bool hit = last_use[n] != 0;
    for (int i = 0; i < N_KEYS_MAX; i++)
        if (last_use[i]) {
            n_resident++;
            if (oldest < 0 || last_use[i] < last_use[oldest])
                oldest = i;
        }
    if (!hit && n_resident == CAPACITY)
        last_use[oldest] = 0;
    last_use[n] = now;
    return hit;
}

static void test_lru_is_exact(void **state)
{
    (void)state;
    static int64_t last_use[N_KEYS_MAX];
    struct drive *drive = start("lru");
    uint32_t x = 12345;
    for (int i = 1; i < 20000; i++) {
        x = x * 1664525 + 1013904223;
        const int n = (int)((x >> 8) % (x >> 28 ? 150 : N_KEYS_MAX));
        assert_int_equal(ask(drive, n, 1, 1), ask_plain_lru(last_use, i, n));
    }
    stop(drive);
}

/* Keys in constant use outlive a scan under each policy that looks at hits. */
static void test_hot_keys_survive_scan(void **state)
{
    (void)state;
    static const char *const names[] = { "smart", "s3fifo", "sieve" };
    for (int i = 0; i < 3; i++) {
        struct drive *drive = start(names[i]);
        int n_hits = 0;
        for (int n = 0; n < 3000; n++) {
            n_hits += ask(drive, n % 20, 1, 100);
            ask(drive, 500 + n, 1, 100);
        }
        assert_true(n_hits > 2800);
        stop(drive);
    }
}

static void test_all_pinned_has_no_victim(void **state)
{
    (void)state;
    static const char *const names[] = { "smart", "lru", "s3fifo", "sieve" };
    for (int i = 0; i < 4; i++) {
        struct drive *drive = start(names[i]);
        for (int n = 0; n < CAPACITY; n++) {
            ask(drive, n, n % 3, 100);
            atomic_fetch_add(&drive->entries[n + 1].meta, CACHE_REF);
        }
        assert_null(drive->ops->victim(drive->policy));
        atomic_fetch_sub(&drive->entries[43].meta, CACHE_REF);
        assert_ptr_equal(drive->ops->victim(drive->policy), &drive->entries[43]);
        stop(drive);
    }
}

/* The last entry was used, and what it is worth has changed since it came, either way. */
static void test_a_cache_can_be_emptied(void **state)
{
    (void)state;
    static const char *const names[] = { "smart", "lru", "s3fifo", "sieve" };
    static const uint32_t costs_us[][2] = { { 10000000, 1 }, { 1, 10000000 } };
    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        struct drive *drive = start(names[i / 2]);
        for (int n = 0; n < CAPACITY; n++)
            (void)ask(drive, n, 1, costs_us[i % 2][n > 0]);
        assert_true(ask(drive, 0, 1, 0));
        for (int n = 1; n < CAPACITY; n++)
            drive->ops->remove(drive->policy, &drive->entries[n + 1]);
        assert_ptr_equal(drive->ops->victim(drive->policy), &drive->entries[1]);
        stop(drive);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_null(cache_policy_find("oracle"));
    assert_string_equal(cache_policy_find(NULL)->name, "smart");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycle_larger_than_cache),
        cmocka_unit_test(test_cycle_that_fits),
        cmocka_unit_test(test_working_set_moves),
        cmocka_unit_test(test_heirs_when_results_come_back),
        cmocka_unit_test(test_no_heirs_when_settings_change),
        cmocka_unit_test(test_cheap_does_not_displace_dear),
        cmocka_unit_test(test_dear_ages),
        cmocka_unit_test(test_lru_is_exact),
        cmocka_unit_test(test_hot_keys_survive_scan),
        cmocka_unit_test(test_all_pinned_has_no_victim),
        cmocka_unit_test(test_a_cache_can_be_emptied),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
