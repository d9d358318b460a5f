/* Live control: which settings a frame goes by, what is computed again, pausing. */
#include "fake.h"
#include "pipeline/control.h"

#include "../cmocka_all.h"

#include <memoface/log.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { N_DIFFERENT = 5, N_THREADS = 4, N_FRAMES = 400 };

struct world {
    struct fake_models models;
    struct mface_tally tally;
    struct mface_cache *cache;
    struct mface_control *control;
};

static int setup(void **state)
{
    static struct world world;
    struct mface_settings settings;
    memset(&world, 0, sizeof world);
    mface_settings_init(&settings);
    settings.resolution_px = 32;
    world.models.n_faces = 1;
    const struct mface_cache_params params = { .budget_bytes = 64 << 20 };
    assert_int_equal(mface_cache_create(&params, &world.cache), MFACE_OK);
    assert_int_equal(mface_control_create(&settings, &world.control), MFACE_OK);
    *state = &world;
    return 0;
}

static void begin(struct world *world)
{
    const struct mface_engine_models models = fake_models_describe(&world->models);
    const struct mface_engine_params params = {
        .models = &models, .cache = world->cache, .tally = &world->tally
    };
    assert_int_equal(mface_control_begin(world->control, &params, 1), MFACE_OK);
}

static int teardown(void **state)
{
    struct world *world = *state;
    mface_control_free(&world->control);
    mface_cache_free(&world->cache);
    return 0;
}

static struct mface_control_state patch(struct world *world, const char *key, const char *text)
{
    const char *const pairs[] = { key, text, NULL };
    struct mface_control_state state;
    assert_int_equal(mface_control_patch(world->control, pairs, &state, NULL), MFACE_OK);
    return state;
}

/* Runs a frame through an engine that was entered for it. */
static void run_on(struct mface_engine *engine, int64_t index, struct fake_frame *frame)
{
    int n_faces;
    fake_frame_init(frame, (unsigned)(index % N_DIFFERENT));
    struct mface_canvas canvas = fake_canvas(frame);
    assert_int_equal(mface_engine_run(engine, &canvas, &n_faces), MFACE_OK);
}

static void run(struct world *world, int64_t index, struct fake_frame *frame)
{
    run_on(mface_control_enter(world->control, index), index, frame);
    mface_control_leave(world->control, index);
}

static void test_frames_that_began_keep_their_settings(void **state)
{
    struct world *world = *state;
    struct fake_frame old, late, new;
    begin(world);
    run(world, 0, &old);
    struct mface_engine *begun = mface_control_enter(world->control, 1 * N_DIFFERENT);
    assert_int_equal(patch(world, "post-gamma-red", "2").first_frame, N_DIFFERENT + 1);
    /* It overtook others, which had not begun: they go by the same settings as it does. */
    struct mface_engine *overtaken = mface_control_enter(world->control, 1);
    assert_ptr_equal(overtaken, begun);
    mface_control_leave(world->control, 1);
    run(world, 2 * N_DIFFERENT, &new);
    run_on(begun, N_DIFFERENT, &late);
    mface_control_leave(world->control, N_DIFFERENT);
    assert_true(fake_frame_equal(&old, &late));
    assert_false(fake_frame_equal(&old, &new));
    assert_int_equal(world->models.n_swap, 1);
    assert_int_equal(mface_counter_get(&world->tally.stage[MFACE_STAGE_POST].runs.n), 2);
    mface_control_end(world->control);
}

static void test_many_changes_between_two_frames(void **state)
{
    struct world *world = *state;
    struct fake_frame frame;
    begin(world);
    for (int i = 0; i < 1000; i++) {
        struct mface_control_state now = patch(world, "opacity", i % 2 ? "0.5" : "0.25");
        assert_int_equal(now.first_frame, 0);
        assert_int_equal(now.settings_version, i + 2);
    }
    run(world, 0, &frame);
    assert_int_equal(patch(world, "opacity", "0.5").settings_version, 1001); // nothing changed
    mface_control_end(world->control);
}

static void test_refusals_change_nothing(void **state)
{
    struct world *world = *state;
    static const struct {
        enum mface_status status;
        const char *pairs[5];
    } cases[] = {
        { MFACE_ERR_NOENT, { "opacity", "0.5", "no-such", "1" } },
        { MFACE_ERR_ARG, { "opacity", "0.5", "opacity", "2" } },
        { MFACE_ERR_UNSUPPORTED, { "opacity", "0.5", "threads", "1" } },
        { MFACE_ERR_UNSUPPORTED, { "marker", "468" } },
    };
    struct mface_settings settings;
    begin(world);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mface_refusal refusal = { "", "" };
        assert_int_equal(
            mface_control_patch(world->control, cases[i].pairs, NULL, &refusal), cases[i].status);
        assert_true(refusal.key[0] && strstr(refusal.message, refusal.key));
        assert_int_equal(mface_control_get_settings(world->control, &settings), 1);
        assert_true(settings.opacity == 1);
    }
    mface_control_end(world->control);
}

/* A switch of the cache in mid-job shows in what is computed, never in the result. */
static void test_cache_off_and_on(void **state)
{
    struct world *world = *state;
    struct fake_frame with, without;
    begin(world);
    run(world, 0, &with);
    patch(world, "cache-size", "0");
    run(world, N_DIFFERENT, &without);
    assert_true(fake_frame_equal(&with, &without));
    assert_int_equal(world->models.n_swap, 2);
    patch(world, "cache-size", "1G");
    run(world, 2 * N_DIFFERENT, &with);
    assert_int_equal(world->models.n_swap, 2);
    mface_control_end(world->control);
}

struct crowd {
    struct world *world;
    atomic_int next, n_inside, n_most, n_wrong;
    bool waits; // as the decoder would, before each frame
    struct fake_frame old[N_DIFFERENT], new[N_DIFFERENT];
    atomic_int is_new[N_FRAMES];
};

static void *work(void *arg)
{
    struct crowd *crowd = arg;
    struct mface_control *control = crowd->world->control;
    static pthread_mutex_t decoder = PTHREAD_MUTEX_INITIALIZER;
    static atomic_bool never;
    for (;;) {
        struct fake_frame frame;
        pthread_mutex_lock(&decoder);
        const int i = atomic_fetch_add(&crowd->next, 1);
        if (crowd->waits && i < N_FRAMES)
            mface_control_wait(control, &never, false);
        pthread_mutex_unlock(&decoder);
        if (i >= N_FRAMES)
            return NULL;
        struct mface_engine *engine = mface_control_enter(control, i);
        const int n_inside = atomic_fetch_add(&crowd->n_inside, 1) + 1;
        if (n_inside > atomic_load(&crowd->n_most))
            atomic_store(&crowd->n_most, n_inside);
        run_on(engine, i, &frame);
        atomic_fetch_sub(&crowd->n_inside, 1);
        mface_control_leave(control, i);
        const bool is_old = fake_frame_equal(&frame, &crowd->old[i % N_DIFFERENT]);
        const bool is_new = fake_frame_equal(&frame, &crowd->new[i % N_DIFFERENT]);
        atomic_fetch_add(&crowd->n_wrong, is_old == is_new);
        atomic_store(&crowd->is_new[i], is_new);
    }
}

static void start(struct crowd *crowd, pthread_t threads[N_THREADS])
{
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, crowd), 0);
}

/* Frames as they are under both settings. */
static void prepare(struct world *world, struct crowd *crowd)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->world = world;
    for (int pass = 0; pass < 2; pass++) {
        begin(world);
        for (int i = 0; i < N_DIFFERENT; i++)
            run(world, i, pass ? &crowd->new[i] : &crowd->old[i]);
        mface_control_end(world->control);
        patch(world, "post-gamma-red", pass ? "1" : "2");
    }
}

static void test_each_frame_has_one_version(void **state)
{
    static struct crowd crowd;
    struct world *world = *state;
    pthread_t threads[N_THREADS];
    prepare(world, &crowd);
    const int n_swap = world->models.n_swap;
    begin(world);
    start(&crowd, threads);
    while (atomic_load(&crowd.next) < N_FRAMES / 2)
        usleep(100);
    const int64_t border = patch(world, "post-gamma-red", "2").first_frame;
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    mface_control_end(world->control);
    assert_int_equal(crowd.n_wrong, 0);
    assert_int_equal(world->models.n_swap, n_swap);
    for (int i = 0; i < N_FRAMES; i++)
        assert_int_equal(crowd.is_new[i], i >= border);
}

static void test_one_at_a_time(void **state)
{
    static struct crowd crowd;
    struct world *world = *state;
    pthread_t threads[N_THREADS];
    prepare(world, &crowd);
    patch(world, "parallel", "off");
    crowd.waits = true;
    begin(world);
    start(&crowd, threads);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    mface_control_end(world->control);
    assert_int_equal(crowd.n_most, 1);
    assert_int_equal(crowd.n_wrong, 0);
}

struct reader {
    struct mface_control *control;
    atomic_bool cancel;
    atomic_int n_let_in;
};

static void *read_frames(void *arg)
{
    struct reader *reader = arg;
    while (!atomic_load(&reader->cancel)) {
        mface_control_wait(reader->control, &reader->cancel, false);
        atomic_fetch_add(&reader->n_let_in, 1);
        usleep(1000);
    }
    return NULL;
}

static void test_pause(void **state)
{
    struct world *world = *state;
    struct reader reader = { .control = world->control };
    struct mface_control_state now;
    pthread_t thread;
    begin(world);
    mface_control_pause(world->control, true);
    assert_int_equal(pthread_create(&thread, NULL, read_frames, &reader), 0);
    usleep(120000);
    assert_int_equal(atomic_load(&reader.n_let_in), 0);
    mface_control_get_state(world->control, &now);
    assert_true(now.is_paused && now.paused_s >= 0.1);
    mface_control_pause(world->control, false);
    while (atomic_load(&reader.n_let_in) < 3)
        usleep(1000);
    mface_control_pause(world->control, true);
    atomic_store(&reader.cancel, true); // as a signal handler would: nobody is woken
    pthread_join(thread, NULL);
    mface_control_end(world->control);
    mface_control_get_state(world->control, &now);
    assert_false(now.is_paused || now.is_running);
}

static void ignore(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(frames_that_began_keep_their_settings),
        TEST(many_changes_between_two_frames),
        TEST(refusals_change_nothing),
        TEST(cache_off_and_on),
        TEST(each_frame_has_one_version),
        TEST(one_at_a_time),
        TEST(pause),
    };
    mface_log_set(ignore, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
