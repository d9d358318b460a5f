/* One job of a session: its input through the pipeline to its output, and its figures. */
#include "pipeline/job.h"

#include "base/cpu.h"
#include "base/log.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_INTERVAL_MS = 500 };

static void collect(const struct mface_run *run, struct mface_stats *stats)
{
    const struct mface_session *session = run->session;
    struct mface_control_state state;
    mface_stats_collect(&session->start, &session->tally, session->cache, stats);
    if (session->disk)
        mface_stats_collect_disk(&session->disk_start, session->disk, &stats->disk);
    stats->governor = session->governor.stats;
    stats->frames_total = run->frames_total;
    stats->predicted_fps = run->job->predicted_fps;
    stats->start_s = run->job->start_s;
    stats->end_s = run->job->end_s;
    mface_control_get_state(session->control, &state);
    stats->frames_in_flight = state.frames_let_in - stats->frames - stats->frames_dropped;
    stats->paused_s = state.paused_s;
    stats->settings_version = state.settings_version;
    if (session->settings.cache_size_bytes == 0)
        stats->cache.limit_bytes = 0; // turned off
}

static int64_t progress_interval_us(const struct mface_run *run)
{
    return 1000 *
           (int64_t)(run->job->interval_ms > 0 ? run->job->interval_ms : DEFAULT_INTERVAL_MS);
}

/* The thread that encodes also governs: while it is held up, no frame leaves and so none enters. */
static void tick(void *user)
{
    struct mface_run *run = user;
    struct mface_stats stats;
    const int64_t now_us = mface_time_us();
    mface_session_adopt_settings(run->session);
    mface_governor_tick(&run->session->governor, now_us);
    if (!run->job->progress || now_us - run->progress_us < progress_interval_us(run))
        return;
    run->progress_us = now_us;
    collect(run, &stats);
    run->job->progress(run->job->user, &stats, 0);
}

static enum mface_status begin_control(struct mface_run *run)
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

static bool is_live(const struct mface_run *run)
{
    return run->is_live && !run->has_stills;
}

static void wait_if_paused(void *user)
{
    struct mface_run *run = user;
    mface_control_wait(run->session->control, &run->session->cancel, is_live(run));
}

static struct mface_engine *enter(void *user, struct mface_frame *frame, void **token)
{
    struct mface_run *run = user;
    struct mface_engine *engine =
        mface_control_enter(run->session->control, mface_frame_index(frame));
    *token = mface_preview_begin(run->session->preview, frame);
    return engine;
}

static void leave(void *user, struct mface_frame *frame, void *token)
{
    struct mface_run *run = user;
    mface_preview_end(run->session->preview, token, frame);
    mface_control_leave(run->session->control, mface_frame_index(frame));
}

static void drop(void *user, struct mface_frame *frame)
{
    struct mface_run *run = user;
    mface_control_enter(run->session->control, mface_frame_index(frame));
    mface_control_leave(run->session->control, mface_frame_index(frame));
}

/* As many workers as `parallel` may come to want; live, where the newest frame cannot wait for the
 * one before it to leave, as many as it wants now. */
static int n_workers(const struct mface_run *run)
{
    struct mface_settings settings = run->session->settings;
    settings.parallel |= !is_live(run);
    return mface_settings_n_workers(&settings);
}

static enum mface_status run_pipeline(struct mface_run *run)
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
        .batch = is_live(run) ? 1 : mface_dfm_info(run->session->models.dfm)->batch,
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
    return mface_run_end_output(run, status, is_writable);
}

static enum mface_status run_steps(struct mface_run *run)
{
    MFACE_TRY(mface_run_open_reader(run));
    if (run->job->trace)
        MFACE_TRY(mface_trace_open(run->job->trace, &run->trace));
    MFACE_TRY(begin_control(run));
    MFACE_TRY(mface_run_open_writer(run));
    mface_job_start_mark_open(&run->session->start);
    return run_pipeline(run);
}

static void run_clear(struct mface_run *run)
{
    mface_writer_discard(&run->writer);
    mface_session_adopt_settings(run->session);
    mface_control_end(run->session->control);
    mface_preview_clear(run->session->preview);
    if (run->reader)
        mface_reader_close(&run->reader);
}

static void describe(const struct mface_run *run, struct mface_job_facts *facts)
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
    struct mface_run run = { .session = session, .job = job, .check_only = true };
    enum mface_status status = mface_run_check_paths(&run);
    if (status == MFACE_OK)
        status = mface_run_open_reader(&run);
    if (status == MFACE_OK)
        status = mface_run_open_writer(&run);
    if (status == MFACE_OK)
        describe(&run, facts);
    run_clear(&run);
    return status;
}

/* The last figures, with what only the end can tell. */
static void tell_end(const struct mface_run *run, struct mface_stats *stats)
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
    struct mface_run run = { .session = session, .job = job };
    mface_tally_reset(&session->tally);
    mface_session_adopt_settings(session);
    mface_job_start_init(&session->start, session->cache);
    if (session->disk)
        mface_disk_get_stats(session->disk, &session->disk_start);
    enum mface_status status = mface_run_check_paths(&run);
    if (status == MFACE_OK)
        status = run_steps(&run);
    const enum mface_status written = mface_run_write_sidecar(&run);
    status = written != MFACE_OK ? written : status;
    const enum mface_status traced = mface_trace_close(&run.trace);
    status = status != MFACE_OK ? status : traced;
    tell_end(&run, stats ? stats : &local);
    run_clear(&run);
    atomic_store(&session->cancel, false); // used up: the next job starts afresh
    return status;
}
