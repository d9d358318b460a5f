/* The engine over fake models: what is computed when, and that memory never shows in the pixels. */
#include "fake.h"
#include "pipeline/settings.h"
#include "swap/stages.h"

#include "../cmocka_all.h"

#include <pthread.h>
#include <string.h>

struct world {
    struct mface_settings settings;
    struct fake_models models;
    struct mface_cache *cache;
    struct mface_tally tally;
};

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    mface_settings_init(&world.settings);
    world.settings.resolution_px = 64;
    world.settings.coverage = 1.2;
    world.settings.mask_blur_px = 9;
    world.models.n_faces = 1;
    *state = &world;
    const struct mface_cache_params params = { .budget_bytes = 64 << 20 };
    return mface_cache_create(&params, &world.cache) == MFACE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    mface_cache_free(&((struct world *)*state)->cache);
    return 0;
}

static enum mface_status run(
    struct world *world, struct mface_cache *cache, struct fake_frame *frame, int *n_faces)
{
    const struct mface_engine_models models = fake_models_describe(&world->models);
    const struct mface_engine_params params = {
        .settings = &world->settings,
        .models = &models,
        .cache = cache,
        .tally = &world->tally,
    };
    struct mface_engine *engine;
    struct mface_canvas canvas = fake_canvas(frame);
    assert_int_equal(mface_engine_create(&params, &engine), MFACE_OK);
    const enum mface_status status = mface_engine_run(engine, &canvas, n_faces);
    mface_engine_free(&engine);
    return status;
}

/* The frame of a seed after the engine, every stage computed. */
static struct fake_frame swapped(struct world *world, struct mface_cache *cache, unsigned seed)
{
    struct fake_frame frame;
    int n_faces;
    fake_frame_init(&frame, seed);
    assert_int_equal(run(world, cache, &frame, &n_faces), MFACE_OK);
    return frame;
}

static int64_t runs(const struct world *world, enum mface_stage stage)
{
    return mface_counter_get(&world->tally.stage[stage].runs.n);
}

static int64_t demands(const struct world *world, enum mface_stage stage)
{
    return mface_counter_get(&world->tally.stage[stage].demands);
}

static void forget_counts(struct world *world)
{
    memset(&world->tally, 0, sizeof world->tally);
}

static void test_changes_the_face_only(void **state)
{
    struct world *world = *state;
    struct fake_frame before;
    fake_frame_init(&before, 1);
    const struct fake_frame after = swapped(world, NULL, 1);
    assert_false(fake_frame_equal(&before, &after));
    assert_memory_equal(before.luma[0], after.luma[0], 5 * FAKE_W);
    for (int y = 0; y < FAKE_H; y++)
        assert_int_equal(before.luma[y][FAKE_W - 1], after.luma[y][FAKE_W - 1]);
}

static void test_repeated_frame_costs_lookups_only(void **state)
{
    struct world *world = *state;
    const struct fake_frame first = swapped(world, world->cache, 1);
    forget_counts(world);
    const struct fake_frame again = swapped(world, world->cache, 1);
    assert_true(fake_frame_equal(&first, &again));
    for (int stage = 0; stage < MFACE_N_STAGES; stage++)
        if (stage != MFACE_STAGE_SELECT && stage != MFACE_STAGE_TRACK) // which are not kept
            assert_int_equal(runs(world, (enum mface_stage)stage), 0);
    assert_int_equal(demands(world, MFACE_STAGE_MERGE), 1);
    assert_int_equal(demands(world, MFACE_STAGE_POST), 0);
    assert_int_equal(demands(world, MFACE_STAGE_CROP), 0);
    assert_int_equal(mface_counter_get(&world->tally.face_hits), 1);
}

/* Costs that can be told apart in a sum, and nothing else. */
static void know_costs(struct world *world)
{
    forget_counts(world);
    mface_tally_cost(&world->tally, MFACE_STAGE_PRE, 10);
    mface_tally_cost(&world->tally, MFACE_STAGE_SWAP, 900);
    mface_tally_cost(&world->tally, MFACE_STAGE_SWAP, 1100);
    mface_tally_cost(&world->tally, MFACE_STAGE_POST, 100);
}

static int64_t hidden_us(const struct world *world)
{
    return mface_counter_get(&world->tally.hidden_us);
}

static void test_a_hit_saves_what_lies_before_it(void **state)
{
    struct world *world = *state;
    struct fake_frame frame;
    int n_faces;
    swapped(world, world->cache, 1);
    know_costs(world);
    swapped(world, world->cache, 1); // merge is found
    assert_int_equal(hidden_us(world), 1100);
    know_costs(world);
    fake_frame_init(&frame, 1);
    frame.luma[2][3] ^= 0x55; // far from the crop: post is found
    assert_int_equal(run(world, world->cache, &frame, &n_faces), MFACE_OK);
    assert_int_equal(hidden_us(world), 1000);
    world->settings.pre_gamma_bgr[0] = 1.2;
    know_costs(world);
    swapped(world, world->cache, 1); // only the crop is
    assert_int_equal(hidden_us(world), 0);
    know_costs(world);
    world->settings.post_gamma_bgr[0] = 1.2;
    swapped(world, world->cache, 1); // swap is
    assert_int_equal(hidden_us(world), 10);
    know_costs(world);
    swapped(world, NULL, 1);
    assert_int_equal(hidden_us(world), 0);
    mface_tally_reset(&world->tally); // the next job knows what runs cost
    assert_int_equal(runs(world, MFACE_STAGE_SWAP), 0);
    assert_int_equal(mface_counter_get(&world->tally.cost[MFACE_STAGE_SWAP].n), 3);
}

static void test_post_gamma_runs_no_inference(void **state)
{
    struct world *world = *state;
    for (unsigned seed = 0; seed < 3; seed++)
        swapped(world, world->cache, seed);
    assert_int_equal(runs(world, MFACE_STAGE_SWAP), 3);
    forget_counts(world);
    world->settings.post_gamma_bgr[2] = 1.3;
    for (unsigned seed = 0; seed < 3; seed++) {
        const struct fake_frame cached = swapped(world, world->cache, seed);
        assert_int_equal(runs(world, MFACE_STAGE_SWAP), 0);
        const struct mface_tally tally = world->tally;
        const struct fake_frame fresh = swapped(world, NULL, seed);
        world->tally = tally;
        assert_true(fake_frame_equal(&cached, &fresh));
    }
    assert_int_equal(runs(world, MFACE_STAGE_POST), 3);
    assert_int_equal(runs(world, MFACE_STAGE_MERGE), 3);
    assert_int_equal(mface_counter_get(&world->tally.face_demands), 3);
    assert_int_equal(mface_counter_get(&world->tally.face_hits), 3);
}

static void test_new_background_keeps_the_face(void **state)
{
    struct world *world = *state;
    struct fake_frame frame, expected;
    int n_faces;
    swapped(world, world->cache, 1);
    forget_counts(world);
    fake_frame_init(&frame, 1);
    frame.luma[2][3] ^= 0x55; // far from the crop
    expected = frame;
    assert_int_equal(run(world, world->cache, &frame, &n_faces), MFACE_OK);
    assert_int_equal(runs(world, MFACE_STAGE_DETECT), 1);
    assert_int_equal(runs(world, MFACE_STAGE_ALIGN), 1);
    assert_int_equal(runs(world, MFACE_STAGE_SWAP), 0);
    assert_int_equal(runs(world, MFACE_STAGE_POST), 0);
    assert_int_equal(demands(world, MFACE_STAGE_SWAP), 0);
    assert_int_equal(run(world, NULL, &expected, &n_faces), MFACE_OK);
    assert_true(fake_frame_equal(&frame, &expected));
}

/* Settings that take each path through merge. */
static void vary(struct mface_settings *settings, int variant)
{
    settings->presharpen = variant & 1 ? 1.5 : 0;
    settings->mask_landmarks = variant & 2;
    settings->color_transfer = variant & 1 ? MFACE_COLOR_RCT : MFACE_COLOR_NONE;
    settings->median_percent = variant == 4 ? 40 : 0;
    settings->compression_area = variant == 5 ? MFACE_COMPRESS_FRAME : MFACE_COMPRESS_FACE;
}

static void test_memory_never_shows(void **state)
{
    struct world *world = *state;
    struct mface_cache *small;
    const struct mface_cache_params params = { .budget_bytes = 1 << 20 };
    assert_int_equal(mface_cache_create(&params, &small), MFACE_OK);
    world->models.n_faces = 3;
    world->settings.max_faces = 0;
    world->settings.swap_all_faces = true;
    for (int variant = 0; variant < 6; variant++) {
        vary(&world->settings, variant);
        for (unsigned i = 0; i < 6; i++) {
            const unsigned seed = i % 3;
            world->settings.pre_cache = world->settings.post_cache = true;
            const struct fake_frame uncached = swapped(world, NULL, seed);
            const struct fake_frame cached = swapped(world, world->cache, seed);
            const struct fake_frame tight = swapped(world, small, seed);
            world->settings.pre_cache = i & 1;
            world->settings.post_cache = i & 2;
            const struct fake_frame partly = swapped(world, small, seed);
            assert_true(fake_frame_equal(&uncached, &cached));
            assert_true(fake_frame_equal(&uncached, &tight));
            assert_true(fake_frame_equal(&uncached, &partly));
        }
    }
    mface_cache_free(&small);
}

static void test_no_room_goes_on_uncached(void **state)
{
    struct world *world = *state;
    struct mface_cache *small;
    const struct mface_cache_params params = { .budget_bytes = 1 << 20 };
    world->settings.resolution_px = 1024; // one crop is three times the budget
    assert_int_equal(mface_cache_create(&params, &small), MFACE_OK);
    const struct fake_frame uncached = swapped(world, NULL, 1);
    const struct fake_frame cached = swapped(world, small, 1);
    assert_true(fake_frame_equal(&uncached, &cached));
    struct mface_cache_stats stats;
    mface_cache_get_stats(small, &stats);
    assert_true(stats.rejected > 0);
    mface_cache_free(&small);
}

static void test_switches_keep_stages_out(void **state)
{
    struct world *world = *state;
    struct mface_cache_stats stats;
    world->settings.presharpen = 1;
    world->settings.pre_cache = world->settings.post_cache = false;
    swapped(world, world->cache, 1);
    mface_cache_get_stats(world->cache, &stats);
    assert_int_equal(stats.classes[MFACE_STAGE_PRE].inserts, 0);
    assert_int_equal(stats.classes[MFACE_STAGE_POST].inserts, 0);
    assert_int_equal(stats.classes[MFACE_STAGE_SWAP].inserts, 1);
    assert_int_equal(runs(world, MFACE_STAGE_PRE), 1);
    assert_int_equal(runs(world, MFACE_STAGE_POST), 1);
}

static void test_frame_without_face_is_not_touched(void **state)
{
    struct world *world = *state;
    struct fake_frame before, frame;
    int n_faces;
    world->models.n_faces = 0;
    fake_frame_init(&before, 1);
    frame = before;
    assert_int_equal(run(world, world->cache, &frame, &n_faces), MFACE_OK);
    assert_int_equal(n_faces, 0);
    assert_int_equal(frame.n_writable, 0);
    assert_true(fake_frame_equal(&before, &frame));
    assert_int_equal(mface_counter_get(&world->tally.frames_without_face), 1);
}

static void test_failed_frame_is_unchanged(void **state)
{
    struct world *world = *state;
    struct fake_frame before, frame;
    int n_faces;
    world->models.swap_fails = true;
    fake_frame_init(&before, 1);
    frame = before;
    assert_int_equal(run(world, world->cache, &frame, &n_faces), MFACE_ERR_INTERNAL);
    assert_true(fake_frame_equal(&before, &frame));
    assert_int_equal(mface_counter_get(&world->tally.frames_failed), 1);
    world->models.swap_fails = false; // a failure is not remembered
    assert_int_equal(run(world, world->cache, &frame, &n_faces), MFACE_OK);
    assert_false(fake_frame_equal(&before, &frame));
}

static void test_selection(void **state)
{
    struct world *world = *state;
    struct fake_frame frame;
    static const struct {
        int max_faces, face_id;
        bool all;
        int expected;
    } cases[] = {
        { 1, 0, false, 1 },
        { 0, 2, false, 1 },
        { 0, 3, false, 0 },
        { 2, 2, false, 0 },
        { 2, 0, true, 2 },
        { 0, 0, true, 3 },
    };
    world->models.n_faces = 3;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int n_faces;
        world->settings.max_faces = cases[i].max_faces;
        world->settings.face_id = cases[i].face_id;
        world->settings.swap_all_faces = cases[i].all;
        fake_frame_init(&frame, 1);
        assert_int_equal(run(world, world->cache, &frame, &n_faces), MFACE_OK);
        assert_int_equal(n_faces, cases[i].expected);
    }
}

/* Eight threads, four frames: each result is computed once, and all come out alike. */
struct shared {
    struct mface_engine *engine;
    struct fake_frame expected[4];
    atomic_int n_wrong;
};

static void *run_all_frames(void *arg)
{
    struct shared *shared = arg;
    for (unsigned i = 0; i < 4 * 5; i++) {
        struct fake_frame frame;
        int n_faces;
        fake_frame_init(&frame, i % 4);
        struct mface_canvas canvas = fake_canvas(&frame);
        if (mface_engine_run(shared->engine, &canvas, &n_faces) != MFACE_OK ||
            !fake_frame_equal(&frame, &shared->expected[i % 4]))
            atomic_fetch_add(&shared->n_wrong, 1);
    }
    return NULL;
}

static void test_threads_share_work(void **state)
{
    struct world *world = *state;
    static struct shared shared;
    pthread_t threads[8];
    const struct mface_engine_models models = fake_models_describe(&world->models);
    const struct mface_engine_params params = { &world->settings, &models, world->cache,
        &world->tally };
    for (unsigned seed = 0; seed < 4; seed++)
        shared.expected[seed] = swapped(world, NULL, seed);
    atomic_store(&world->models.n_swap, 0);
    assert_int_equal(mface_engine_create(&params, &shared.engine), MFACE_OK);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_all_frames, &shared), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    mface_engine_free(&shared.engine);
    assert_int_equal(shared.n_wrong, 0);
    assert_int_equal(world->models.n_swap, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(changes_the_face_only),
        TEST(repeated_frame_costs_lookups_only),
        TEST(a_hit_saves_what_lies_before_it),
        TEST(post_gamma_runs_no_inference),
        TEST(new_background_keeps_the_face),
        TEST(memory_never_shows),
        TEST(no_room_goes_on_uncached),
        TEST(switches_keep_stages_out),
        TEST(frame_without_face_is_not_touched),
        TEST(failed_frame_is_unchanged),
        TEST(selection),
        TEST(threads_share_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
