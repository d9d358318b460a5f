/* Runs the workloads in one session, so that the model is loaded once and figures compare. */
#include "study/bench.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/settings.h"
#include <memoface/monitor.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 48, FRAMES_LEAST = 8, FRAMES_MOST = 100000, WARM_UP_FRAMES = 8 };
#define MIB   (INT64_C(1) << 20)
#define USUAL (INT64_C(2) << 30)

static const char default_sizes[] = "512M,1G,2G,4G,8G";
static const char other_gamma[] = "1.1"; // of red, when rendering again

const char mface_bench_live_note[] = "A first pass over live camera frames has no exact repeats: "
                                     "sensor noise makes every frame new, "
                                     "so caches save nothing there beyond what 'first' shows.";
const char mface_bench_output_note[] =
    "Output is uncompressed frames of which only checksums are kept, so that encoding hides "
    "nothing; decoding is part of every figure.";

struct runner {
    struct mface_bench *bench;
    const struct mface_bench_params *params;
    struct mface_session *session;
    struct mface_settings settings; // as they are configured now
    struct mface_workload_clip clip;
    char folder[MFACE_PASS_FOLDER_BYTES];
};

static bool wants(const struct runner *runner, enum mface_workload workload)
{
    return (runner->bench->workloads >> workload & 1) && !runner->bench->is_skipped[workload];
}

static void tell(const struct runner *runner, enum mface_workload workload, int way)
{
    char line[96], name[32];
    if (!runner->params->tell)
        return;
    mface_bench_print_way(runner->bench, workload, way, name, sizeof name);
    snprintf(line, sizeof line, "%s, cache %s", mface_workload_get(workload)->name, name);
    runner->params->tell(runner->params->user, line);
}

static enum mface_status configure(struct runner *runner, int64_t cache_bytes, bool parallel)
{
    runner->settings.cache_size_bytes = cache_bytes;
    runner->settings.parallel = parallel;
    return mface_session_configure(runner->session, &runner->settings);
}

/* An empty cache of that size. */
static enum mface_status start_afresh(struct runner *runner, int64_t cache_bytes)
{
    MFACE_TRY(configure(runner, 0, true));
    return cache_bytes > 0 ? configure(runner, cache_bytes, true) : MFACE_OK;
}

static enum mface_status play(
    struct runner *runner, enum mface_workload workload, struct mface_pass *pass)
{
    *pass = (struct mface_pass) { 0 };
    return mface_workload_play(workload, &runner->clip, runner->session, runner->folder, pass);
}

/* What is different when the clip is played again. */
static enum mface_status change(struct runner *runner, enum mface_workload workload, bool back)
{
    if (workload == MFACE_WORKLOAD_MODEL)
        return mface_session_set_model(
            runner->session, back ? runner->params->model : runner->params->other_model);
    if (workload != MFACE_WORKLOAD_RERENDER)
        return MFACE_OK;
    MFACE_TRY(mface_settings_set(&runner->settings, "post-gamma-red", other_gamma));
    if (back)
        runner->settings.post_gamma_bgr[2] = runner->params->settings->post_gamma_bgr[2];
    return configure(runner, runner->settings.cache_size_bytes, runner->settings.parallel);
}

static enum mface_status play_changed(
    struct runner *runner, enum mface_workload workload, struct mface_pass *pass)
{
    MFACE_TRY(change(runner, workload, false));
    MFACE_TRY(play(runner, workload, pass));
    return change(runner, workload, true);
}

static enum mface_status run_without(struct runner *runner, enum mface_workload workload)
{
    struct mface_bench *bench = runner->bench;
    struct mface_pass *off = &bench->runs[workload][MFACE_WAY_OFF];
    const struct mface_pass *loop = &bench->runs[MFACE_WORKLOAD_LOOP][MFACE_WAY_OFF];
    if (workload == MFACE_WORKLOAD_SMALL && loop->frames > 0) { // the same work
        *off = *loop;
        return MFACE_OK;
    }
    tell(runner, workload, MFACE_WAY_OFF);
    MFACE_TRY(configure(runner, 0, true));
    MFACE_TRY(play_changed(runner, workload, off));
    if (workload != MFACE_WORKLOAD_LOOP)
        return MFACE_OK;
    tell(runner, workload, MFACE_WAY_PLAIN);
    MFACE_TRY(configure(runner, 0, false));
    return play(runner, workload, &bench->runs[workload][MFACE_WAY_PLAIN]);
}

static enum mface_status run_with(struct runner *runner, enum mface_workload workload, int size)
{
    struct mface_bench *bench = runner->bench;
    struct mface_pass *pass = &bench->runs[workload][MFACE_WAY_SIZES + size];
    struct mface_pass before;
    tell(runner, workload, MFACE_WAY_SIZES + size);
    MFACE_TRY(start_afresh(runner, bench->sizes[size]));
    if (mface_workload_get(workload)->is_again)
        MFACE_TRY(play(runner, MFACE_WORKLOAD_FIRST, &before));
    return play_changed(runner, workload, pass);
}

/* What loop needs is what it held at the largest size without evicting; played for that if need be.
 */
static enum mface_status run_small(struct runner *runner)
{
    struct mface_bench *bench = runner->bench;
    const int largest = bench->n_sizes - 1;
    struct mface_pass need = bench->runs[MFACE_WORKLOAD_LOOP][MFACE_WAY_SIZES + largest];
    if (need.frames == 0) {
        MFACE_TRY(start_afresh(runner, bench->sizes[largest]));
        MFACE_TRY(play(runner, MFACE_WORKLOAD_FIRST, &need));
    }
    bench->small_bytes = need.cache_bytes / 4 > MIB ? need.cache_bytes / 4 : MIB;
    tell(runner, MFACE_WORKLOAD_SMALL, MFACE_WAY_SIZES);
    MFACE_TRY(start_afresh(runner, bench->small_bytes));
    return play(runner, MFACE_WORKLOAD_SMALL, &bench->runs[MFACE_WORKLOAD_SMALL][MFACE_WAY_SIZES]);
}

static enum mface_status run_workloads(struct runner *runner)
{
    struct mface_bench *bench = runner->bench;
    int64_t faces = 0;
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        if (wants(runner, (enum mface_workload)i)) {
            MFACE_TRY(run_without(runner, (enum mface_workload)i));
            faces += bench->runs[i][MFACE_WAY_OFF].faces;
        }
    if (faces == 0)
        return mface_fail(MFACE_ERR_ARG,
            "%s: no face was found in the first %d frames: nothing to measure", bench->input,
            bench->frames);
    for (int size = 0; size < bench->n_sizes; size++)
        for (int i = 0; i < MFACE_WORKLOAD_SMALL; i++)
            if (wants(runner, (enum mface_workload)i))
                MFACE_TRY(run_with(runner, (enum mface_workload)i, size));
    return wants(runner, MFACE_WORKLOAD_SMALL) ? run_small(runner) : MFACE_OK;
}

static void compare_outputs(struct mface_bench *bench)
{
    for (int i = 0; i < MFACE_N_WORKLOADS; i++) {
        const struct mface_pass *off = &bench->runs[i][MFACE_WAY_OFF];
        bench->is_exact[i] = off->frames > 0;
        for (int way = 0; way < MFACE_WAYS_MAX; way++) {
            const struct mface_pass *pass = &bench->runs[i][way];
            if (pass->frames > 0 && memcmp(&pass->digest, &off->digest, sizeof off->digest) != 0)
                bench->is_exact[i] = false;
        }
    }
}

static enum mface_status look_at_clip(struct runner *runner)
{
    char output[MFACE_PASS_FOLDER_BYTES + 16];
    struct mface_bench *bench = runner->bench;
    const struct mface_job job = {
        .input = runner->params->input,
        .input_format = runner->params->input_format,
        .output = output,
        .output_format = "framecrc",
        .quality = -1,
        .overwrite = 1,
    };
    snprintf(output, sizeof output, "%s/frames.crc", runner->folder);
    MFACE_TRY(mface_session_check(runner->session, &job, &bench->facts));
    /* What `auto` chose holds for every run, whatever its threads. */
    MFACE_TRY(mface_settings_set(&runner->settings, "precision", bench->facts.model_precision));
    if (bench->facts.frames_total > 0 && bench->facts.frames_total < bench->frames)
        bench->frames = (int)bench->facts.frames_total;
    runner->clip = (struct mface_workload_clip) {
        .input = job.input,
        .format = job.input_format,
        .frames = bench->frames,
    };
    return MFACE_OK;
}

/* The model's memory and the processor's clock settle before anything counts. */
static enum mface_status warm_up(struct runner *runner)
{
    struct mface_pass pass;
    struct runner brief = *runner;
    if (brief.clip.frames > WARM_UP_FRAMES)
        brief.clip.frames = WARM_UP_FRAMES;
    return play(&brief, MFACE_WORKLOAD_FIRST, &pass);
}

static enum mface_status run_all(struct runner *runner)
{
    struct mface_bench *bench = runner->bench;
    runner->settings.cache_size_bytes = 0;
    MFACE_TRY(mface_session_create(runner->params->model, &runner->settings, &runner->session));
    MFACE_TRY(look_at_clip(runner));
    MFACE_TRY(warm_up(runner));
    getloadavg(&bench->load_before, 1);
    MFACE_TRY(run_workloads(runner));
    getloadavg(&bench->load_after, 1);
    compare_outputs(bench);
    return MFACE_OK;
}

/* What of the user's settings would be in the way of measuring. */
static void settle(struct mface_settings *settings)
{
    settings->disk_cache_size_bytes = 0;
    settings->latency = MFACE_LATENCY_OFF;
    settings->quality = -1;
    settings->encoder[0] = settings->speed[0] = settings->pixel_format[0] = '\0';
    settings->encoder_options[0] = '\0';
    settings->parallel = true;
}

static int compare_sizes(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum mface_status parse_sizes(const char *text, struct mface_bench *bench)
{
    struct mface_settings settings;
    mface_settings_init(&settings);
    while (text) {
        char word[32];
        const size_t length = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        MFACE_TRY(mface_settings_set(&settings, "cache-size", word));
        if (settings.cache_size_bytes < MIB || bench->n_sizes == MFACE_BENCH_SIZES_MAX)
            return mface_fail(MFACE_ERR_ARG, "sizes: at most %d, none below 1M", // 0 is always run
                (int)MFACE_BENCH_SIZES_MAX);
        bench->sizes[bench->n_sizes++] = settings.cache_size_bytes;
        text = text[length] ? text + length + 1 : NULL;
    }
    qsort(bench->sizes, (size_t)bench->n_sizes, sizeof bench->sizes[0], compare_sizes);
    return MFACE_OK;
}

static enum mface_status prepare(const struct mface_bench_params *params, struct mface_bench *bench)
{
    bench->model = mface_mem_strdup(params->model);
    bench->input = mface_mem_strdup(params->input);
    bench->other_model = params->other_model ? mface_mem_strdup(params->other_model) : NULL;
    if (!bench->model || !bench->input || (params->other_model && !bench->other_model))
        return mface_fail_nomem("benchmark");
    bench->frames = params->frames ? params->frames : FRAMES;
    if (bench->frames < FRAMES_LEAST || bench->frames > FRAMES_MOST)
        return mface_fail(MFACE_ERR_ARG, "frames: %d is not accepted; give %d..%d", params->frames,
            FRAMES_LEAST, FRAMES_MOST);
    MFACE_TRY(mface_workloads_parse(params->workloads, &bench->workloads));
    MFACE_TRY(parse_sizes(params->sizes ? params->sizes : default_sizes, bench));
    bench->is_skipped[MFACE_WORKLOAD_MODEL] = !params->other_model;
    bench->n_cpus = mface_cpu_count();
    bench->isa = mface_cpu_isa_name();
    return MFACE_OK;
}

static enum mface_status run(const struct mface_bench_params *params, struct mface_bench *bench)
{
    MFACE_TRY(prepare(params, bench));
    struct runner runner = { .bench = bench, .params = params, .settings = *params->settings };
    settle(&runner.settings);
    MFACE_TRY(mface_pass_make_folder(runner.folder));
    const enum mface_status status = run_all(&runner);
    mface_session_free(&runner.session);
    mface_pass_remove_folder(runner.folder);
    return status;
}

enum mface_status mface_bench_run(const struct mface_bench_params *params, struct mface_bench **out)
{
    *out = mface_mem_calloc(1, sizeof **out);
    if (!*out)
        return mface_fail_nomem("benchmark");
    const enum mface_status status = run(params, *out);
    if (status != MFACE_OK)
        mface_bench_free(out);
    return status;
}

void mface_bench_free(struct mface_bench **bench)
{
    if (!*bench)
        return;
    mface_mem_free((*bench)->model);
    mface_mem_free((*bench)->other_model);
    mface_mem_free((*bench)->input);
    mface_mem_free(*bench);
    *bench = NULL;
}
