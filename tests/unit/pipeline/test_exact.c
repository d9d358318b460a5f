/* Exact means exact: threads that run the engine over the same frames again and again, with every
 * policy, with and without a disk, in caches from 16 MB up, and while the cache is resized under
 * them, write what an engine without any cache writes. */
#include "../disk/folder.h"
#include "cache/governor.h"
#include "fake.h"
#include "pipeline/settings.h"

#include "../cmocka_all.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { MIB = 1 << 20, N_FRAMES = 40, N_ROUNDS = 3, N_THREADS = 3, TICKS_MAX = 4000 };

struct world {
    struct mface_settings settings;
    struct fake_models models;
    struct mface_tally tally;
    struct mface_cache *cache;
    struct mface_disk *disk;
    struct mface_engine *engine;
    struct fake_frame expected[N_FRAMES];
    atomic_int next, n_wrong;
    atomic_bool is_over;
    atomic_bool goes_on; // after all rounds, until this is false
};

/* 50 MB of results, 20 of them swaps, with two faces a frame. */
static void open_world(struct world *world, const char *policy, int64_t ram_bytes, const char *dir)
{
    const struct mface_cache_params ram = { .budget_bytes = ram_bytes, .policy = policy };
    const struct mface_engine_models models = fake_models_describe(&world->models);
    world->models.n_faces = 2;
    if (ram_bytes)
        assert_int_equal(mface_cache_create(&ram, &world->cache), MFACE_OK);
    if (dir)
        world->disk = test_open(dir, 64 * MIB, 0);
    const struct mface_engine_params params = {
        .settings = &world->settings,
        .models = &models,
        .cache = world->cache,
        .tally = &world->tally,
        .disk = world->disk,
    };
    assert_int_equal(mface_engine_create(&params, &world->engine), MFACE_OK);
    atomic_store(&world->next, 0);
    atomic_store(&world->is_over, false);
    atomic_store(&world->models.n_swap, 0);
}

static void close_world(struct world *world)
{
    mface_engine_free(&world->engine);
    mface_disk_close(&world->disk);
    mface_cache_free(&world->cache);
}

static struct fake_frame swapped(struct world *world, int seed)
{
    struct fake_frame frame;
    int n_faces = 0;
    fake_frame_init(&frame, (unsigned)seed);
    struct mface_canvas canvas = fake_canvas(&frame);
    if (mface_engine_run(world->engine, &canvas, &n_faces) != MFACE_OK || n_faces != 2)
        atomic_fetch_add(&world->n_wrong, 1);
    return frame;
}

static bool is_wanted(struct world *world, int i)
{
    return i < N_ROUNDS * N_FRAMES || atomic_load(&world->goes_on);
}

/* Rounds forwards and backwards in turn. */
static void *work(void *user)
{
    struct world *world = user;
    int i;
    while (is_wanted(world, i = atomic_fetch_add(&world->next, 1))) {
        const int at = i % N_FRAMES, seed = i / N_FRAMES % 2 ? N_FRAMES - 1 - at : at;
        const struct fake_frame frame = swapped(world, seed);
        if (!fake_frame_equal(&frame, &world->expected[seed]))
            atomic_fetch_add(&world->n_wrong, 1);
    }
    return NULL;
}

static void run_threads(struct world *world)
{
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, world), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(world->n_wrong, 0);
}

static const char *const policies[] = { "smart", "lru", "s3fifo", "sieve" };
enum { N_POLICIES = sizeof policies / sizeof policies[0] };

static void test_policies_budgets_disk(void **state)
{
    static const int64_t budgets[] = { 16 * MIB, 64 * MIB };
    struct world *world = *state;
    for (int i = 0; i < 2 * N_POLICIES; i++) {
        const char *dir = i < N_POLICIES ? NULL : test_folder_make();
        for (size_t b = 0; b < sizeof budgets / sizeof budgets[0]; b++) {
            open_world(world, policies[i % N_POLICIES], budgets[b], dir);
            run_threads(world);
            if (budgets[b] == 64 * MIB && !dir) // all fits
                assert_int_equal(world->models.n_swap, 2 * N_FRAMES);
            if (budgets[b] == 16 * MIB && i == 1) // least recently used: it does not
                assert_true(world->models.n_swap > 2 * N_FRAMES);
            if (b && dir) // there from the run before, but for what the queue dropped
                assert_true(world->models.n_swap < N_FRAMES);
            close_world(world);
        }
        if (dir)
            test_folder_remove(dir);
    }
}

/* Memory fills and empties as the number of calls has it. */
static bool read_pressure(void *user, struct mface_pressure *pressure)
{
    const int n = (*(int *)user)++;
    *pressure = (struct mface_pressure) {
        .source = "machine",
        .limit_bytes = 100 * MIB,
        .used_bytes = (n / 8 % 2 ? 95 : 20) * (int64_t)MIB,
    };
    return true;
}

/* The governor on a clock that runs fast, and a user who changes his mind. Frames go on until it
 * has shrunk the cache and let it grow, which takes some twenty of its ticks. */
static void *resize(void *user)
{
    static const int64_t limits[] = { 64 * MIB, 16 * MIB, 40 * MIB, 2 * MIB };
    struct world *world = user;
    struct mface_governor governor = { 0 };
    int64_t now_us = 0;
    int n_calls = 0;
    const struct timespec pause = { .tv_nsec = 500000 };
    mface_governor_init(&governor, world->cache, limits[0], read_pressure, &n_calls);
    for (int i = 0; !atomic_load(&world->is_over); i++) {
        now_us += 5 * INT64_C(1000000);
        mface_governor_tick(&governor, now_us);
        if (i % 5 == 4 && mface_governor_set_limit(&governor, limits[i / 5 % 4]) != MFACE_OK)
            atomic_fetch_add(&world->n_wrong, 1);
        if ((governor.stats.n_shrinks > 0 && governor.stats.n_grows > 0) || i > TICKS_MAX)
            atomic_store(&world->goes_on, false);
        nanosleep(&pause, NULL);
    }
    if (governor.stats.n_shrinks == 0 || governor.stats.n_grows == 0)
        atomic_fetch_add(&world->n_wrong, 1);
    return NULL;
}

static void test_resized_mid_run(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 2 * N_POLICIES; i++) {
        const char *dir = i < N_POLICIES ? NULL : test_folder_make();
        pthread_t resizer;
        open_world(world, policies[i % N_POLICIES], 64 * MIB, dir);
        atomic_store(&world->goes_on, true);
        assert_int_equal(pthread_create(&resizer, NULL, resize, world), 0);
        run_threads(world);
        atomic_store(&world->is_over, true);
        pthread_join(resizer, NULL);
        assert_int_equal(world->n_wrong, 0);
        close_world(world);
        if (dir)
            test_folder_remove(dir);
    }
}

static int setup(void **state)
{
    static struct world world;
    mface_settings_init(&world.settings);
    world.settings.coverage = 1.2;
    world.settings.presharpen = 0.5;
    world.settings.max_faces = 2;
    world.settings.swap_all_faces = true;
    test_silence();
    open_world(&world, NULL, 0, NULL);
    for (int i = 0; i < N_FRAMES; i++)
        world.expected[i] = swapped(&world, i);
    close_world(&world);
    *state = &world;
    return world.n_wrong;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies_budgets_disk),
        cmocka_unit_test(test_resized_mid_run),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
