/* Sessions keep the cache and the models; a job borrows them for one input and one output. */
#include <memoface/control.h>
#include <memoface/session.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/governor.h"
#include "media/media.h"
#include "pipeline/collect.h"
#include "pipeline/control.h"
#include "pipeline/folder.h"
#include "pipeline/live.h"
#include "pipeline/models.h"
#include "pipeline/output_check.h"
#include "pipeline/pipeline.h"
#include "pipeline/preview.h"
#include "pipeline/report.h"
#include "pipeline/seen.h"
#include "pipeline/spill.h"
#include "pipeline/trace.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_INTERVAL_MS = 500 };

struct mface_session {
    struct mface_settings settings; // of the calling thread; adopted from `control` as a job runs
    struct mface_control *control;
    struct mface_preview *preview;
    struct mface_models models;
    struct mface_cache *cache;      // NULL: turned off
    struct mface_governor governor; // of the cache
    struct mface_disk *disk;        // NULL: turned off, or not to be had
    struct mface_disk_stats disk_start;
    struct mface_tally tally; // of the job that runs or ran last
    struct mface_job_start start;
    struct mface_seen seen; // frames, over all jobs
    /* With `control` and `preview` the only field that other threads touch; signal handlers, too.
     */
    atomic_bool cancel;
};

static enum mface_status make_cache(
    const struct mface_settings *settings, struct mface_cache **cache)
{
    const struct mface_cache_params params = {
        .budget_bytes = settings->cache_size_bytes,
        .policy = mface_policy_names[settings->policy],
    };
    *cache = NULL;
    return params.budget_bytes > 0 ? mface_cache_create(&params, cache) : MFACE_OK;
}

/* A cache is no reason to fail: without the disk the job runs all the same. */
static void open_disk(struct mface_session *session)
{
    const struct mface_settings *settings = &session->settings;
    char folder[PATH_MAX];
    mface_folder_find(settings->cache_dir, folder);
    if (!folder[0])
        return;
    const struct mface_disk_params params = {
        .dir = folder,
        .limit_bytes = settings->disk_cache_size_bytes,
        .realm = mface_spill_realm(),
    };
    if (params.limit_bytes > 0 && mface_disk_open(&params, &session->disk) != MFACE_OK)
        mface_log(MFACE_LOG_WARN, "going on without the disk cache");
}

/* Opened anew only when its own settings change. */
static void change_disk(struct mface_session *session, const struct mface_settings *before)
{
    const struct mface_settings *now = &session->settings;
    if (now->disk_cache_size_bytes == before->disk_cache_size_bytes &&
        strcmp(now->cache_dir, before->cache_dir) == 0)
        return;
    mface_disk_close(&session->disk);
    open_disk(session);
}

static void start_governor(struct mface_session *session, const struct mface_settings *settings)
{
    mface_governor_init(&session->governor, session->cache, settings->cache_size_bytes,
        mface_pressure_read, (void *)&mface_pressure_system);
}

/* Keeps what the cache holds where the change allows it. */
static enum mface_status change_cache(
    struct mface_session *session, const struct mface_settings *settings)
{
    const bool same_policy = settings->policy == session->settings.policy;
    if (session->cache && settings->cache_size_bytes > 0 && same_policy)
        return mface_governor_set_limit(&session->governor, settings->cache_size_bytes);
    struct mface_cache *cache;
    MFACE_TRY(make_cache(settings, &cache));
    mface_cache_free(&session->cache);
    session->cache = cache;
    start_governor(session, settings);
    return MFACE_OK;
}

/* A cache that is turned off while frames may use it is emptied and stays, at its smallest. */
static enum mface_status change_running_cache(
    struct mface_session *session, const struct mface_settings *settings)
{
    enum { LEAST_BYTES = 1 << 20 };
    if (session->cache) {
        const bool is_off = settings->cache_size_bytes == 0;
        if (is_off)
            mface_cache_drop_all(session->cache);
        return mface_governor_set_limit(
            &session->governor, is_off ? LEAST_BYTES : settings->cache_size_bytes);
    }
    MFACE_TRY(make_cache(settings, &session->cache));
    start_governor(session, settings);
    return mface_control_set_cache(session->control, session->cache);
}

/* Takes over what was changed through `control`. All but the cache has taken effect by then. */
static void adopt_settings(struct mface_session *session)
{
    struct mface_settings settings;
    mface_control_get_settings(session->control, &settings);
    if (settings.cache_size_bytes != session->settings.cache_size_bytes &&
        change_running_cache(session, &settings) != MFACE_OK)
        mface_log(MFACE_LOG_WARN, "the cache stays as it is");
    session->settings = settings;
}

static enum mface_status make_parts(struct mface_session *session, const char *model)
{
    const struct mface_settings *settings = &session->settings;
    MFACE_TRY(mface_control_create(settings, &session->control));
    MFACE_TRY(mface_preview_create(&session->preview));
    MFACE_TRY(mface_models_open(&session->models, model, settings));
    return make_cache(settings, &session->cache);
}

enum mface_status mface_session_create(
    const char *model, const struct mface_settings *settings, struct mface_session **out)
{
    struct mface_session *session = mface_mem_calloc(1, sizeof *session);
    if (!session)
        return mface_fail_nomem("session");
    session->settings = *settings;
    const enum mface_status status = make_parts(session, model);
    if (status != MFACE_OK) {
        mface_session_free(&session);
    } else {
        open_disk(session);
        start_governor(session, settings);
    }
    *out = session;
    return status;
}

void mface_session_free(struct mface_session **session)
{
    if (!*session)
        return;
    mface_preview_destroy(&(*session)->preview);
    mface_control_free(&(*session)->control);
    mface_models_clear(&(*session)->models);
    mface_disk_close(&(*session)->disk);
    mface_cache_free(&(*session)->cache);
    mface_mem_free(*session);
    *session = NULL;
}

enum mface_status mface_session_configure(
    struct mface_session *session, const struct mface_settings *settings)
{
    MFACE_TRY(mface_models_open(&session->models, session->models.dfm_path, settings));
    MFACE_TRY(change_cache(session, settings));
    const struct mface_settings before = session->settings;
    session->settings = *settings;
    mface_control_set_settings(session->control, settings);
    change_disk(session, &before);
    return MFACE_OK;
}

enum mface_status mface_session_set_model(struct mface_session *session, const char *model)
{
    return mface_models_open(&session->models, model, &session->settings);
}

void mface_session_cancel(struct mface_session *session)
{
    atomic_store(&session->cancel, true);
}

enum mface_status mface_session_patch(struct mface_session *session, const char *const *pairs,
    struct mface_control_state *state, struct mface_refusal *refusal)
{
    return mface_control_patch(session->control, pairs, state, refusal);
}

enum mface_status mface_session_get_settings(
    struct mface_session *session, struct mface_settings **out)
{
    MFACE_TRY(mface_settings_create(out));
    mface_control_get_settings(session->control, *out);
    return MFACE_OK;
}

void mface_session_pause(struct mface_session *session, int on)
{
    mface_control_pause(session->control, on != 0);
}

void mface_session_get_control(struct mface_session *session, struct mface_control_state *state)
{
    mface_control_get_state(session->control, state);
}

enum mface_status mface_session_preview(struct mface_session *session, enum mface_side side,
    int max_side_px, int wait_ms, unsigned char **jpeg, size_t *jpeg_bytes, int64_t *index)
{
    struct mface_frame *frame = mface_preview_get(session->preview, side, wait_ms);
    *jpeg = NULL;
    if (!frame)
        return MFACE_ERR_NOENT;
    *index = mface_frame_index(frame);
    const enum mface_status status = mface_frame_to_jpeg(frame, max_side_px, jpeg, jpeg_bytes);
    mface_frame_unref(&frame);
    return status;
}

void mface_preview_free(unsigned char **jpeg)
{
    mface_mem_free(*jpeg);
    *jpeg = NULL;
}

static struct mface_report_model report_model(const struct mface_session *session)
{
    return (struct mface_report_model) {
        .path = session->models.dfm_path,
        .info = mface_dfm_info(session->models.dfm),
    };
}

enum mface_status mface_session_write_report(
    const struct mface_session *session, const struct mface_stats *stats, FILE *file)
{
    const struct mface_report_model model = report_model(session);
    struct mface_settings settings;
    mface_control_get_settings(session->control, &settings);
    return mface_report_write(stats, &settings, &model, file);
}

/* One job while it runs. */
struct run {
    struct mface_session *session;
    const struct mface_job *job;
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_trace *trace; // NULL: none
    int64_t frames_total;
    bool has_stills, is_live;
    int64_t progress_us;                // when progress was last told
    bool has_output;                    // finished under its name
    bool check_only;                    // the output is not made
    struct mface_provenance provenance; // the writer borrows its strings
};

static void collect(const struct run *run, struct mface_stats *stats)
{
    const struct mface_session *session = run->session;
    struct mface_control_state state;
    mface_stats_collect(&session->start, &session->tally, session->cache, stats);
    if (session->disk)
        mface_stats_collect_disk(&session->disk_start, session->disk, &stats->disk);
    stats->governor = session->governor.stats;
    stats->frames_total = run->frames_total;
    stats->predicted_fps = run->job->predicted_fps;
    mface_control_get_state(session->control, &state);
    stats->frames_in_flight = state.frames_let_in - stats->frames - stats->frames_dropped;
    stats->paused_s = state.paused_s;
    stats->settings_version = state.settings_version;
    if (session->settings.cache_size_bytes == 0)
        stats->cache.limit_bytes = 0; // turned off
}

static int64_t progress_interval_us(const struct run *run)
{
    return 1000 *
           (int64_t)(run->job->interval_ms > 0 ? run->job->interval_ms : DEFAULT_INTERVAL_MS);
}

/* The thread that encodes also governs: while it is held up, no frame leaves and so none enters. */
static void tick(void *user)
{
    struct run *run = user;
    struct mface_stats stats;
    const int64_t now_us = mface_time_us();
    adopt_settings(run->session);
    mface_governor_tick(&run->session->governor, now_us);
    if (!run->job->progress || now_us - run->progress_us < progress_interval_us(run))
        return;
    run->progress_us = now_us;
    collect(run, &stats);
    run->job->progress(run->job->user, &stats, 0);
}

static enum mface_status open_reader(struct run *run)
{
    const struct mface_settings *settings = &run->session->settings;
    run->is_live = settings->latency == MFACE_LATENCY_ON ||
                   (settings->latency == MFACE_LATENCY_AUTO &&
                       mface_input_is_live(run->job->input, run->job->input_format));
    const struct mface_reader_params params = {
        .url = run->job->input,
        .format = run->job->input_format,
        .threads =
            run->is_live ? 1 : mface_settings_n_decode_threads(settings), // each holds a frame
        .start_s = run->job->start_s,
        .n_frames_max = run->job->frames_max,
        .hold = run->job->hold,
        .cancel = &run->session->cancel,
    };
    MFACE_TRY(mface_reader_open(&params, &run->reader));
    struct mface_reader_info info;
    mface_reader_get_info(run->reader, &info);
    run->frames_total = info.n_frames;
    run->has_stills = info.fps == 0;
    return MFACE_OK;
}

/* The encoder chooses its own threads: with some encoders the stream would else depend on a setting
 * that must not show in the output. What the job says goes before what the settings say. */
static enum mface_status open_writer(struct run *run)
{
    const struct mface_job *job = run->job;
    const struct mface_settings *settings = &run->session->settings;
    const struct mface_report_model model = report_model(run->session);
    mface_provenance_init(&run->provenance, &model);
    const struct mface_writer_params params = {
        .url = job->output,
        .format = job->output_format,
        .encoder = job->encoder ? job->encoder : settings->encoder,
        .pixel_format = job->pixel_format ? job->pixel_format : settings->pixel_format,
        .quality = job->quality >= 0 ? job->quality : settings->quality,
        .speed = job->speed ? job->speed : settings->speed,
        .favor = (enum mface_favor)settings->encode_for,
        .check_only = run->check_only,
        .metadata = job->no_provenance ? NULL : run->provenance.metadata,
    };
    return mface_writer_open(&params, run->reader, &run->writer);
}

static enum mface_status begin_control(struct run *run)
{
    struct mface_session *session = run->session;
    struct mface_engine_models models;
    mface_models_describe(&session->models, &models);
    const struct mface_engine_params params = {
        .models = &models,
        .cache = session->cache,
        .tally = &session->tally,
        .disk = session->disk,
        .trace = run->trace,
    };
    /* Results go by what made them, so those of precision `auto` are those of what it chose. */
    return mface_control_begin(
        session->control, &params, (int)mface_dfm_info(session->models.dfm)->precision_used);
}

/* A sound output is finished even if the input broke off or the user stopped it; one without a
 * single frame is not worth keeping. */
static enum mface_status end_output(struct run *run, enum mface_status status, bool is_writable)
{
    const bool is_empty = mface_counter_get(&run->session->tally.frames) == 0;
    if (!is_writable || is_empty) {
        mface_writer_discard(&run->writer);
        if (status == MFACE_OK)
            return mface_fail(MFACE_ERR_FORMAT, "%s: no frame could be decoded", run->job->input);
        return status;
    }
    const enum mface_status finished = mface_writer_finish(&run->writer);
    run->has_output = finished == MFACE_OK;
    return finished != MFACE_OK ? finished : status;
}

static bool is_live(const struct run *run)
{
    return run->is_live && !run->has_stills;
}

static void wait_if_paused(void *user)
{
    struct run *run = user;
    mface_control_wait(run->session->control, &run->session->cancel, is_live(run));
}

static struct mface_engine *enter(void *user, struct mface_frame *frame, void **token)
{
    struct run *run = user;
    struct mface_engine *engine =
        mface_control_enter(run->session->control, mface_frame_index(frame));
    *token = mface_preview_begin(run->session->preview, frame);
    return engine;
}

static void leave(void *user, struct mface_frame *frame, void *token)
{
    struct run *run = user;
    mface_preview_end(run->session->preview, token, frame);
    mface_control_leave(run->session->control, mface_frame_index(frame));
}

static void drop(void *user, struct mface_frame *frame)
{
    struct run *run = user;
    mface_control_enter(run->session->control, mface_frame_index(frame));
    mface_control_leave(run->session->control, mface_frame_index(frame));
}

/* As many workers as `parallel` may come to want; live, where the newest frame cannot wait for the
 * one before it to leave, as many as it wants now. */
static int n_workers(const struct run *run)
{
    struct mface_settings settings = run->session->settings;
    settings.parallel |= !is_live(run);
    return mface_settings_n_workers(&settings);
}

static enum mface_status run_pipeline(struct run *run)
{
    const struct mface_pipeline_gate gate = { run, wait_if_paused, enter, leave, drop };
    const int64_t interval_us = progress_interval_us(run);
    const struct mface_pipeline_params params = {
        .reader = run->reader,
        .writer = run->writer,
        .gate = &gate,
        .tally = &run->session->tally,
        .seen = &run->session->seen,
        .n_workers = n_workers(run),
        .newest_wins = is_live(run),
        .frames_are_alone = run->has_stills,
        .cancel = &run->session->cancel,
        .tick = tick,
        .user = run,
        .interval_us =
            interval_us < MFACE_GOVERNOR_INTERVAL_US ? interval_us : MFACE_GOVERNOR_INTERVAL_US,
    };
    bool is_writable;
    run->progress_us = mface_time_us();
    const enum mface_status status = mface_pipeline_run(&params, &is_writable);
    return end_output(run, status, is_writable);
}

static enum mface_status run_steps(struct run *run)
{
    MFACE_TRY(open_reader(run));
    if (run->job->trace)
        MFACE_TRY(mface_trace_open(run->job->trace, &run->trace));
    MFACE_TRY(begin_control(run));
    MFACE_TRY(open_writer(run));
    mface_job_start_mark_open(&run->session->start);
    return run_pipeline(run);
}

static void run_clear(struct run *run)
{
    mface_writer_discard(&run->writer);
    adopt_settings(run->session);
    mface_control_end(run->session->control);
    mface_preview_clear(run->session->preview);
    if (run->reader)
        mface_reader_close(&run->reader);
}

static enum mface_status check(const struct mface_job *job)
{
    MFACE_TRY(mface_output_check(job->input, job->output, job->overwrite));
    if (job->trace)
        MFACE_TRY(mface_output_check(job->input, job->trace, job->overwrite));
    return job->sidecar ? mface_output_check(job->input, job->sidecar, job->overwrite) : MFACE_OK;
}

static void describe(const struct run *run, struct mface_job_facts *facts)
{
    struct mface_reader_info info;
    const struct mface_dfm_info *model = mface_dfm_info(run->session->models.dfm);
    mface_reader_get_info(run->reader, &info);
    *facts = (struct mface_job_facts) {
        .w = info.w,
        .h = info.h,
        .fps = info.fps,
        .frames_total = info.n_frames,
        .model_w = model->w,
        .model_h = model->h,
    };
    snprintf(facts->model_precision, sizeof facts->model_precision, "%s", model->precision);
    snprintf(facts->model_sha256, sizeof facts->model_sha256, "%s", model->sha256);
    snprintf(facts->codec, sizeof facts->codec, "%s", info.codec);
    snprintf(facts->encoder, sizeof facts->encoder, "%s", mface_writer_encoder(run->writer));
    const char *format = mface_writer_pixel_format(run->writer);
    snprintf(facts->pixel_format, sizeof facts->pixel_format, "%s", format ? format : "");
}

enum mface_status mface_session_check(
    struct mface_session *session, const struct mface_job *job, struct mface_job_facts *facts)
{
    struct run run = { .session = session, .job = job, .check_only = true };
    enum mface_status status = check(job);
    if (status == MFACE_OK)
        status = open_reader(&run);
    if (status == MFACE_OK)
        status = open_writer(&run);
    if (status == MFACE_OK)
        describe(&run, facts);
    run_clear(&run);
    return status;
}

static enum mface_status write_sidecar(const struct run *run)
{
    const struct mface_report_model model = report_model(run->session);
    if (!run->job->sidecar || !run->has_output)
        return MFACE_OK;
    return mface_provenance_write_sidecar(run->job->sidecar, run->job->output, &model);
}

/* The last figures, with what only the end can tell. */
static void tell_end(const struct run *run, struct mface_stats *stats)
{
    collect(run, stats);
    if (run->reader)
        stats->frames_damaged = mface_reader_n_damaged(run->reader);
    if (run->job->progress)
        run->job->progress(run->job->user, stats, 1);
}

enum mface_status mface_session_run(
    struct mface_session *session, const struct mface_job *job, struct mface_stats *stats)
{
    struct mface_stats local;
    struct run run = { .session = session, .job = job };
    memset(&session->tally, 0, sizeof session->tally);
    adopt_settings(session);
    mface_job_start_init(&session->start, session->cache);
    if (session->disk)
        mface_disk_get_stats(session->disk, &session->disk_start);
    enum mface_status status = check(job);
    if (status == MFACE_OK)
        status = run_steps(&run);
    const enum mface_status written = write_sidecar(&run);
    status = written != MFACE_OK ? written : status;
    const enum mface_status traced = mface_trace_close(&run.trace);
    status = status != MFACE_OK ? status : traced;
    tell_end(&run, stats ? stats : &local);
    run_clear(&run);
    atomic_store(&session->cancel, false); // used up: the next job starts afresh
    return status;
}
