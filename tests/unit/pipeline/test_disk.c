/* The engine over a disk tier: what an earlier process computed is not computed again, damage costs
 * time only, and none of it shows in the pixels. */
#include "../disk/folder.h"
#include "fake.h"
#include "pipeline/settings.h"
#include "pipeline/spill.h"

#include "../cmocka_all.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20, N_FRAMES = 6, N_THREADS = 4 };

struct world {
    struct mface_settings settings;
    struct fake_models models;
    struct mface_cache *cache;
    struct mface_disk *disk;
    struct mface_tally tally;
    const char *dir;
};

static void open_tiers(struct world *world, int64_t ram_bytes)
{
    const struct mface_cache_params ram = { .budget_bytes = ram_bytes };
    if (ram_bytes)
        assert_int_equal(mface_cache_create(&ram, &world->cache), MFACE_OK);
    world->disk = test_open(world->dir, 64 * MIB, 0);
    memset(&world->tally, 0, sizeof world->tally);
    memset(&world->models, 0, sizeof world->models);
    world->models.n_faces = 1;
}

/* What the end of a process does. */
static void close_tiers(struct world *world)
{
    mface_disk_close(&world->disk);
    mface_cache_free(&world->cache);
}

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    mface_settings_init(&world.settings);
    world.settings.resolution_px = 64;
    world.settings.coverage = 1.2;
    world.settings.mask_blur_px = 9;
    world.dir = test_folder_make();
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    test_folder_remove(((struct world *)*state)->dir);
    return 0;
}

static struct fake_frame swapped(struct world *world, unsigned seed)
{
    const struct mface_engine_models models = fake_models_describe(&world->models);
    const struct mface_engine_params params = {
        .settings = &world->settings,
        .models = &models,
        .cache = world->cache,
        .tally = &world->tally,
        .disk = world->disk,
    };
    struct mface_engine *engine;
    struct fake_frame frame;
    int n_faces;
    fake_frame_init(&frame, seed);
    struct mface_canvas canvas = fake_canvas(&frame);
    assert_int_equal(mface_engine_create(&params, &engine), MFACE_OK);
    assert_int_equal(mface_engine_run(engine, &canvas, &n_faces), MFACE_OK);
    mface_engine_free(&engine);
    assert_int_equal(n_faces, 1);
    return frame;
}

/* The frames after the engine; the first call of a test tells what is right. */
static void run_all(struct world *world, struct fake_frame *expected, bool is_first)
{
    for (unsigned i = 0; i < N_FRAMES; i++) {
        const struct fake_frame frame = swapped(world, i);
        if (is_first)
            expected[i] = frame;
        assert_true(fake_frame_equal(&frame, &expected[i]));
    }
}

static void test_a_later_process_computes_nothing(void **state)
{
    struct world *world = *state;
    struct fake_frame expected[N_FRAMES];
    static const int64_t ram_bytes[] = { 64 * MIB, MIB, 0 }; // roomy, tight, none
    open_tiers(world, 64 * MIB);
    run_all(world, expected, true);
    assert_int_equal(world->models.n_swap, N_FRAMES);
    close_tiers(world);
    for (size_t i = 0; i < sizeof ram_bytes / sizeof ram_bytes[0]; i++) {
        open_tiers(world, ram_bytes[i]);
        run_all(world, expected, false);
        assert_int_equal(world->models.n_detect, 0);
        assert_int_equal(world->models.n_mark, 0);
        assert_int_equal(world->models.n_swap, 0);
        assert_int_equal(mface_counter_get(&world->tally.face_hits), N_FRAMES);
        close_tiers(world);
    }
}

static void test_another_setting_keeps_the_swaps(void **state)
{
    struct world *world = *state;
    struct fake_frame expected[N_FRAMES];
    open_tiers(world, 64 * MIB);
    run_all(world, expected, true);
    close_tiers(world);
    world->settings.post_gamma_bgr[2] = 1.5;
    open_tiers(world, 64 * MIB);
    run_all(world, expected, true);
    assert_int_equal(world->models.n_swap, 0);
    assert_int_equal(mface_counter_get(&world->tally.stage[MFACE_STAGE_POST].runs.n), N_FRAMES);
    close_tiers(world);
}

/* Overwrites the payloads of every segment, not the headers that a start reads. */
static void damage_all(const char *dir)
{
    char path[TEST_PATH_BYTES];
    for (int i = 0; test_file(dir, ".seg", i, path); i++) {
        struct stat info;
        const int fd = open(path, O_RDWR);
        assert_int_equal(fstat(fd, &info), 0);
        for (off_t at = 100; at < info.st_size; at += 1000)
            assert_int_equal(pwrite(fd, "\xa5\x5a", 2, at), 2);
        close(fd);
    }
}

static void test_damage_is_computed_anew(void **state)
{
    struct world *world = *state;
    struct fake_frame expected[N_FRAMES];
    test_silence();
    open_tiers(world, 64 * MIB);
    run_all(world, expected, true);
    close_tiers(world);
    damage_all(world->dir);
    for (int round = 0; round < 2; round++) { // with a cache, then without
        open_tiers(world, round ? 0 : 64 * MIB);
        run_all(world, expected, false);
        struct mface_disk_stats stats;
        mface_disk_get_stats(world->disk, &stats);
        assert_true(stats.damaged > 0 || round == 1);
        /* Swaps are kept again; what was not worth it this time may still lie there damaged. */
        assert_int_equal(world->models.n_swap, round == 0 ? N_FRAMES : 0);
        close_tiers(world);
    }
}

static void *run_in_thread(void *arg)
{
    struct world *world = arg;
    for (unsigned i = 0; i < N_FRAMES; i++)
        (void)swapped(world, i);
    return NULL;
}

/* Those who wait for a key that another thread fetches from disk get it without reading again. */
static void test_threads_share_a_fetch(void **state)
{
    struct world *world = *state;
    pthread_t threads[N_THREADS];
    struct fake_frame expected[N_FRAMES];
    open_tiers(world, 64 * MIB);
    run_all(world, expected, true);
    close_tiers(world);
    open_tiers(world, 64 * MIB);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, world), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(world->models.n_swap, 0);
    struct mface_disk_stats stats;
    mface_disk_get_stats(world->disk, &stats);
    assert_true(stats.hits >= 3 * N_FRAMES && stats.hits <= 5 * N_FRAMES); // not once a thread
    close_tiers(world);
}

static void test_what_goes_to_disk(void **state)
{
    (void)state;
    assert_true(mface_spill_writes(MFACE_STAGE_SWAP, 1, 1 << 20));
    assert_true(mface_spill_writes(MFACE_STAGE_DETECT, 1, 100));
    assert_false(mface_spill_writes(MFACE_STAGE_CROP, 1000000, 100));
    assert_false(mface_spill_reads(MFACE_STAGE_CROP));
    assert_false(mface_spill_writes(MFACE_STAGE_MERGE, 1000, 500000)); // read in 1.1 ms
    assert_true(mface_spill_writes(MFACE_STAGE_MERGE, 5000, 500000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_later_process_computes_nothing),
        TEST(another_setting_keeps_the_swaps),
        TEST(damage_is_computed_anew),
        TEST(threads_share_a_fetch),
        cmocka_unit_test(test_what_goes_to_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
