/* Recording: every key of a frame's chain, every result once, nothing torn by other threads. */
#include "fake.h"
#include "pipeline/settings.h"
#include "pipeline/trace.h"

#include "../cmocka_all.h"

#include <inttypes.h>
#include <memoface/log.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_FRAMES = 6, N_THREADS = 4, MAX_RESULTS = 4096 };

static char path[] = "trace-XXXXXX";

struct recorded {
    int n_jobs, n_frames, n_faces, n_results, n_unknown;
    uint64_t results[MAX_RESULTS];
};

static bool has_result(const struct recorded *recorded, uint64_t key)
{
    for (int i = 0; i < recorded->n_results; i++)
        if (recorded->results[i] == key)
            return true;
    return false;
}

/* A frame comes after all the results it demanded. */
static void read_chain(struct recorded *recorded, const char *line, int first)
{
    uint64_t key;
    int n = 0, used;
    for (line += 5; sscanf(line, "%16" SCNx64 "%n", &key, &used) == 1; line += used)
        recorded->n_unknown += n++ >= first && key > 255 && !has_result(recorded, key);
}

static void read_trace(struct recorded *recorded)
{
    char line[512], name[16];
    int64_t bytes;
    double us;
    memset(recorded, 0, sizeof *recorded);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "memoface-trace 1\n");
    while (fgets(line, sizeof line, file)) {
        uint64_t *result = &recorded->results[recorded->n_results];
        if (strncmp(line, "job ", 4) == 0)
            recorded->n_jobs++;
        else if (sscanf(line, "result %15s %" SCNx64 " %lf %" SCNd64, name, result, &us, &bytes) ==
                 4)
            recorded->n_results++;
        else if (strncmp(line, "frame ", 6) == 0)
            recorded->n_frames++, read_chain(recorded, line, 1);
        else if (strncmp(line, "face ", 5) == 0)
            recorded->n_faces++, read_chain(recorded, line, 0);
        else
            fail_msg("not a record: %s", line);
    }
    fclose(file);
}

struct world {
    struct mface_engine *engine;
    unsigned seed;
};

static void *run_frames(void *arg)
{
    const struct world *world = arg;
    for (unsigned i = 0; i < N_FRAMES; i++) {
        struct fake_frame frame;
        int n_faces;
        fake_frame_init(&frame, world->seed + i);
        struct mface_canvas canvas = fake_canvas(&frame);
        if (mface_engine_run(world->engine, &canvas, &n_faces) != MFACE_OK || n_faces != 2)
            return arg;
    }
    return NULL;
}

/* Records N_FRAMES frames in each of `n_threads` threads, twice the same. */
static void record(int n_threads, struct recorded *recorded)
{
    struct mface_settings settings;
    struct fake_models fake = { .n_faces = 2 };
    static struct mface_tally tally;
    struct mface_trace *trace;
    struct mface_cache *cache;
    struct world worlds[N_THREADS] = { 0 };
    mface_settings_init(&settings);
    settings.resolution_px = 64;
    settings.presharpen = 1;
    settings.max_faces = 0;
    settings.swap_all_faces = true;
    memset(&tally, 0, sizeof tally);
    const struct mface_cache_params params = { .budget_bytes = 64 << 20 };
    assert_int_equal(mface_cache_create(&params, &cache), MFACE_OK);
    assert_int_equal(mface_trace_open(path, &trace), MFACE_OK);
    const struct mface_engine_models models = fake_models_describe(&fake);
    const struct mface_engine_params engine_params = {
        .settings = &settings, .models = &models, .cache = cache, .tally = &tally, .trace = trace
    };
    struct mface_engine *engine;
    assert_int_equal(mface_engine_create(&engine_params, &engine), MFACE_OK);
    for (int pass = 0; pass < 2; pass++) {
        pthread_t threads[N_THREADS];
        for (int i = 0; i < n_threads; i++) {
            worlds[i] = (struct world) { engine, (unsigned)i * N_FRAMES };
            assert_int_equal(pthread_create(&threads[i], NULL, run_frames, &worlds[i]), 0);
        }
        for (int i = 0; i < n_threads; i++) {
            void *wrong;
            pthread_join(threads[i], &wrong);
            assert_null(wrong);
        }
    }
    mface_engine_free(&engine);
    assert_int_equal(mface_trace_close(&trace), MFACE_OK);
    assert_null(trace);
    mface_cache_free(&cache);
    read_trace(recorded);
}

static void test_one_thread(void **state)
{
    (void)state;
    static struct recorded recorded;
    record(1, &recorded);
    assert_int_equal(recorded.n_jobs, 1);
    assert_int_equal(recorded.n_frames, 2 * N_FRAMES);
    assert_int_equal(recorded.n_faces, 4 * N_FRAMES);
    assert_int_equal(recorded.n_unknown, 0);
    /* detect and merge; mark, align, crop, pre, swap and post of two faces: once. */
    assert_int_equal(recorded.n_results, N_FRAMES * (2 + 2 * 6));
}

static void test_many_threads(void **state)
{
    (void)state;
    static struct recorded recorded;
    record(N_THREADS, &recorded);
    assert_int_equal(recorded.n_frames, 2 * N_FRAMES * N_THREADS);
    assert_int_equal(recorded.n_faces, 4 * N_FRAMES * N_THREADS);
    assert_int_equal(recorded.n_unknown, 0);
}

static void quiet(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
}

static void test_failures(void **state)
{
    (void)state;
    struct mface_trace *trace;
    mface_log_set(quiet, NULL);
    assert_int_equal(mface_trace_open("no/such/folder/trace", &trace), MFACE_ERR_IO);
    assert_null(trace);
    assert_int_equal(mface_trace_close(&trace), MFACE_OK);
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(mface_trace_open("/dev/full", &trace), MFACE_OK);
        assert_int_equal(mface_trace_close(&trace), MFACE_ERR_IO);
    }
    mface_log_set(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_failures),
    };
    const int file = mkstemp(path);
    if (file < 0)
        return 1;
    close(file);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
