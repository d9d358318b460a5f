/* A frame allocates nothing once some have gone before: everything of our own, from the decoder's
 * frame to the encoder's, over models that allocate nothing. The test's own malloc counts. */
#include "fake.h"
#include "pipeline/pipeline.h"
#include "pipeline/settings.h"

#include "../cmocka_all.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

/* Allocations are counted in windows of frames, after the first ones. */
enum { SKIPPED = 77, N_WARM = 140, WINDOW = 100, N_WINDOWS = 5, FEW = 3, N_POOL = 16 };
enum { N_FRAMES = N_WARM + N_WINDOWS * WINDOW };

static atomic_long n_allocations;

#define INTERPOSED __attribute__((visibility("default"))) // seen by the libraries as well

INTERPOSED void *malloc(size_t size)
{
    n_allocations++;
    return __libc_malloc(size);
}

INTERPOSED void *calloc(size_t n, size_t size)
{
    n_allocations++;
    return __libc_calloc(n, size);
}

INTERPOSED void *realloc(void *ptr, size_t size)
{
    n_allocations++;
    return __libc_realloc(ptr, size);
}

INTERPOSED void *memalign(size_t align, size_t size)
{
    n_allocations++;
    return __libc_memalign(align, size);
}

INTERPOSED void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

INTERPOSED int posix_memalign(void **out, size_t align, size_t size)
{
    *out = memalign(align, size);
    return *out ? 0 : ENOMEM;
}

struct mface_frame {
    struct fake_frame pixels;
    int64_t index;
    atomic_bool is_used;
};

struct mface_reader {
    int64_t n_read;
};

struct mface_writer {
    long n_until[N_WINDOWS + 1]; // allocations until the window begins; the last one's end
};

static struct mface_frame frames[N_POOL];

enum mface_status mface_reader_read(struct mface_reader *reader, struct mface_frame **frame)
{
    if (reader->n_read == N_FRAMES)
        return MFACE_ERR_EOF;
    *frame = &frames[reader->n_read % N_POOL];
    assert_false(atomic_exchange(&(*frame)->is_used, true));
    fake_frame_init(&(*frame)->pixels, (unsigned)reader->n_read / 25);
    (*frame)->pixels.luma[0][0] = (uint8_t)reader->n_read;
    (*frame)->pixels.luma[0][1] = (uint8_t)(reader->n_read >> 8);
    (*frame)->index = reader->n_read++;
    return MFACE_OK;
}

enum mface_status mface_writer_write(struct mface_writer *writer, struct mface_frame *frame)
{
    const int64_t n = frame->index + 1 - N_WARM;
    if (n >= 0 && n % WINDOW == 0)
        writer->n_until[n / WINDOW] = atomic_load(&n_allocations);
    return MFACE_OK;
}

void mface_frame_unref(struct mface_frame **frame)
{
    if (*frame)
        atomic_store(&(*frame)->is_used, false);
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
    return (double)frame->index / 30;
}

/* Threads meet differently each time, so that a frame more than ever before may be at a stage whose
 * blocks all are out: a dozen allocations, but a few times in all, whatever runs beside the test.
 * What each frame allocated would be in every window. */
static void assert_steady(const struct mface_writer *writer)
{
    const long *n_until = writer->n_until;
    long least = LONG_MAX;
    for (int i = 0; i < N_WINDOWS; i++)
        if (n_until[i + 1] - n_until[i] < least)
            least = n_until[i + 1] - n_until[i];
    if (least > FEW || n_until[N_WINDOWS] - n_until[0] > N_WINDOWS * WINDOW / 10)
        fail_msg("%ld allocations in %d frames, at least %ld in each %d",
            n_until[N_WINDOWS] - n_until[0], N_WINDOWS * WINDOW, least, WINDOW);
}

static void run(struct mface_settings *settings, int64_t cache_bytes, int batch)
{
    static struct mface_tally tally;
    struct fake_models fakes = { .n_faces = 2, .shakes = true };
    const struct mface_engine_models models = fake_models_describe(&fakes);
    const struct mface_cache_params cache_params = { .budget_bytes = cache_bytes };
    struct mface_engine_params engine = {
        .settings = settings, .models = &models, .tally = &tally
    };
    struct mface_pipeline_params params = {
        .tally = &tally, .n_workers = 2, .batch = batch, .interval_us = 1000
    };
    struct mface_reader reader = { 0 };
    struct mface_writer writer = { 0 };
    atomic_bool cancel = false;
    bool is_writable;
    memset(&tally, 0, sizeof tally);
    if (cache_bytes > 0)
        assert_int_equal(mface_cache_create(&cache_params, &engine.cache), MFACE_OK);
    assert_int_equal(mface_engine_create(&engine, &params.engine), MFACE_OK);
    params.reader = &reader;
    params.writer = &writer;
    params.cancel = &cancel;
    assert_int_equal(mface_pipeline_run(&params, &is_writable), MFACE_OK);
    assert_int_equal(mface_counter_get(&tally.faces), 2 * N_FRAMES);
    mface_engine_free(&params.engine);
    mface_cache_free(&engine.cache);
    assert_true(writer.n_until[0] > 0);
    assert_steady(&writer);
}

static void test_a_frame_allocates_nothing(void **state)
{
    (void)state;
    struct mface_settings settings;
    mface_settings_init(&settings);
    settings.resolution_px = 64;
    settings.max_faces = 2;
    settings.swap_all_faces = true;
    settings.presharpen = 1;
    settings.color_transfer = 1;
    settings.mask_landmarks = true;
    for (int batch = 1; batch <= 4; batch += 3) {
        run(&settings, 0, batch);
        run(&settings, 4 << 20, batch); // a part is evicted all the time
    }
    settings.smooth = 5;
    settings.detect_every = 1;
    run(&settings, 64 << 20, 1);
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return SKIPPED; // their allocator is watching
#endif
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_frame_allocates_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
