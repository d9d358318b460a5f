/* Sessions from file to file, with the models and the clip of the demo: memory and threads never
 * show in the output, a changed setting runs only what it must, stopping leaves a sound file.
 *
 * Arguments: a clip with a face, a DFM. The face models are found through $MEMOFACE_MODELS. Skipped
 * when one of them is missing. */
#include "media/media.h"
#include "pipeline/settings.h"
#include <memoface/memoface.h>

#include "../unit/cmocka_all.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_FRAMES = 10, MESON_SKIP = 77 };

static const char *clip_path, *model_path;
static char folder[] = "e2e-session-XXXXXX";

struct hashes {
    int n;
    struct mface_key key[4 * N_FRAMES];
};

/* Keys of all frames of a file. */
static void hash_file(const char *path, struct hashes *hashes)
{
    const struct mface_reader_params params = { .url = path };
    struct mface_reader *reader;
    struct mface_frame *frame;
    hashes->n = 0;
    assert_int_equal(mface_reader_open(&params, &reader), MFACE_OK);
    while (mface_reader_read(reader, &frame) == MFACE_OK) {
        assert_true(hashes->n < 4 * N_FRAMES);
        hashes->key[hashes->n++] = mface_frame_key(frame);
        mface_frame_unref(&frame);
    }
    mface_reader_close(&reader);
}

static void assert_same(const struct hashes *a, const struct hashes *b)
{
    assert_int_equal(a->n, b->n);
    for (int i = 0; i < a->n; i++)
        assert_true(mface_key_equal(a->key[i], b->key[i]));
}

/* A short lossless piece of the clip. */
static void cut_clip(const char *path)
{
    const struct mface_reader_params from = { .url = clip_path };
    const struct mface_writer_params to = { .url = path, .encoder = "ffv1", .quality = -1 };
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_frame *frame;
    assert_int_equal(mface_reader_open(&from, &reader), MFACE_OK);
    assert_int_equal(mface_writer_open(&to, reader, &writer), MFACE_OK);
    for (int i = 0; i < N_FRAMES; i++) {
        assert_int_equal(mface_reader_read(reader, &frame), MFACE_OK);
        assert_int_equal(mface_writer_write(writer, frame), MFACE_OK);
        mface_frame_unref(&frame);
    }
    assert_int_equal(mface_writer_finish(&writer), MFACE_OK);
    mface_reader_close(&reader);
}

/* Default settings and some others, as pairs of key and value. Precision is no matter of the
 * machine here, nor of what was measured on it before. */
static struct mface_settings *settings_with(const char *const *pairs)
{
    struct mface_settings *settings;
    assert_int_equal(mface_settings_create(&settings), MFACE_OK);
    assert_int_equal(mface_settings_set(settings, "precision", "f32"), MFACE_OK);
    assert_int_equal(mface_settings_set(settings, "cache-dir", "none"), MFACE_OK);
    for (; pairs && *pairs; pairs += 2)
        assert_int_equal(mface_settings_set(settings, pairs[0], pairs[1]), MFACE_OK);
    return settings;
}

static struct mface_session *session_with(const char *const *pairs)
{
    struct mface_settings *settings = settings_with(pairs);
    struct mface_session *session;
    assert_int_equal(mface_session_create(model_path, settings, &session), MFACE_OK);
    mface_settings_free(&settings);
    return session;
}

static void configure(struct mface_session *session, const char *const *pairs)
{
    struct mface_settings *settings = settings_with(pairs);
    assert_int_equal(mface_session_configure(session, settings), MFACE_OK);
    mface_settings_free(&settings);
}

static struct mface_job job_to(const char *output)
{
    return (struct mface_job) {
        .input = "in.mkv",
        .output = output,
        .encoder = "ffv1",
        .quality = -1,
        .overwrite = 1,
    };
}

static void swap_clip(
    struct mface_session *session, struct mface_stats *stats, struct hashes *hashes)
{
    const struct mface_job job = job_to("out.mkv");
    assert_int_equal(mface_session_run(session, &job, stats), MFACE_OK);
    assert_int_equal(stats->frames, N_FRAMES);
    hash_file("out.mkv", hashes);
}

static const struct mface_stage_stats *stage_of(const struct mface_stats *stats, const char *name)
{
    for (int i = 0; i < stats->n_stages; i++)
        if (strcmp(stats->stages[i].name, name) == 0)
            return &stats->stages[i];
    fail_msg("no stage %s", name);
    return NULL;
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    cut_clip("in.mkv");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink("in.mkv");
    unlink("out.mkv");
    return chdir("..") || rmdir(folder);
}

static void test_memory_and_threads_never_show(void **state)
{
    (void)state;
    static const char *const variants[][9] = {
        { "cache-size", "0" },
        { "cache-size", "64M" },
        { "cache-size", "2M" },
        { "threads", "1" },
        { "threads", "2" },
        { "parallel", "off" },
        { "parallel", "off", "threads", "1", "cache-size", "0" },
        { "pre-cache", "off", "post-cache", "off" },
    };
    static const char *const no_cache[] = { "cache-size", "0", NULL };
    struct mface_stats stats;
    struct hashes expected, hashes, input;
    struct mface_session *session = session_with(NULL);
    swap_clip(session, &stats, &expected);
    assert_int_equal(stats.faces, N_FRAMES);
    assert_int_equal(stats.frames_failed, 0);
    hash_file("in.mkv", &input);
    for (int i = 0; i < N_FRAMES; i++)
        assert_false(mface_key_equal(input.key[i], expected.key[i]));
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        configure(session, no_cache); // forget what the last variant left
        configure(session, variants[i]);
        for (int run = 0; run < 2; run++) {
            swap_clip(session, &stats, &hashes);
            assert_same(&expected, &hashes);
            assert_true(run == 1 || stage_of(&stats, "swap")->runs > 0);
        }
    }
    mface_session_free(&session);
}

static void test_second_run_computes_nothing(void **state)
{
    (void)state;
    struct mface_stats stats;
    struct hashes first, second;
    struct mface_session *session = session_with(NULL);
    swap_clip(session, &stats, &first);
    swap_clip(session, &stats, &second);
    assert_same(&first, &second);
    static const char *const idle[] = { "detect", "mark", "align", "crop", "pre", "swap", "post",
        "merge" };
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++)
        assert_int_equal(stage_of(&stats, idle[i])->runs, 0);
    assert_true(stats.hit_rate == 1);
    mface_session_free(&session);
}

static void test_post_gamma_runs_no_inference(void **state)
{
    (void)state;
    static const char *const redder[] = { "post-gamma-red", "1.4", NULL };
    static const char *const alone[] = { "post-gamma-red", "1.4", "cache-size", "0", NULL };
    struct mface_stats stats;
    struct hashes plain, cached, computed;
    struct mface_session *session = session_with(NULL);
    swap_clip(session, &stats, &plain);
    configure(session, redder);
    swap_clip(session, &stats, &cached);
    assert_int_equal(stage_of(&stats, "swap")->runs, 0);
    assert_int_equal(stage_of(&stats, "detect")->runs, 0);
    assert_true(stage_of(&stats, "post")->runs > 0);
    assert_true(stats.hit_rate == 1);
    configure(session, alone);
    swap_clip(session, &stats, &computed);
    assert_true(stage_of(&stats, "swap")->runs > 0);
    assert_same(&computed, &cached);
    assert_false(mface_key_equal(plain.key[0], cached.key[0]));
    mface_session_free(&session);
}

/* What the report says the model ran in. */
static void used_precision(
    const struct mface_session *session, const struct mface_stats *stats, char word[8])
{
    char text[1 << 14] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(mface_session_write_report(session, stats, file), MFACE_OK);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *model = strstr(text, "\"model\"");
    assert_non_null(model);
    const char *precision = strstr(model, "\"precision\"");
    assert_non_null(precision);
    assert_int_equal(sscanf(precision, "\"precision\" : \"%7[a-z0-9]", word), 1);
}

/* Keys go by the precision that is used, not by the word that led to it. */
static void test_auto_shares_with_what_it_chose(void **state)
{
    (void)state;
    static const char *const automatic[] = { "precision", "auto", NULL };
    char chosen[8];
    struct mface_stats stats;
    struct hashes first, second, f32;
    struct mface_session *session = session_with(automatic);
    swap_clip(session, &stats, &first);
    used_precision(session, &stats, chosen);
    const char *const named[] = { "precision", chosen, NULL };
    configure(session, named);
    swap_clip(session, &stats, &second);
    assert_int_equal(stage_of(&stats, "swap")->runs, 0);
    assert_true(stats.hit_rate == 1);
    assert_same(&first, &second);
    if (strcmp(chosen, "f32") != 0) {
        configure(session, NULL); // f32: another key
        swap_clip(session, &stats, &f32);
        assert_true(stage_of(&stats, "swap")->runs > 0);
    }
    mface_session_free(&session);
}

/* The model's source mask is part of a swap only where it is used. */
static void test_mask_source_has_keys_of_its_own(void **state)
{
    (void)state;
    static const char *const off[] = { "mask-source", "off", NULL };
    struct mface_stats stats;
    struct hashes with, without, again, fresh;
    struct mface_session *session = session_with(NULL);
    swap_clip(session, &stats, &with);
    configure(session, off);
    swap_clip(session, &stats, &without);
    assert_true(stage_of(&stats, "swap")->runs > 0);
    configure(session, NULL);
    swap_clip(session, &stats, &again);
    assert_int_equal(stage_of(&stats, "swap")->runs, 0);
    assert_same(&with, &again);
    mface_session_free(&session);
    session = session_with(off); // compiled without it from the start
    swap_clip(session, &stats, &fresh);
    assert_same(&without, &fresh);
    mface_session_free(&session);
}

static void test_without_faces_nothing_changes(void **state)
{
    (void)state;
    static const char *const strict[] = { "detector-threshold", "1", NULL };
    struct mface_stats stats;
    struct hashes input, output;
    struct mface_session *session = session_with(strict);
    swap_clip(session, &stats, &output);
    hash_file("in.mkv", &input);
    assert_same(&input, &output);
    assert_int_equal(stats.faces, 0);
    assert_int_equal(stats.frames_without_face, N_FRAMES);
    mface_session_free(&session);
}

static void cancel_now(void *user, const struct mface_stats *stats, int done)
{
    if (!done && stats->frames >= 2)
        mface_session_cancel(user);
}

static void test_stopping_leaves_a_sound_file(void **state)
{
    (void)state;
    static const char *const slow[] = { "parallel", "off", "threads", "1", NULL };
    struct mface_session *session = session_with(slow);
    struct mface_job job = job_to("out.mkv");
    struct mface_stats stats;
    struct hashes stopped, whole;
    job.progress = cancel_now;
    job.user = session;
    job.interval_ms = 1;
    assert_int_equal(mface_session_run(session, &job, &stats), MFACE_ERR_CANCELED);
    assert_true(stats.frames >= 2 && stats.frames < N_FRAMES);
    hash_file("out.mkv", &stopped);
    assert_int_equal(stopped.n, stats.frames);
    swap_clip(session, &stats, &whole); // the session goes on
    for (int i = 0; i < stopped.n; i++)
        assert_true(mface_key_equal(stopped.key[i], whole.key[i]));
    mface_session_free(&session);
}

static bool can_read(const char *path)
{
    return path && access(path, R_OK) == 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_and_threads_never_show),
        cmocka_unit_test(test_second_run_computes_nothing),
        cmocka_unit_test(test_post_gamma_runs_no_inference),
        cmocka_unit_test(test_auto_shares_with_what_it_chose),
        cmocka_unit_test(test_mask_source_has_keys_of_its_own),
        cmocka_unit_test(test_without_faces_nothing_changes),
        cmocka_unit_test(test_stopping_leaves_a_sound_file),
    };
    if (argc != 3 || !can_read(argv[1]) || !can_read(argv[2]) ||
        !can_read(getenv("MEMOFACE_MODELS"))) {
        fprintf(stderr, "skipped: needs the demo's clip, its DFM and the face models\n");
        return MESON_SKIP;
    }
    static char clip[PATH_MAX], model[PATH_MAX], models[PATH_MAX]; // the tests change folder
    clip_path = realpath(argv[1], clip);
    model_path = realpath(argv[2], model);
    setenv("MEMOFACE_MODELS", realpath(getenv("MEMOFACE_MODELS"), models), 1);
    return cmocka_run_group_tests(tests, setup, teardown);
}
