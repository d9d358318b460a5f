/* The governor with injected readings and an injected clock, and the reader on files of our own. */
#include "cache/governor.h"

#include "../cmocka_all.h"
#include <memoface/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB INT64_C(1048576)

enum { USER_MIB = 40, ENTRY_BYTES = 100000, SECOND_US = 1000000 };

/* Memory of which others use a part, and the cache what it uses. */
struct world {
    struct mface_cache *cache;
    struct mface_governor governor;
    int64_t total_bytes, others_bytes, now_us;
    double stall_percent;
    bool is_blind;
    int n_messages;
    char folder[32];
};

static int64_t cache_bytes(const struct world *world)
{
    struct mface_cache_stats stats;
    mface_cache_get_stats(world->cache, &stats);
    return stats.used_bytes;
}

static int64_t limit_bytes(const struct world *world)
{
    struct mface_cache_stats stats;
    mface_cache_get_stats(world->cache, &stats);
    assert_int_equal(stats.limit_bytes, world->governor.limit_bytes);
    return stats.limit_bytes;
}

static bool read_world(void *user, struct mface_pressure *pressure)
{
    const struct world *world = user;
    *pressure = (struct mface_pressure) {
        .source = "machine",
        .limit_bytes = world->total_bytes,
        .used_bytes = world->others_bytes + cache_bytes(world),
        .stall_percent = world->stall_percent,
    };
    return !world->is_blind;
}

static void count_message(void *user, enum mface_log_level level, const char *message)
{
    struct world *world = user;
    (void)message;
    world->n_messages += level == MFACE_LOG_INFO;
}

static int setup(void **state)
{
    static struct world world;
    world = (struct world) { .total_bytes = 100 * MIB, .now_us = SECOND_US };
    const struct mface_cache_params params = { .budget_bytes = USER_MIB * MIB };
    if (mface_cache_create(&params, &world.cache) != MFACE_OK)
        return -1;
    mface_governor_init(&world.governor, world.cache, USER_MIB * MIB, read_world, &world);
    mface_log_set(count_message, &world);
    mface_log_set_level(MFACE_LOG_INFO);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    mface_log_set(NULL, NULL);
    mface_cache_free(&((struct world *)*state)->cache);
    return 0;
}

static void fill(struct world *world)
{
    for (uint64_t n = 0; n < 2 * USER_MIB * MIB / ENTRY_BYTES; n++) {
        const struct mface_key key = { n * 0x9e3779b97f4a7c15u + 1, n };
        enum mface_cache_outcome outcome;
        struct mface_blob *blob;
        assert_int_equal(mface_cache_begin(world->cache, key, 1, &outcome, &blob), MFACE_OK);
        if (outcome == MFACE_CACHE_LOAD) {
            assert_int_equal(
                mface_cache_reserve(world->cache, key, 1, ENTRY_BYTES, &blob), MFACE_OK);
            memset(mface_blob_data_mut(blob), 1, ENTRY_BYTES);
            mface_cache_commit(world->cache, blob, 10);
        }
        mface_blob_unref(world->cache, &blob);
    }
}

static void pass(struct world *world, double seconds)
{
    const int64_t end_us = world->now_us + (int64_t)(seconds * SECOND_US);
    for (; world->now_us < end_us; world->now_us += 50000)
        mface_governor_tick(&world->governor, world->now_us);
}

static void test_keeps_its_hands_off(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 30 * MIB; // with the cache: 70 %
    pass(world, 60);
    assert_int_equal(limit_bytes(world), USER_MIB * MIB);
    assert_int_equal(world->n_messages, 0);
    world->others_bytes = 0;
    pass(world, 60); // never past what the user set
    assert_int_equal(limit_bytes(world), USER_MIB * MIB);
}

/* Others come: the cache goes, in small steps, until the mark; they leave: it grows back. */
static void test_shrinks_and_grows_back(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 55 * MIB;
    int64_t before = limit_bytes(world);
    while (world->others_bytes + cache_bytes(world) > 80 * MIB) {
        pass(world, 0.2);
        const int64_t after = limit_bytes(world);
        assert_true(after < before && before - after <= USER_MIB * MIB / 10 + MIB / 2);
        before = after;
    }
    assert_true(world->governor.stats.n_shrinks > 3);
    assert_int_equal(world->n_messages, world->governor.stats.n_shrinks);
    assert_string_equal(world->governor.stats.reason, "memory is short");
    const int64_t shrunk = limit_bytes(world);
    pass(world, 60);
    assert_int_equal(limit_bytes(world), shrunk); // between the marks nothing moves
    world->others_bytes = 5 * MIB;
    pass(world, 3);
    assert_true(limit_bytes(world) > shrunk && limit_bytes(world) < USER_MIB * MIB);
    pass(world, 60);
    assert_int_equal(limit_bytes(world), USER_MIB * MIB);
    fill(world);
    assert_true(cache_bytes(world) > 39 * MIB);
}

/* An emergency is a shrink while memory is nearly full; and memory is read with no cache, too. */
static void test_what_it_tells(void **state)
{
    struct world *world = *state;
    struct mface_governor *governor = &world->governor;
    fill(world);
    world->others_bytes = 45 * MIB; // with the cache: 85 %
    pass(world, 0.2);
    assert_int_equal(governor->stats.n_shrinks, 1);
    assert_int_equal(governor->stats.n_emergencies, 0);
    assert_int_equal(governor->stats.memory_bytes, 100 * MIB);
    world->others_bytes = 60 * MIB;
    pass(world, 0.2);
    assert_int_equal(governor->stats.n_shrinks, 2);
    assert_int_equal(governor->stats.n_emergencies, 1);
    mface_governor_init(governor, NULL, 0, read_world, world);
    pass(world, 0.2);
    assert_true(governor->stats.memory_used > 0.9 && governor->stats.n_shrinks == 0);
}

static void test_growth_waits_after_a_shrink(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 50 * MIB;
    pass(world, 0.2);
    const int64_t shrunk = limit_bytes(world);
    assert_true(shrunk < USER_MIB * MIB);
    world->others_bytes = 0;
    pass(world, 4);
    assert_int_equal(limit_bytes(world), shrunk);
    pass(world, 2);
    assert_true(limit_bytes(world) > shrunk);
}

static void test_acute_shortage_takes_larger_steps(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 45 * MIB; // 85 %
    const int64_t start = cache_bytes(world);
    pass(world, 0.2);
    const int64_t mild = start - limit_bytes(world);
    world->others_bytes = 70 * MIB;
    const int64_t middle = cache_bytes(world);
    pass(world, 0.2);
    assert_true(middle - limit_bytes(world) > mild * 3 / 2);
}

/* Nobody can make room for what does not fit anyway; the cache goes on, small. */
static void test_starved_but_alive(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 99 * MIB;
    pass(world, 60);
    assert_int_equal(limit_bytes(world), USER_MIB * MIB / 20);
    assert_true(cache_bytes(world) <= limit_bytes(world));
    const int n_messages = world->n_messages;
    pass(world, 60);
    assert_int_equal(world->n_messages, n_messages);
    fill(world);
}

static void test_stalls_lower_the_mark(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 25 * MIB;
    world->stall_percent = 20;
    pass(world, 1);
    assert_string_equal(world->governor.stats.reason, "memory stalls");
    const int64_t shrunk = limit_bytes(world);
    assert_true(shrunk < USER_MIB * MIB);
    world->others_bytes = 0; // 60 % is free: the stalls are of another's making
    pass(world, 60);
    assert_int_equal(limit_bytes(world), shrunk);
    world->stall_percent = 0;
    pass(world, 60);
    assert_int_equal(limit_bytes(world), USER_MIB * MIB);
}

static void test_no_reading_no_change(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 99 * MIB;
    world->is_blind = true;
    pass(world, 60);
    assert_int_equal(limit_bytes(world), USER_MIB * MIB);
}

static void test_user_changes_the_limit(void **state)
{
    struct world *world = *state;
    fill(world);
    world->others_bytes = 60 * MIB;
    pass(world, 10);
    assert_int_equal(mface_governor_set_limit(&world->governor, 20 * MIB), MFACE_OK);
    assert_int_equal(limit_bytes(world), 20 * MIB);
    world->others_bytes = 0;
    pass(world, 60);
    assert_int_equal(limit_bytes(world), 20 * MIB);
    assert_int_equal(mface_governor_set_limit(&world->governor, 1), MFACE_ERR_ARG);
    assert_int_equal(limit_bytes(world), 20 * MIB);
}

/* The reader */

static void put(const struct world *world, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_folder(void **state)
{
    static struct world world;
    strcpy(world.folder, "governor-XXXXXX");
    *state = &world;
    return mkdtemp(world.folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", ((struct world *)*state)->folder);
    return system(command);
}

static bool read_files(const struct world *world, struct mface_pressure *pressure)
{
    char proc[64], cgroup[64];
    snprintf(proc, sizeof proc, "%s/proc", world->folder);
    snprintf(cgroup, sizeof cgroup, "%s/cgroup", world->folder);
    struct mface_pressure_paths paths = { proc, cgroup };
    return mface_pressure_read(&paths, pressure);
}

static void test_files(void **state)
{
    const struct world *world = *state;
    struct mface_pressure pressure;
    assert_false(read_files(world, &pressure));
    put(world, "proc/meminfo", "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:    400 kB\n");
    assert_true(read_files(world, &pressure));
    assert_string_equal(pressure.source, "machine");
    assert_string_equal(pressure.smallest_source, "machine");
    assert_int_equal(pressure.limit_bytes, 1000 * 1024);
    assert_int_equal(pressure.used_bytes, 600 * 1024);
    assert_true(pressure.stall_percent == 0);

    put(world, "proc/pressure/memory",
        "some avg10=12.50 avg60=0.00 avg300=0.00 total=0\nfull avg10=1.00 avg60=0 avg300=0\n");
    put(world, "proc/self/cgroup", "4:memory:/other\n0::/a/b\n");
    put(world, "cgroup/a/b/memory.max", "max\n");
    put(world, "cgroup/a/b/memory.high", "max\n");
    put(world, "cgroup/a/b/memory.current", "900000\n");
    assert_true(read_files(world, &pressure));
    assert_string_equal(pressure.source, "machine"); // "max" limits nothing
    assert_true(pressure.stall_percent == 12.5);

    put(world, "cgroup/a/memory.max", "1000000\n"); // the parent's limit holds for the child
    put(world, "cgroup/a/memory.current", "900000\n");
    put(world, "cgroup/a/memory.stat", "anon 1\nfile 9\ninactive_file 100000\n");
    assert_true(read_files(world, &pressure));
    assert_string_equal(pressure.source, "cgroup");
    assert_int_equal(pressure.limit_bytes, 1000000);
    assert_int_equal(pressure.used_bytes, 800000);

    put(world, "cgroup/a/b/memory.high", "950000\n"); // tighter still
    assert_true(read_files(world, &pressure));
    assert_int_equal(pressure.limit_bytes, 950000);

    put(world, "cgroup/a/b/memory.current", "10\n"); // room here, but not one level up
    assert_true(read_files(world, &pressure));
    assert_int_equal(pressure.limit_bytes, 1000000);
    assert_int_equal(pressure.smallest_bytes, 950000); // which is what there is to share
    assert_string_equal(pressure.smallest_source, "cgroup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keeps_its_hands_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shrinks_and_grows_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_it_tells, setup, teardown),
        cmocka_unit_test_setup_teardown(test_growth_waits_after_a_shrink, setup, teardown),
        cmocka_unit_test_setup_teardown(test_acute_shortage_takes_larger_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_starved_but_alive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stalls_lower_the_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_reading_no_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_user_changes_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
