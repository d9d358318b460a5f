/* The pipeline over a reader and a writer of this file's own: order, cancelling, failures. The
 * functions of media/media.h that the pipeline calls are defined here, so no file is opened. */
#include "base/hash.h"
#include "fake.h"
#include "pipeline/pipeline.h"
#include "pipeline/settings.h"

#include "../cmocka_all.h"

#include <memoface/log.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct mface_frame {
    struct fake_frame pixels;
    int64_t index;
};

struct mface_reader {
    int64_t n_frames;
    _Atomic int64_t n_read;
    bool is_calm;                 // ten frames at a time that differ in a few pixels
    int hold;                     // times that each frame comes; 0: once
    enum mface_status fails_with; // at the end
};

struct mface_writer {
    int64_t n_written, fails_at, cancels_at;
    atomic_bool *cancel;
    bool in_order, is_rising;
    int64_t last_index;
    struct fake_frame last;
    struct mface_hasher hasher; // of all frames
};

static atomic_int n_frames_alive;
static double frame_s; // from one to the next

enum mface_status mface_reader_read(struct mface_reader *reader, struct mface_frame **frame)
{
    if (reader->n_read == reader->n_frames)
        return reader->fails_with != MFACE_OK ? reader->fails_with : MFACE_ERR_EOF;
    *frame = malloc(sizeof **frame);
    assert_non_null(*frame);
    const int64_t n = reader->hold ? reader->n_read / reader->hold : reader->n_read;
    fake_frame_init(&(*frame)->pixels, (unsigned)(reader->is_calm ? n / 10 : n));
    (*frame)->pixels.luma[0][0] = (uint8_t)n;
    (*frame)->index = reader->n_read++;
    atomic_fetch_add(&n_frames_alive, 1);
    return MFACE_OK;
}

enum mface_status mface_writer_write(struct mface_writer *writer, struct mface_frame *frame)
{
    if (writer->n_written == writer->fails_at)
        return MFACE_ERR_NOSPC;
    if (writer->n_written == writer->cancels_at)
        atomic_store(writer->cancel, true);
    writer->in_order &= frame->index == writer->n_written;
    writer->is_rising &= frame->index > writer->last_index;
    writer->last_index = frame->index;
    writer->last = frame->pixels;
    mface_hasher_add_bytes(&writer->hasher, frame->pixels.luma, sizeof frame->pixels.luma);
    writer->n_written++;
    return MFACE_OK;
}

void mface_frame_unref(struct mface_frame **frame)
{
    atomic_fetch_sub(&n_frames_alive, *frame != NULL);
    free(*frame);
    *frame = NULL;
}

struct mface_picture mface_frame_picture(const struct mface_frame *frame)
{
    return fake_canvas((struct fake_frame *)&frame->pixels).picture;
}

struct mface_key mface_frame_key(const struct mface_frame *frame)
{
    return fake_canvas((struct fake_frame *)&frame->pixels).key;
}

enum mface_status mface_frame_make_writable(struct mface_frame *frame)
{
    (void)frame;
    return MFACE_OK;
}

int64_t mface_frame_index(const struct mface_frame *frame)
{
    return frame->index;
}

double mface_frame_time_s(const struct mface_frame *frame)
{
    return (double)frame->index * frame_s;
}

struct world {
    struct mface_settings settings;
    struct fake_models models;
    struct mface_tally tally;
    struct mface_engine *engine;
    struct mface_cache *cache; // NULL: none
    struct mface_reader reader;
    struct mface_writer writer;
    atomic_bool cancel;
    pthread_t caller;
    int n_ticks, n_foreign_ticks;
    bool newest_wins;
    int batch;
};

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    mface_settings_init(&world.settings);
    world.settings.resolution_px = 32;
    world.models.n_faces = 1;
    world.reader.n_frames = 60;
    world.writer = (struct mface_writer) { .fails_at = -1, .cancels_at = -1, .in_order = true };
    world.writer.is_rising = true;
    world.writer.last_index = -1;
    world.writer.cancel = &world.cancel;
    mface_hasher_init(&world.writer.hasher);
    world.caller = pthread_self();
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return n_frames_alive; // none may leak, whatever happened
}

static void tick(void *user)
{
    struct world *world = user;
    world->n_ticks++;
    world->n_foreign_ticks += !pthread_equal(world->caller, pthread_self());
}

static enum mface_status run(struct world *world, int n_workers, bool *is_writable)
{
    const struct mface_engine_models models = fake_models_describe(&world->models);
    const struct mface_engine_params engine = { &world->settings, &models, world->cache,
        &world->tally };
    assert_int_equal(mface_engine_create(&engine, &world->engine), MFACE_OK);
    const struct mface_pipeline_params params = {
        .reader = &world->reader,
        .writer = &world->writer,
        .engine = world->engine,
        .tally = &world->tally,
        .n_workers = n_workers,
        .newest_wins = world->newest_wins,
        .batch = world->batch,
        .cancel = &world->cancel,
        .tick = tick,
        .user = world,
        .interval_us = 1,
    };
    const enum mface_status status = mface_pipeline_run(&params, is_writable);
    mface_engine_free(&world->engine);
    return status;
}

static void test_order_is_kept(void **state)
{
    struct world *world = *state;
    bool is_writable;
    for (int n_workers = 1; n_workers <= 7; n_workers += 3) {
        setup(state);
        assert_int_equal(run(world, n_workers, &is_writable), MFACE_OK);
        assert_true(is_writable && world->writer.in_order);
        assert_int_equal(world->writer.n_written, 60);
        assert_int_equal(mface_counter_get(&world->tally.frames), 60);
        assert_int_equal(mface_counter_get(&world->tally.latency.n), 60);
        assert_int_equal(mface_counter_get(&world->tally.stage[MFACE_STAGE_DECODE].demands), 60);
        assert_true(world->n_ticks > 0);
        assert_int_equal(world->n_foreign_ticks, 0);
    }
}

/* What is followed and smoothed depends on the frames before, never on who worked on them when. */
static void test_history_goes_in_order(void **state)
{
    static const struct {
        int detect_every, smooth;
    } variants[] = { { 1, 1 }, { 30, 1 }, { 1, 9 }, { 4, 9 } };
    struct world *world = *state;
    bool is_writable;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct mface_key expected = { 0 };
        for (int n_workers = 1; n_workers <= 9; n_workers += 4) {
            setup(state);
            world->reader.is_calm = true;
            world->models.shakes = true;
            world->settings.detect_every = variants[i].detect_every;
            world->settings.smooth = variants[i].smooth;
            assert_int_equal(run(world, n_workers, &is_writable), MFACE_OK);
            assert_int_equal(world->writer.n_written, 60);
            const struct mface_key key = mface_hasher_finish(&world->writer.hasher);
            if (n_workers == 1)
                expected = key;
            assert_true(mface_key_equal(expected, key));
        }
    }
}

/* Two frames of each of two pictures: no swap returns before both have begun, so that a worker that
 * waited for its frame's twin would be missed. Not more pictures, or the two that meet might leave
 * the third alone. */
static void test_equal_frames_hold_up_nobody(void **state)
{
    struct world *world = *state;
    const struct mface_cache_params params = { .budget_bytes = 64 << 20 };
    bool is_writable;
    for (int i = 0; i < 20; i++) {
        setup(state);
        assert_int_equal(mface_cache_create(&params, &world->cache), MFACE_OK);
        world->reader = (struct mface_reader) { .n_frames = 4, .hold = 2 };
        world->models.swaps_meet = 2;
        assert_int_equal(run(world, 2, &is_writable), MFACE_OK);
        mface_cache_free(&world->cache);
        assert_true(world->writer.in_order);
        assert_int_equal(world->writer.n_written, 4);
        assert_int_equal(world->models.n_swap, 2);
        assert_int_equal(world->models.n_alone, 0);
    }
}

static struct mface_key run_and_hash(struct world *world, int n_workers)
{
    bool is_writable;
    assert_int_equal(run(world, n_workers, &is_writable), MFACE_OK);
    assert_true(is_writable && world->writer.in_order);
    assert_int_equal(world->writer.n_written, 60);
    return mface_hasher_finish(&world->writer.hasher);
}

/* With and without a cache, and with more faces a frame than a batch holds. */
static void test_batches_change_nothing(void **state)
{
    struct world *world = *state;
    const struct mface_cache_params params = { .budget_bytes = 64 << 20 };
    for (int n_faces = 1; n_faces <= 5; n_faces += 2) {
        struct mface_key expected = { 0 };
        for (int batch = 1; batch <= 4; batch++)
            for (int variant = 0; variant < 4; variant++) {
                setup(state);
                world->batch = batch;
                world->models.n_faces = n_faces;
                world->settings.max_faces = n_faces;
                world->settings.swap_all_faces = true;
                if (variant & 1)
                    assert_int_equal(mface_cache_create(&params, &world->cache), MFACE_OK);
                const struct mface_key key = run_and_hash(world, variant & 2 ? 1 : 3);
                if (batch == 1 && variant == 0)
                    expected = key;
                assert_true(mface_key_equal(key, expected));
                assert_int_equal(world->models.n_swap, 60 * n_faces);
                assert_int_equal(mface_counter_get(&world->tally.face_hits), 0);
                assert_int_equal(
                    mface_counter_get(&world->tally.stage[MFACE_STAGE_SWAP].runs.n), 60 * n_faces);
                mface_cache_free(&world->cache);
            }
    }
}

/* Until so many frames have been read, or all. */
static void wait_for_frames(const struct mface_reader *reader, int64_t n)
{
    const struct timespec a_moment = { .tv_nsec = 1000000 };
    n = n < reader->n_frames ? n : reader->n_frames;
    for (int i = 0; i < 20000 && atomic_load(&reader->n_read) < n; i++)
        nanosleep(&a_moment, NULL);
}

/* The ninth is read when eight have been handed to the worker: four are here, four wait. */
static void wait_for_two_batches(void *user, int n_done)
{
    wait_for_frames(user, n_done + 2 * 4 + 1);
}

static void wait_for_all(void *user, int n_done)
{
    (void)n_done;
    wait_for_frames(user, INT64_MAX);
}

/* While the model works the ring fills with frames, of which as many go next as make a batch: the
 * first alone, four at a time, and the last three one by one. */
static void test_batches_fill(void **state)
{
    struct world *world = *state;
    world->batch = 4;
    world->models.hold_swap = wait_for_two_batches;
    world->models.hold_user = &world->reader;
    (void)run_and_hash(world, 1);
    assert_int_equal(world->models.n_swap, 60);
    assert_in_range(world->models.n_swap_calls, 15, 20);
}

/* Frames that differ around one face, and frames that are held: what waits is not computed twice,
 * whoever comes first. */
static void test_what_waits_is_computed_once(void **state)
{
    struct world *world = *state;
    const struct mface_cache_params params = { .budget_bytes = 64 << 20 };
    for (int i = 0; i < 40; i++) {
        setup(state);
        assert_int_equal(mface_cache_create(&params, &world->cache), MFACE_OK);
        world->batch = 2 + i % 3;
        world->reader.is_calm = i % 2 == 0;
        world->reader.hold = i % 2 ? 3 : 0;
        (void)run_and_hash(world, 1 + i % 4);
        assert_int_equal(world->models.n_swap, world->reader.is_calm ? 6 : 20);
        mface_cache_free(&world->cache);
    }
}

static void test_failed_batches_leave_frames_unchanged(void **state)
{
    struct world *world = *state;
    world->batch = 4;
    world->models.swap_fails = true;
    (void)run_and_hash(world, 3);
    assert_int_equal(mface_counter_get(&world->tally.frames_failed), 60);
}

static void test_newest_frame_wins(void **state)
{
    struct world *world = *state;
    bool is_writable;
    world->newest_wins = true;
    frame_s = 0; // all are due at once, and read before any is done
    world->reader.n_frames = 500;
    world->models.hold_swap = wait_for_all;
    world->models.hold_user = &world->reader;
    assert_int_equal(run(world, 2, &is_writable), MFACE_OK);
    const int64_t n_dropped = mface_counter_get(&world->tally.frames_dropped);
    assert_int_equal(world->writer.n_written + n_dropped, 500);
    assert_true(n_dropped > 490 && world->writer.is_rising);
    assert_int_equal(world->writer.last_index, 499); // the last one has no newer one
}

static void test_frames_wait_until_they_are_due(void **state)
{
    struct world *world = *state;
    struct timespec from, to;
    bool is_writable;
    world->newest_wins = true;
    frame_s = 0.01;
    world->reader.n_frames = 20;
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_int_equal(run(world, 2, &is_writable), MFACE_OK);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(world->writer.is_rising);
    assert_true(
        (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9 > 0.18);
}

static void test_empty_input(void **state)
{
    struct world *world = *state;
    bool is_writable;
    world->reader.n_frames = 0;
    assert_int_equal(run(world, 2, &is_writable), MFACE_OK);
    assert_true(is_writable);
    assert_int_equal(world->writer.n_written, 0);
}

static void test_cancel_keeps_what_was_begun(void **state)
{
    struct world *world = *state;
    bool is_writable;
    world->reader.n_frames = INT64_MAX;
    world->writer.cancels_at = 5;
    assert_int_equal(run(world, 3, &is_writable), MFACE_ERR_CANCELED);
    assert_true(is_writable && world->writer.in_order);
    assert_int_equal(world->writer.n_written, world->reader.n_read);
}

static void test_failed_read_keeps_what_came_before(void **state)
{
    struct world *world = *state;
    bool is_writable;
    world->reader.fails_with = MFACE_ERR_IO;
    assert_int_equal(run(world, 3, &is_writable), MFACE_ERR_IO);
    assert_true(is_writable && world->writer.in_order);
    assert_int_equal(world->writer.n_written, 60);
}

static void test_failed_write_stops(void **state)
{
    struct world *world = *state;
    bool is_writable;
    world->reader.n_frames = INT64_MAX;
    world->writer.fails_at = 5;
    assert_int_equal(run(world, 3, &is_writable), MFACE_ERR_NOSPC);
    assert_false(is_writable);
    assert_int_equal(world->writer.n_written, 5);
}

static void test_failed_frames_leave_in_order_unchanged(void **state)
{
    struct world *world = *state;
    struct fake_frame expected;
    bool is_writable;
    world->models.swap_fails = true;
    assert_int_equal(run(world, 3, &is_writable), MFACE_OK);
    assert_true(is_writable && world->writer.in_order);
    assert_int_equal(world->writer.n_written, 60);
    assert_int_equal(mface_counter_get(&world->tally.frames_failed), 60);
    fake_frame_init(&expected, 59);
    expected.luma[0][0] = 59;
    assert_true(fake_frame_equal(&expected, &world->writer.last));
}

static void ignore(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(order_is_kept),
        TEST(history_goes_in_order),
        TEST(equal_frames_hold_up_nobody),
        TEST(batches_change_nothing),
        TEST(batches_fill),
        TEST(what_waits_is_computed_once),
        TEST(failed_batches_leave_frames_unchanged),
        TEST(newest_frame_wins),
        TEST(frames_wait_until_they_are_due),
        TEST(empty_input),
        TEST(cancel_keeps_what_was_begun),
        TEST(failed_read_keeps_what_came_before),
        TEST(failed_write_stops),
        TEST(failed_frames_leave_in_order_unchanged),
    };
    mface_log_set(ignore, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
